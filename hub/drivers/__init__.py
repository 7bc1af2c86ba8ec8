"""Device families: one file each, found without being listed."""
