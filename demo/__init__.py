"""The main job on real input: Postgres, a tap from PyPI, and `target-dolt` on its default."""
