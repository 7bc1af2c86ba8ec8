"""The API's answers, one file a subject. Which address leads where stands in hub/web/routes.py."""
