"""Tables as they are in the database, and the tables of this tool."""
