"""A SCHEMA message becomes a plan, and a record a row by it."""
