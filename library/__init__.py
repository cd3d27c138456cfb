"""Series, episodes, names, files: what the library holds and how it is loaded."""
