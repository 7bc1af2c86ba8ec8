"""A first use case, written from templates: what `matinales usecases new` leaves behind."""
