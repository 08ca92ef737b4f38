"""Stylesheet, glyphs and scripts, each served under a name that holds its own hash and may be kept for ever."""

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from services.web.urls import STATIC

FOLDER = Path(__file__).parent / "static"
#: What is served; anything else in the folder (licences, hash lists) stays here.
SERVED = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    """One file as it travels."""

    media_type: str
    plain: bytes
    gzipped: bytes


class Assets:
    """All static files in memory (about 100 kB), by their fingerprinted name."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._names: dict[str, str] = {}
        self._files: dict[str, Asset] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix in SERVED:
                self._keep(path.relative_to(folder), path.read_bytes())

    def url(self, name: str) -> str:
        """The address of a file; KeyError for one that does not exist."""
        return f"{STATIC}/{self._names[name]}"

    def find(self, name: str) -> Asset | None:
        """The file of this fingerprinted name."""
        return self._files.get(name)

    def _keep(self, path: Path, content: bytes) -> None:
        mark = hashlib.sha256(content).hexdigest()[:12]
        name = path.with_name(f"{path.stem}.{mark}{path.suffix}").as_posix()
        self._names[path.as_posix()] = name
        self._files[name] = Asset(SERVED[path.suffix], content, gzip.compress(content, 9, mtime=0))
