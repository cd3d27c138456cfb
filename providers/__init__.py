"""The outside world: catalogues and hosts behind two small contracts."""
