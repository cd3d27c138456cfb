"""Looks for new episodes and languages of monitored series: what docs/monitoring.md describes."""
