"""How finley serves HTTP."""
