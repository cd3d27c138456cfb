"""Who may do what: users, tokens, API keys, throttling, preferences."""
