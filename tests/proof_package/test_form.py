"""The form of a proof package's pages, which stands in each package: a number, and the sentences that pages use.

`form-4/dossier.pdf` has the files of a package that was made on 28/11/2026, when the name of what made it still rested
on every sentence that the program has, under pages of the form of today.
"""

import re
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from domain.catalogue import FACTS
from infra.pdf.printer import Printer
from infra.reference.rulebooks import load_calendar, load_rulebooks
from services.i18n import Words, load_words
from services.proof_package.package_files import Files, read_files
from services.proof_package.pages import ASSETS, FORM, bound, pages, present, printer, printer_of
from services.proof_package.sentences import KINDS, sentences_of_pages, words_of_pages
from services.proof_package.verify import Law, verify
from services.seals.trusted_policy import read_trust
from services.seals.verify_answer import ExitCode

SAMPLE = Path(__file__).parent / f"form-{FORM}"
EVERYTHING = load_words()["vi"]


@pytest.fixture(scope="module")
def files() -> Files:
    files, _ = read_files(SAMPLE / "dossier.pdf")
    return files


def but(key: str) -> Words:
    """All sentences of the program, of which one ends with a further full stop."""
    return Words("vi", {**EVERYTHING.sentences, key: f"{EVERYTHING.sentences[key]}."})


async def test_a_package_that_was_made_under_another_name_of_the_same_form_is_valid():
    async with Printer(ASSETS) as prints:
        law = Law(load_rulebooks(), load_calendar())
        found = await verify(SAMPLE / "dossier.pdf", read_trust(SAMPLE / "policy"), law, prints=prints)

    assert (found.answer, found.reason) == (ExitCode.VALID, "")


async def test_its_pages_are_made_again_to_the_byte_in_the_form_of_today(files: Files):
    """Where this fails, pages have changed: keep the former form, raise FORM, keep a package of the new form too."""
    async with Printer(ASSETS) as prints:
        again = (await bound(files, prints, present())).content

    assert again == (SAMPLE / "dossier.pdf").read_bytes()


def test_the_name_says_by_which_library_and_in_which_form_pages_are_made():
    assert re.fullmatch(r"weasyprint [0-9.]+, form 4, sentences [0-9a-f]{16}", printer())


def test_a_sentence_that_pages_do_not_use_is_no_part_of_the_name():
    for key in ("refused.stale", "field.reason", "trail.review.opened", "trail.export.requested", "act.view.board"):
        assert printer_of(sentences_of_pages(but(key))) == printer()


@pytest.mark.parametrize(
    "key", ["trail.assessment.submitted", "trail.detail.basis", "choice.for", "position.district-chairman"]
)
def test_a_sentence_that_pages_use_is_part_of_the_name_and_of_the_pages(key: str, files: Files):
    changed = sentences_of_pages(but(key))

    assert printer_of(changed) != printer()
    assert pages(files, present()._replace(words=changed)) != pages(files)


def test_pages_lack_no_sentence_that_they_could_use(files: Files):
    """Of facts every sentence, and of each value of a field the one that it has."""
    needed = {
        key for key in EVERYTHING.sentences if key.startswith("trail.") and key.split(".")[1] in {*KINDS, "detail"}
    }
    for topic, fact in FACTS.items():
        if topic.partition(".")[0] in KINDS:
            for name, value in values_of(fact):
                needed |= {key for key in (f"{name}.{value}", f"word.{value}") if EVERYTHING.knows(key)}

    assert needed <= set(words_of_pages().sentences)
    assert pages(files, present()._replace(words=EVERYTHING)) == pages(files)


def values_of(fact: type) -> Iterator[tuple[str, str]]:
    """Each field of a fact that has one of some values, with each of these."""
    for name, kind in typing.get_type_hints(fact).items():
        for one in enums_of(kind):
            yield from ((name, value.value) for value in one)


def enums_of(kind: Any) -> Iterator[type[StrEnum]]:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        yield kind
    for part in typing.get_args(kind):
        yield from enums_of(part)
