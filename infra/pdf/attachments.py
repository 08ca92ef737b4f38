"""Attachments of a PDF, read in a process of its own: the file may come from anybody.

It is read from the first revision, whatever was added to it: no update can put other files in the place of these.

Run as a program (`python -m infra.pdf.attachments FILE LIMIT`) this module is that process. It has bounds of memory and
time, and what a stream unpacks to is bounded before it is unpacked.
"""

import re
import resource
import subprocess
import sys
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec

from infra.ledger.text import Malformed
from infra.platform import programs

#: Bytes of memory, and seconds, for one file.
MEMORY = 1_024**3
PATIENCE = 60

#: Files that may be attached, far above what any dossier of ours has.
MOST = 100_000

#: How a PDF of ours ends, and any that is signed goes on behind; the number is where its table of objects stands.
END = re.compile(rb"\nstartxref\n(\d{1,10})\n%%EOF\n")


def first_revision(pdf: bytes) -> int:
    """How many bytes a PDF had before anything was added to it; all of them where nothing was."""
    end = END.search(pdf)
    return end.end() if end else len(pdf)


def read_attachments(file: Path, limit: int) -> dict[str, bytes]:
    """The attached files by name, of at most `limit` bytes in all. Raises Malformed."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", programs.ATTACHMENTS, str(file.absolute()), str(limit)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        found = msgspec.msgpack.decode(done.stdout, type=dict[str, bytes] | str)
    except subprocess.TimeoutExpired:
        raise Malformed(f"{file.name}: it takes too long to read this PDF") from None
    except msgspec.DecodeError:
        raise Malformed(f"{file.name}: this PDF cannot be read") from None
    if isinstance(found, str):
        raise Malformed(f"{file.name}: {found}")
    return found


def main(file: Path, limit: int) -> None:
    """Write the attachments, or why there are none, to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer: dict[str, bytes] | str = dict(attached(file, limit))
    except (Exception, RecursionError, MemoryError) as reason:  # noqa: BLE001 - whatever the file makes of the library
        answer = f"not a PDF with attachments that we make ({type(reason).__name__}: {str(reason)[:200]})"
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def attached(file: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    """Each attached file, written as our printer writes it. Raises whatever is wrong."""
    import pikepdf  # only here: it is large, and parses what others made

    whole = file.read_bytes()
    with pikepdf.open(BytesIO(whole[: first_revision(whole)])) as pdf:
        names = pdf.Root.Names.EmbeddedFiles.Names
        if len(names) > 2 * MOST or len(names) % 2:
            raise Malformed("too many attachments")
        seen = set()
        for place in range(1, len(names), 2):
            specification = names[place]
            stream = specification.EF.F
            name = str(specification.UF)
            if name in seen:
                raise Malformed(f"two attachments of one name, {name[:80]!r}")
            seen.add(name)
            content = _unpacked(stream, limit)
            limit -= len(content)
            yield name, content


def _unpacked(stream: object, limit: int) -> bytes:
    """The bytes of a stream, as long as they are no more than that."""
    import pikepdf

    if not isinstance(stream, pikepdf.Stream) or "/DecodeParms" in stream:
        raise Malformed("an attachment that is packed in a way of its own")
    raw: bytes = stream.read_raw_bytes()
    packing = stream.get("/Filter")
    if packing is None:
        content = raw
    elif packing == pikepdf.Name.FlateDecode:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(raw, limit + 1)
        if not unpacker.eof or unpacker.unused_data:
            raise Malformed("an attachment that is larger than it may be, or is cut off")
    else:
        raise Malformed("an attachment that is packed in a way of its own")
    if len(content) > limit:
        raise Malformed("attachments that are larger than they may be")
    return content


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
