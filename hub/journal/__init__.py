"""The durable, ordered log of messages."""
