"""Management commands of the outside world."""
