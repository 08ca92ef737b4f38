"""Formats the templates of pages: at most 120 columns, indented by elements and blocks, and the same output.

A line is broken only where that changes nothing that is sent but a space into the end of a line: at white space that a
browser collapses, between attributes, and beside a tag of Jinja, whose `-` then takes the break away again. Whether the
result means the same is not left to this: both are parsed by the environment that renders them, and compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from jinja2 import Environment, nodes

from services.indents import BEFORE_BLOCK

WIDTH = 120
INDENT = "  "

#: Below this many characters a string stays whole.
WHOLE = 60

_STRING = r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'"
_TAG = re.compile(
    rf"(?P<comment>\{{#.*?#\}})"
    rf"|\{{%(?P<before_block>-?)(?P<block>(?:{_STRING}|[^\"'])*?)(?P<after_block>-?)%\}}"
    rf"|\{{\{{(?P<before>-?)(?P<value>(?:{_STRING}|[^\"'])*?)(?P<after>-?)\}}\}}",
    re.DOTALL,
)

_HTML = re.compile(r"<!--.*?-->|</?[a-zA-Z][^\s/>]*|/?>|[\"']|\s+|[^\s<>\"'/]+|.", re.DOTALL)
_BESIDE = re.compile(rf"{_STRING}|(?<=,) | (?=(?:if|else|and|or|~) )")

#: Kinds of tags after which Jinja drops the end of a line.
TRIMMED = {"block", "comment"}

#: Statements of Jinja that have an end of their own, and those that stand between their parts.
OPENING = {"if", "for", "block", "macro", "call", "filter", "with", "autoescape"}
MIDDLE = {"else", "elif"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
VERBATIM = {"pre", "textarea", "script", "style"}


class Difference(Exception):
    """The formatted template would not mean the same."""


@dataclass
class Atom:
    """A piece that is never broken but inside a tag of Jinja, and what stands before it.

    `space`: white space that is sent; `free`: a break before it can be taken away; `breaks`: how many line ends stood
    there; `depth`: how deep the place before it lies, `own`: how deep the piece itself.
    """

    text: str
    kind: str  # text, block, value, comment
    space: bool = False
    free: bool = False
    breaks: int = 0
    depth: int = 0
    own: int = 0


class Piece(NamedTuple):
    """A part of the source with the white space that Jinja leaves beside it."""

    kind: str
    text: str
    source: str = ""


def formatted(source: str, environment: Environment) -> str:
    """The template in the format of the house. Raises Difference."""
    text = "\n".join(_lines(_atoms(_pieces(source)))) + "\n"
    if not same(source, text, environment):
        raise Difference
    return text


def same(one: str, other: str, environment: Environment) -> bool:
    """Whether two templates mean the same, but for how much white space stands where there is some."""
    return _collapsed(environment.parse(one)) == _collapsed(environment.parse(other))


def _collapsed(template: nodes.Template) -> nodes.Template:
    for data in template.find_all(nodes.TemplateData):
        data.data = re.sub(r"\s+", " ", data.data)
    for output in template.find_all(nodes.Output):
        joined: list[nodes.Expr] = []
        for one in output.nodes:
            if isinstance(one, nodes.TemplateData) and joined and isinstance(joined[-1], nodes.TemplateData):
                joined[-1].data = re.sub(r"\s+", " ", joined[-1].data + one.data)
            else:
                joined.append(one)
        output.nodes = joined
    return template


# Reading ----------------------------------------------------------------------------------------------


def _pieces(source: str) -> Iterator[Piece]:
    """Texts and tags; each text as Jinja leaves it, beside how it stood in the source."""
    source = re.sub(r"\n +", "\n", source)
    tags = list(_TAG.finditer(source))
    ends = [0, *(tag.end() for tag in tags)]
    starts = [*(tag.start() for tag in tags), len(source)]
    for number, (begin, end) in enumerate(zip(ends, starts, strict=True)):
        raw = source[begin:end]
        before = tags[number - 1] if number else None
        after = tags[number] if number < len(tags) else None
        yield Piece("text", _left(raw, before, after, first=number == 0), raw)
        if after is not None:
            kind = "comment" if after["comment"] else "block" if after["block"] is not None else "value"
            yield Piece(kind, after["comment"] or (after["block"] if kind == "block" else after["value"]))


def _left(raw: str, before: re.Match[str] | None, after: re.Match[str] | None, *, first: bool) -> str:
    """What Jinja leaves of a text between two tags: trim_blocks, lstrip_blocks, and the signs of the tags."""
    text = raw
    if before is not None:
        if before["after_block"] or before["after"]:
            text = text.lstrip()
        elif before["value"] is None:
            text = text.removeprefix("\n")
    if after is None:
        return text.removesuffix("\n")
    if after["before_block"] or after["before"]:
        return text.rstrip()
    if after["value"] is None:
        head, end, last = text.rpartition("\n")
        if not last.strip() and (end or first or (raw != text and not text.strip())):
            return head + end
    return text


@dataclass
class _Place:
    """Where in the HTML a text is: in a tag, in the value of an attribute, in an element that is kept as it is."""

    tag: str = ""
    quote: str = ""
    verbatim: str = ""
    depth: int = 0
    saved: list[int] = field(default_factory=list)

    @property
    def collapses(self) -> bool:
        return not (self.quote or (self.verbatim and not self.tag))


def _atoms(pieces: Iterator[Piece]) -> list[Atom]:
    place = _Place()
    atoms: list[Atom] = []
    pending = Atom("", "text")
    before = ""  # the kind of the piece before
    for piece in pieces:
        if piece.kind == "text":
            pending.breaks = max(pending.breaks, _breaks_at_start(piece))
            if piece.text:
                pending.free = bool(before)
            spaces = ""
            for token in _HTML.findall(piece.text):
                if token.isspace() and place.collapses:
                    spaces = token
                    pending.space, pending.breaks = True, max(pending.breaks, token.count("\n"))
                    continue
                if atoms and place.collapses and spaces in {"", "\n"} and _between(atoms[-1], token):
                    pending.space, pending.free = False, True
                spaces = ""
                joined = atoms and atoms[-1].kind == "text" and not pending.space and not pending.free
                depth, own = _walk(token, place)
                if joined:
                    atoms[-1].text += token
                else:
                    atoms.append(Atom(token, "text", pending.space, pending.free, pending.breaks, depth, own))
                pending = Atom("", "text")
            pending.breaks = max(pending.breaks, _breaks_at_end(piece))
        else:
            depth, own = _step(piece, place)
            if pending.space and not place.collapses:
                raise Difference
            atoms.append(
                Atom(_spelled(piece), piece.kind, pending.space, not pending.space, pending.breaks, depth, own)
            )
            pending = Atom("", "text")
        before = piece.kind if piece.kind != "text" or not piece.text else ""
    return atoms


def _between(before: Atom, token: str) -> bool:
    """Whether a line end between these is dropped when the template is loaded."""
    return BEFORE_BLOCK.search(f"{before.text}\n{token}") is not None


def _breaks_at_start(piece: Piece) -> int:
    return piece.source[: len(piece.source) - len(piece.source.lstrip())].count("\n")


def _breaks_at_end(piece: Piece) -> int:
    return piece.source[len(piece.source.rstrip()) :].count("\n")


def _walk(token: str, place: _Place) -> tuple[int, int]:
    """How deep the place before this token lies, and the token; the place moves on."""
    depth = own = place.depth
    if place.quote:
        if token == place.quote:
            place.quote = ""
    elif place.tag:
        if token in {'"', "'"}:
            place.quote = token
        elif token in {">", "/>"}:
            name = place.tag
            place.tag = ""
            place.depth -= 1
            if name not in {"/", *VOID} and token == ">":
                place.depth += 1
                place.verbatim = name if name in VERBATIM else ""
    elif token.startswith("</"):
        name = token[2:].lower()
        if not place.verbatim or name == place.verbatim:
            place.verbatim = ""
            place.depth = max(place.depth - 1, 0)
            own = place.depth
            place.tag, place.depth = "/", place.depth + 1
    elif len(token) > 1 and token[0] == "<" and token[1].isalpha() and not place.verbatim:
        place.tag, place.depth = token[1:].lower(), place.depth + 1
    return depth, own


def _step(piece: Piece, place: _Place) -> tuple[int, int]:
    """The same for a tag of Jinja: branches begin where the block began, and the first says where it ends."""
    depth = place.depth
    word = piece.text.split()[0] if piece.kind == "block" and piece.text.split() else ""
    if word in OPENING or (word == "set" and "=" not in piece.text):
        place.saved.append(place.depth)
        place.depth += 1
        return depth, depth
    if word in MIDDLE and place.saved:
        own, place.depth = place.saved[-1], place.saved[-1] + 1
        return own + 1, own
    if word.startswith("end") and place.saved:
        own = place.saved.pop()
        place.depth = max(place.depth - 1, 0) if word == "endif" else own
        return own + 1, own
    return depth, depth


def _spelled(piece: Piece) -> str:
    if piece.kind == "comment":
        return piece.text
    inner = _joined(piece.text)
    return f"{{% {inner} %}}" if piece.kind == "block" else f"{{{{ {inner} }}}}"


def _joined(text: str) -> str:
    """What a tag says, with one space where there is some. Strings that stand together are one."""
    tokens: list[str] = []
    for token in re.findall(rf"{_STRING}|\s+|[^\s\"']+", text):
        if (
            len(tokens) > 1
            and token[0] in "\"'"
            and tokens[-1].isspace()
            and tokens[-2][0] == tokens[-2][-1] == token[0]
        ):
            tokens[-2:] = [tokens[-2][:-1] + token[1:]]
        else:
            tokens.append(token)
    return "".join(" " if token.isspace() else token for token in tokens).strip()


# Writing ----------------------------------------------------------------------------------------------


def _lines(atoms: list[Atom]) -> Iterator[str]:
    """The lines that stood in the source, each broken further where it is too long."""
    lines: list[list[Atom]] = []
    line: list[Atom] = []
    for atom in atoms:
        if line and atom.breaks and _may_break(line[-1], atom):
            lines.extend(_broken(line))
            line = []
        line.append(atom)
    if line:
        lines.extend(_broken(line))
    for number, atoms_of_line in enumerate(lines):
        before = lines[number - 1][-1] if number else None
        after = lines[number + 1][0] if number + 1 < len(lines) else None
        if before is not None and atoms_of_line[0].space and (before.kind in TRIMMED or atoms_of_line[0].breaks > 1):
            yield ""
        yield from _inside(_spelled_line(atoms_of_line, before, after), atoms_of_line[0].own)


def _may_break(before: Atom, atom: Atom) -> bool:
    """Whether a line may end between these two; a space after a tag that drops the end of its line is an empty line."""
    if atom.space:
        return atom.breaks > 1 or not (before.kind in TRIMMED or _between(before, atom.text))
    return atom.free and not (before.text[-1].isspace() or atom.text[0].isspace())  # of the value of an attribute


def _broken(atoms: list[Atom]) -> list[list[Atom]]:
    """One line where it fits; else broken at all of its outermost places, and filled again with what goes together."""
    places = [number for number in range(1, len(atoms)) if _may_break(atoms[number - 1], atoms[number])]
    if not places or _width(atoms) <= WIDTH:
        return [atoms]
    outermost = min(atoms[number].depth for number in places)
    cuts = [0, *(number for number in places if atoms[number].depth == outermost), len(atoms)]
    parts = [atoms[begin:end] for begin, end in pairwise(cuts)]
    lines = [parts[0]]
    for part in parts[1:]:
        statement = lines[-1][-1].kind == "block" or part[0].kind == "block"
        if statement or _width([*lines[-1], *part]) > WIDTH:
            lines.append(part)
        else:
            lines[-1] = [*lines[-1], *part]
    return [line for part in lines for line in (_broken(part) if len(part) < len(atoms) else [part])]


def _width(atoms: list[Atom]) -> int:
    """How long the line is, with the two signs that it may get at its ends."""
    return len(INDENT) * atoms[0].own + sum(len(atom.text) + atom.space for atom in atoms) - atoms[0].space + 2


def _spelled_line(atoms: list[Atom], before: Atom | None, after: Atom | None) -> str:
    """The line; a tag takes away the break beside it where none is sent and Jinja does not drop it by itself."""
    text = INDENT * atoms[0].own + atoms[0].text
    text += "".join(f" {atom.text}" if atom.space else atom.text for atom in atoms[1:])
    first, last = atoms[0], atoms[-1]
    if before is not None and not first.space and before.kind not in TRIMMED and first.kind != "text":
        text = text.replace(first.text, f"{first.text[:2]}-{first.text[2:]}", 1)
    if after is not None and not after.space and last.kind == "value" and after.kind == "text":
        text = f"{text[:-2]}-{text[-2:]}"
    return text


class Cut(NamedTuple):
    """Where a line may end inside a tag of Jinja; with the sign of the string that is ended and begun again there."""

    at: int
    quote: str = ""


def _inside(line: str, depth: int) -> Iterator[str]:
    """The line, broken inside its tags of Jinja where it is still too long: a long sentence becomes several strings."""
    cuts = list(_cuts(line))
    begin, lead = 0, ""
    while len(lead) + len(line) - begin > WIDTH:
        ahead = [cut for cut in cuts if cut.at > begin + 1]
        fitting = [cut for cut in ahead if len(lead) + cut.at - begin + len(cut.quote) <= WIDTH]
        outside = [cut for cut in fitting if not cut.quote]
        if not ahead:
            break
        cut = outside[-1] if outside else fitting[-1] if fitting else ahead[0]
        part = lead + line[begin : cut.at]
        yield part + cut.quote if cut.quote else part.rstrip()
        begin, lead = cut.at, INDENT * (depth + 2) + cut.quote
    yield lead + line[begin:]


def _cuts(line: str) -> Iterator[Cut]:
    """After a comma, before an operator, and between the words of a long string."""
    for tag in _TAG.finditer(line):
        for found in _BESIDE.finditer(line, tag.start() + 3, tag.end() - 3) if not tag["comment"] else ():
            if found[0] == " ":
                yield Cut(found.end())
            elif len(found[0]) > WHOLE:
                yield from (
                    Cut(found.start() + space.end(), found[0][0]) for space in re.finditer(r"(?<=\S) (?=\S)", found[0])
                )
