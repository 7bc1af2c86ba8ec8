"""A baker's flour silo."""
