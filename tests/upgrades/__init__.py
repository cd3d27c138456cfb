"""Databases and files of earlier versions are brought up to this one."""
