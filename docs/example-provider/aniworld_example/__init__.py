"""An invented catalogue and its host for Aniworld."""
