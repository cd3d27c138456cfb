"""Webhooks: whoever wants to know is sent what happens, signed, tried for a day. docs/integrations/webhooks.md."""
