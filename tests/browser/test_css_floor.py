"""The style sheet stays within what Chromium 109, the last for Windows 7, understands."""

import re
from pathlib import Path

import pytest

SHEET = Path(__file__).parents[2] / "services" / "web" / "static" / "app.css"
#: What came after Chromium 109, by how it is written.
LATER = {
    "oklch, lab and their like (111)": r"\b(ok)?l(ch|ab)\(|\bcolor\(",
    "color-mix (111)": r"color-mix\(",
    "relative colours (119)": r"\b(rgba?|hsla?)\(from\b",
    "light-dark (123)": r"light-dark\(",
    "text-wrap balance, pretty (114)": r"text-wrap\s*:",
    "popover (114)": r":popover-open|\[popover",
    "anchor positioning (125)": r"anchor-name\s*:|position-anchor|anchor\(",
    "subgrid (117)": r"subgrid",
    "view transitions (111)": r"view-transition|::view-",
    "@scope (118)": r"@scope\b",
    "@starting-style (117)": r"@starting-style\b",
    "field-sizing (123)": r"field-sizing",
    "style queries (111)": r"@container[^{]*style\(",
    "scroll-driven animations (115)": r"animation-timeline|scroll-timeline",
    "nth-child of selector (111)": r":nth-(last-)?child\([^)]*\bof\b",
    "lh units (109 has none of rlh)": r"\d(rlh|rcap|rch|rex|ric)\b",
    ":user-valid (119)": r":user-(in)?valid",
    "trigonometry (111)": r"\b(sin|cos|tan|atan2)\(",
}


def without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


def nested(css: str) -> list[str]:
    """Style rules inside style rules; rules inside @media, @layer and their like are none."""
    found: list[str] = []
    open_rules: list[str] = []
    start = 0
    for place in re.finditer(r"[{};]", css):
        if place[0] == "{":
            head = css[start : place.start()].strip()
            if not head.startswith("@") and any(not outer.startswith("@") for outer in open_rules):
                found.append(head)
            open_rules.append(head)
        elif place[0] == "}":
            open_rules.pop()
        start = place.end()
    return found


def test_the_style_sheet_nests_no_rules():
    assert nested("@layer a { @media print { p { color: red } } p { b { color: red } } }") == ["b"]

    assert nested(without_comments(SHEET.read_text())) == []


@pytest.mark.parametrize("later", LATER)
def test_the_style_sheet_uses_nothing_later_than_chromium_109(later: str):
    assert re.search(LATER[later], without_comments(SHEET.read_text())) is None


def test_has_only_refines_what_is_there_without_it():
    """Chromium knows :has since 105; what hides or shows content must not hang on it for older forks."""
    rules = re.findall(r"([^{}]*:has\([^{}]*)\{([^}]*)\}", without_comments(SHEET.read_text()))

    hiding = [head.strip() for head, body in rules if re.search(r"display\s*:\s*none|visibility|clip", body)]

    assert hiding == []
