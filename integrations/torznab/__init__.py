"""An indexer as Sonarr and Prowlarr ask one (Torznab): what the catalogues have. docs/integrations/sonarr.md."""
