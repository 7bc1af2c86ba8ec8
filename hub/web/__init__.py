"""The page, its API and its security."""
