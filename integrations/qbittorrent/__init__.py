"""A download client as Sonarr drives one (qBittorrent's Web API) on top of the queue. docs/integrations/sonarr.md."""
