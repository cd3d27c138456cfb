"""What happens by itself, as an operator sees and sets it: over the API, and for the dashboard."""
