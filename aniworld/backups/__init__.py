"""Backups of the whole database: made while everything runs, proved by a trial restore."""
