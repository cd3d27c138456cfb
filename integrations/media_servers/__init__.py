"""Media servers: Jellyfin, Emby, Plex and Kodi are told at once in which folder something came or went.

docs/integrations/media-servers.md.
"""
