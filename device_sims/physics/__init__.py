"""Pure models: equations, units, sources; they know no clock, no random source, no network."""
