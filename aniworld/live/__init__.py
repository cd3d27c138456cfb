"""Live: the event log, the socket that follows it, and the progress of operations."""
