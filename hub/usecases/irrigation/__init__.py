"""A field that dries, and is watered when the roots say so."""
