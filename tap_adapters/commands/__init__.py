"""The `dolt-sync` command: one file a command, or a few that belong together."""
