"""What pages made of rows is handed out again only for the very same rows."""

from services.web.row_cache import KeyedCache


def test_what_was_made_is_handed_out_for_the_same_rows_and_made_anew_for_others():
    made: KeyedCache[str] = KeyedCache()
    asked: list[tuple[str, ...]] = []

    def spell(*rows: list[str]) -> str:
        asked.append(tuple("".join(row) for row in rows))
        return "+".join(asked[-1])

    first, second, changed = ["a"], ["b"], ["c"]

    assert made.of("1", spell, first, second) == "a+b"
    assert made.of("1", spell, first, second) == "a+b"
    assert made.of("1", spell, first, changed) == "a+c"
    assert made.of("1", spell, first, second) == "a+b"
    assert asked == [("a", "b"), ("a", "c"), ("a", "b")]


def test_equal_rows_are_not_the_same_and_what_one_place_shows_is_not_shown_at_another():
    made: KeyedCache[str] = KeyedCache()
    row = ["a"]

    assert made.of("1", "".join, row) == "a"
    row.append("b")  # no row does that: here it tells whether it was looked at again
    assert made.of("1", "".join, row) == "a"
    assert made.of("1", "".join, list(row)) == "ab"
    assert made.of("2", "".join, row) == "ab"
