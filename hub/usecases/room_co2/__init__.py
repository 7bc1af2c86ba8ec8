"""The air of a meeting room."""
