"""Databases that are read: their tables as data, and their rows at one instant."""
