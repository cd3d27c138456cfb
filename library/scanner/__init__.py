"""The scan: walks the library folder, compares it with what is known, and writes down the difference."""
