"""A compressed-air net that leaks at night."""
