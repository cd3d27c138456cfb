"""Media by FFmpeg's libraries: reading it, and putting segments together. Nothing here knows Django or the database.

So it can also run in a process of its own that starts within a tenth of a second.
"""
