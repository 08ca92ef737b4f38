"""Folders of files that people hand in or take home: read within a bound, handed out whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from infra.ledger.text import Malformed
from infra.platform.config import Misconfigured


class Occupied(Misconfigured):
    """Something is there already; the text says where."""


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write into, which takes its name once the block has ended well. Raises Occupied."""
    out = out.absolute()
    _must_be_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        _must_be_free(out)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_into(folder: Path, name: str, content: bytes) -> None:
    """A file of the folder; `name` may have folders of its own."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def read_limited(file: Path, limit: int) -> bytes:
    """The content of a file of at most so many bytes. Raises Malformed, which names the file."""
    try:
        with file.open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError as reason:
        raise Malformed(f"{file}: {reason.strerror}") from None
    if len(content) > limit:
        raise Malformed(f"{file}: more than {limit} bytes")
    return content


def _must_be_free(out: Path) -> None:
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise Occupied(f"{out} is there already")
