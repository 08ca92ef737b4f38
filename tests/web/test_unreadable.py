"""A fact that this version cannot read: what it concerns says so, and everything else is as ever."""

import asyncpg

from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


async def make_unreadable(services, season: Story, commune: str) -> int:
    """The first fact of the commune's dossier becomes one of a newer program; where it stands."""
    owner = await asyncpg.connect(services.database_url)
    schema = season.tenant.id
    await owner.execute(f"ALTER TABLE {schema}.events DISABLE TRIGGER ALL")
    position: int = await owner.fetchval(
        f"""
        UPDATE {schema}.events SET topic = 'assessment.of-tomorrow' WHERE position = (
          SELECT max(position) FROM {schema}.events WHERE kind = 'assessment' AND season = $1 AND subject = $2
        ) RETURNING position
        """,
        season.season,
        commune,
    )
    await owner.close()
    return position


async def test_a_dossier_with_a_fact_that_cannot_be_read_is_refused_in_words_and_the_others_are_shown(
    services, desks: Desks, season: Story
):
    await season.score("TC1.CT2")
    position = await make_unreadable(services, season, COMMUNE)
    department = await desks.department()

    refused = await department.open(f"/ho-so/{season.season}/{COMMUNE}")
    other = await department.open(f"/ho-so/{season.season}/{OTHER}")
    board = await department.open(f"/bang/{season.season}")
    trail = await department.open("/nhat-ky")

    assert (refused.status, refused.refused) == (409, "fact-unreadable")
    assert str(position) in refused.text
    assert (other.status, board.status, trail.status) == (200, 200, 200)
    assert "Có mục nhật ký mà phiên bản đang chạy không đọc được" in trail.text
