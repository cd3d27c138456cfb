"""The bundled catalogues."""
