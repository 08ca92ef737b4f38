"""Redis or PostgreSQL away: what people are told, and that it is over by itself."""

from pathlib import Path

import pytest

from tests.fault.away import Answer, measure

#: Seconds: what has to be there after two is measured generously, on a machine that has other things to do.
SOON = 5.0


@pytest.mark.fault
async def test_services_away_are_said_in_words_and_in_time_and_everything_recovers_by_itself(tmp_path: Path):
    found = await measure(tmp_path)

    for fault in ("Redis stopped", "Redis out of reach"):
        answers = {one.page: one for one in found[fault]}
        assert {name: (one.status, one.code) for name, one in answers.items()} == {
            "/healthz": (200, ""),
            "/readyz": (503, ""),
            "public page": (200, ""),
            "public page, signed in": (200, ""),
            "page of somebody signed in": (503, "sessions-away"),
            "form of somebody signed in": (503, "sessions-away"),
            "sign-in, its page": (200, ""),
            "sign-in, its button": (503, "sessions-away"),
            "sign-out": (503, "sessions-away"),
        }
        assert answers["form of somebody signed in"].keeps
        assert all(one.seconds < SOON for one in answers.values())

    without_database = {one.page: one for one in found["PostgreSQL stopped"]}
    assert {name: (one.status, one.code) for name, one in without_database.items()} == {
        "/healthz": (200, ""),
        "/readyz": (503, ""),
        **dict.fromkeys(
            (
                "public page",
                "public page, signed in",
                "page of somebody signed in",
                "form of somebody signed in",
                "sign-in, its page",
                "sign-in, its button",
                "sign-out",
            ),
            (503, "database-away"),
        ),
    }
    assert without_database["/readyz"].seconds < SOON

    def plain(answers: list[Answer]) -> list[tuple[str, int, str]]:
        return [(one.page, one.status, one.code) for one in answers]

    for name, afterwards in found.items():
        if name.startswith("after: "):
            assert plain(afterwards) == plain(found["none"])
