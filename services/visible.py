"""Signs that nobody sees, or that make a reader see something else, written out: "[U+202E]".

What people typed goes to terminals, workbooks and printed pages, each of which obeys some signs and cannot show others.
"""

import re

#: What no reader should obey: controls but tab and line end, what turns the direction of text, halves of a sign, and
#: what Unicode keeps for programs.
UNREADABLE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)

#: What a terminal obeys or hides besides: everything that ends a line, and every mark that has no width.
UNSEEN = re.compile(
    "[\t\n\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028\u2029\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f]"
)

LINE_END = re.compile("\r\n?")


def name_of(sign: str) -> str:
    """How a sign is named that is not shown: "U+202E"."""
    return f"U+{ord(sign):04X}"


def readable(text: str) -> str:
    """The text with its lines, and every sign named that no reader should obey."""
    return UNREADABLE.sub(_named, LINE_END.sub("\n", text))


def shown(text: object) -> str:
    """The text on one line for a terminal: nothing in it moves the cursor, ends the line, turns round or hides."""
    return UNSEEN.sub(_named, UNREADABLE.sub(_named, str(text)))


def columns(*texts: object) -> str:
    """These texts on one line for a terminal, with tabs between them for programs."""
    return "\t".join(map(shown, texts))


def _named(found: re.Match[str]) -> str:
    return f"[{name_of(found[0])}]"
