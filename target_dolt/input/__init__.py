"""Bytes to messages: lines of stdin, the files of BATCH, the SDK's stream maps."""
