"""Webhooks: whoever wants to know is sent what happens, signed, and tried again for a day. docs/integrations/webhooks.md."""
