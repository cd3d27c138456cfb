"""Other systems: media managers, media servers, webhooks, what people move in from. One Django app for each of them.

Each is off until it is configured, and none disturbs the work when the other side fails. They know the queue and the
library and call the same verbs as pages and API do; nothing below knows them. docs/integrations.md.
"""
