"""Files that are whole and on disk before anybody is told of them."""

import os
from pathlib import Path


def write_durably(file: Path, content: bytes) -> None:
    """Put the content in the file's place, all of it or nothing, whatever falls meanwhile; for its owner alone.

    Its folder is made when there is none.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    put_in_place(fresh, file)


def put_in_place(fresh: Path, file: Path) -> None:
    """Give a file that is on disk its name, and have that on disk too."""
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
