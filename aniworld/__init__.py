"""The project package: settings, URLs, the API root, the pages and the small apps below everything."""

__version__ = "0.1.0"
