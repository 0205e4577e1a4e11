"""Streams on their way: buffers, load methods, versions, bad records."""
