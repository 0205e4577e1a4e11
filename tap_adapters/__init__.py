"""The source side: what is read from databases, and carried back into them."""
