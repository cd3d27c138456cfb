"""Files of this machine that the catalogue of local files lists, and no others."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from providers.catalogues.local_files import LocalFiles, inside
from providers.catalogues.numbering import is_video
from providers.contracts import Host, Stream, StreamKind
from providers.exceptions import AddressRefused, NotConfigured, NotFound


class LocalFile(Host):
    """The link is the file, which has to lie below the catalogue's folder whoever names it."""

    name, display_name = "local-file", "Local file"
    aliases = ("local-file",)
    is_local = True
    address_of = LocalFiles.name

    def resolve(self, link: str) -> Stream:
        """The file, by its real path."""
        if not self.address:
            raise NotConfigured(f"{self.display_name} has no folder yet.")
        catalogue = LocalFiles(self.address, self.client)
        segments = catalogue.segments_of(link)
        if segments is None or not segments or not is_video(segments[-1]):
            raise AddressRefused("This is no video of the local folder.")
        file = inside(catalogue.folder, segments)
        if not file.is_file():
            raise NotFound(f"{segments[-1]} is not in the local folder.")
        return Stream(file.as_uri(), StreamKind.LOCAL, self.name)

    def check(self) -> None:
        """Looks whether the folder is there. Raises `NotConfigured` without one."""
        if not self.address:
            raise NotConfigured(f"{self.display_name} has no folder yet.")
        LocalFiles(self.address, self.client).check()


def path_of(url: str) -> Path:
    """The file behind the address of a stream that this host resolved."""
    return Path(unquote(urlsplit(url).path))
