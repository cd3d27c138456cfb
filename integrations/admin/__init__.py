"""What the admin's pages of several integrations have in common."""
