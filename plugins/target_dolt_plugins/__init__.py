"""The built-in plugins: dialects and backends, one file each, by target_dolt's public API."""
