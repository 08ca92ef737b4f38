"""What no page and no document of the demonstration says, whoever opens it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

FORMER = tomllib.loads((Path(__file__).parents[1] / "web" / "former_words.toml").read_text())["word"]

#: Words that texts for people do not use any more; `beside` names what the walk does not open.
GONE = re.compile("|".join(f"(?:{word['gone']})" for word in FORMER), re.IGNORECASE)

#: What stands where a text was not filled in, not translated, or not yet known: it is neither a question nor law.
UNFILLED = re.compile(
    r"%\(\w+\)|\{\{|\{%|\bNone\b|\bTODO\b|\?\?|…\?|\(tóm tắt\)|chưa đối chiếu\)"
    r"|\b(?:stage|status|result|role|position|flag|refused|invalid|provenance)\.[a-z]+-?[a-z]*\b(?!\.)"
)

#: Characters of a text shown on each side of what was found.
AROUND = 50


def amiss(text: str) -> str:
    """What should not stand in a text for people, with what stands around it; "" when all is well."""
    for pattern in (GONE, UNFILLED):
        if found := pattern.search(text):
            return f"{found[0]!r} in … {text[max(0, found.start() - AROUND) : found.end() + AROUND]} …"
    return ""


def text_of(pdf: bytes) -> str:
    """What a PDF says, each run of spaces as one."""
    said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(said.stdout.decode().split())
