"""Where the values of a rulebook were read, in words: the kinds of source that people choose among, and one source."""

from __future__ import annotations

from dataclasses import replace

from domain.rulebook import Provenance, Source, proved
from domain.rulebook_draft import ValueSource
from infra.reference.rulebook_values import RulebookChange, RulebookValue, Tree, values_of, with_changes
from services.i18n import Words

#: How a value may be said to be known, on the page and in files: whoever enters one chooses among these.
KNOWN = (Provenance.SOURCED, Provenance.REPORTED, Provenance.RECALLED)

#: States of the values that have a provenance: each value is in one of them (`value-state.*`).
STATES = ("sourced", "reported", "unsourced")
#: What a list may be narrowed to besides: what is not sourced (`Rulebook.unverified`), and what is being changed.
UNVERIFIED, CHANGED = "unverified", "changed"
LISTED = (STATES[0], UNVERIFIED, *STATES[1:], CHANGED)


def state_of(provenance: Provenance | None) -> str:
    """One of STATES, "" for a value whose source nobody asks for."""
    match provenance:
        case None:
            return ""
        case Provenance.SOURCED | Provenance.REPORTED:
            return provenance.value
    return "unsourced"


def known_of(value: RulebookValue) -> Provenance | None:
    """How well a value is known with the source that it names, as pages and files say it; None where nobody asks."""
    if value.provenance is None:
        return None
    return proved(Provenance(value.provenance), Source(**value.source) if value.source else None)


def as_known(tree: Tree) -> Tree:
    """The text in which every value is said to be known as it is with the source that it names."""
    changes = [
        RulebookChange(path, value, replace(value, provenance=known.value))
        for path, value in values_of(tree).items()
        if (known := known_of(value)) is not None and known != value.provenance
    ]
    said = with_changes(tree, changes)
    return said if said.get("sources") or "sources" in tree else {key: said[key] for key in tree}


def known_words(provenance: Provenance, words: Words) -> str:
    """What people call a value that is known so."""
    return words.say(f"value-state.{state_of(provenance)}")


def cited(source: Source | ValueSource, words: Words) -> str:
    """The document with its number and day, each once: "Thông tư số 09/2021/TT-BTP ngày 15/11/2021"."""
    said = source.document
    if source.number and source.number not in said:
        said = f"{said} {words.say('số %(number)s', number=source.number)}"
    if source.dated and words.date(source.dated) not in said:
        said = f"{said} {words.say('ngày %(day)s', day=words.date(source.dated))}"
    return said


def source_in_words(source: Source | ValueSource | None, words: Words) -> str:
    """Where a value was read: "Thông tư số 09/2021/TT-BTP ngày 15/11/2021, Điều 5, trang 4"."""
    if source is None:
        return ""
    page = words.say("trang %(page)s", page=source.page) if source.page else ""
    return ", ".join(filter(None, [cited(source, words), source.article, page]))
