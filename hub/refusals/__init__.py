"""Why a message was not understood, in people's words: reason, what was expected, the nearest family, the remedy."""
