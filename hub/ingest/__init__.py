"""Edges that produce Messages."""
