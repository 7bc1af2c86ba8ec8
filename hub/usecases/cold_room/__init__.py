"""A pastry shop's cold room."""
