"""Where readings and state are kept."""
