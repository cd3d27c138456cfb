"""What media servers want to know of a series: from TMDB, or else from the catalogue, as NFO files and pictures."""
