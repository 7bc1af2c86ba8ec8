"""What makes a workshop of a dashboard: sessions, and what people do in them."""
