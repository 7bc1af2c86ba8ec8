"""State → vendor payload, one file a device kind."""
