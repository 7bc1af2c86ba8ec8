"""Use cases: one folder each, found without being listed."""
