"""The bundled demo catalogue: the aniworld adapter, pointed at the demo site."""

from __future__ import annotations

from providers import demo
from providers.catalogues.aniworld import AniworldCatalogue


class DemoCatalogue(AniworldCatalogue):
    """Invented series on loopback."""

    name = "demo"
    display_name = "Demo"
    enabled_by_default = True

    @classmethod
    def usual_address(cls) -> str:
        """The demo site of this process tree."""
        return demo.address()
