"""A premises whose water never stops."""
