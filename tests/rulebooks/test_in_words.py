"""What differs between two texts, as the preview of a correction says it."""

import re

from infra.reference.rulebooks import load_rulebooks, parse_rulebook
from services.i18n import vietnamese
from services.rulebooks.in_words import change_lines

OF_2025 = load_rulebooks().newest("qd-27-2025")
TEXT = load_rulebooks().written(OF_2025.sha256)


def test_a_content_that_gets_its_text_is_one_line():
    part = "          - {code: TC2.CT6.1, name: Kinh phí, measure: {kind: boolean}, provenance: recalled}\n"
    listed = re.sub(r"without_text: \[TC2\.CT6\.1(, )?", "without_text: [", TEXT)
    place = listed.index("          - code: TC2.CT6.2\n")
    after = parse_rulebook((listed[:place] + part + listed[place:]).encode())

    lines = change_lines(OF_2025, after, vietnamese())

    assert [(line.number, line.what) for line in lines] == [("2.6.1", "thêm mới")]


def test_contents_that_lose_their_text_are_called_by_their_numbers():
    after = parse_rulebook(re.sub(r"without_text: \[TC2\.CT6\.1(, )?", "without_text: [", TEXT).encode())

    lines = change_lines(OF_2025, after, vietnamese())

    assert [line.before for line in lines] == ["2.6.1"]
