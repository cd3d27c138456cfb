"""What the operator may change while it runs, and its backups."""
