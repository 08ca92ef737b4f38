"""Passwords of PDFs: a process of its own says whether one is needed, for the file may come from anybody.

Most encrypted PDFs open by no password and only say what may be done with them: everybody reads those.

Run as a program (`python -m infra.pdf.passwords FILE`) this module is that process. It has bounds of memory and time.
"""

import resource
import subprocess
import sys
from mmap import ACCESS_READ, mmap
from pathlib import Path

from infra.platform import programs

#: Bytes of memory, and seconds, for one file.
MEMORY = 512 * 1024**2
PATIENCE = 10

#: Stands, never packed itself, in every PDF that is encrypted.
ENCRYPTED = b"/Encrypt"

#: What the process answers by when a password is needed.
LOCKED = 3


def asks_password(file: Path) -> bool:
    """Whether nobody can read this PDF without a password. One that is too damaged to tell asks for none."""
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
        if content.find(ENCRYPTED) < 0:
            return False
    try:
        done = subprocess.run(
            [sys.executable, "-m", programs.PASSWORDS, str(file.absolute())],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == LOCKED


def main(file: Path) -> int:
    """Try to open the file; how the process ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pikepdf  # only here: it is large, and parses what others made

    try:
        pikepdf.open(file).close()
    except pikepdf.PasswordError:
        return LOCKED
    except Exception:  # noqa: BLE001 - whatever the file makes of the library
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
