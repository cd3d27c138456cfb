"""A feed of what arrived, for feed readers: RSS and Atom, opened by a token of its own. docs/integrations/feeds.md."""
