"""The bundled streaming hosts."""
