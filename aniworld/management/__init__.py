"""The commands of the project, and their common base."""
