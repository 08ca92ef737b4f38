"""Files on their way to a browser: whole, checked, and never more of one in memory than the browser takes."""

import asyncio
from typing import Any

from infra.storage.files import PIECE
from services.assessment import assess
from services.assessment.assess import Upload
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

LARGE = b"%PDF-1.7\n" + b"0123456789abcdef" * 500_000


async def attached(season: Story) -> str:
    """The address of a file of 8 MB."""
    await assess.attach_evidence(await season.officer(), season.season, COMMUNE, "TC1.CT1", Upload("lon.pdf", LARGE))
    (held,) = (await season.dossier()).entry("TC1.CT1").evidence.values()
    return f"/ho-so/{season.season}/{COMMUNE}/minh-chung/{held.id}"


async def ask(desks: Desks, desk: Desk, path: str, send: Any) -> None:
    """Ask as a server does that passes on what `send` takes."""
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": desk.home + path,
        "raw_path": (desk.home + path).encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(b"cookie", f"session={desk.client.cookies['session']}".encode())],
        "state": {},
    }
    coming: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    over = asyncio.Event()

    async def receive() -> Any:
        if coming:
            return coming.pop()
        await over.wait()
        return {"type": "http.disconnect"}

    async def sending(message: Any) -> None:
        await send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()

    await desks.app(scope, receive, sending)


async def test_a_file_comes_whole_with_its_length(desks: Desks, season: Story):
    path = await attached(season)
    officer = await desks.officer()

    answer = await officer.fetch(path)

    assert answer.content == LARGE
    assert answer.headers["content-length"] == str(len(LARGE))
    assert answer.headers["content-type"] == "application/pdf"


async def test_no_more_is_read_than_a_slow_browser_has_taken(desks: Desks, season: Story):
    path = await attached(season)
    officer = await desks.officer()
    pieces: list[bytes] = []
    two, further = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            pieces.append(message["body"])
            if len(pieces) == 2:
                two.set()
                await further.wait()

    asked = asyncio.create_task(ask(desks, officer, path, send))
    await asyncio.wait({asked, asyncio.ensure_future(two.wait())}, return_when=asyncio.FIRST_COMPLETED)
    for _ in range(100):
        await asyncio.sleep(0)
    held_back = len(pieces)
    further.set()
    await asked

    assert held_back == 2
    assert max(map(len, pieces)) <= PIECE
    assert b"".join(pieces) == LARGE


async def test_a_file_that_was_changed_is_refused_before_a_byte_of_it_is_sent(desks: Desks, season: Story):
    path = await attached(season)
    officer = await desks.officer()
    (held,) = (await season.dossier()).entry("TC1.CT1").evidence.values()
    place = desks.house.files(desks.tenant)._place(held.sha256)
    place.chmod(0o600)
    place.write_bytes(LARGE[:-1] + b"X")

    page = await officer.open(path)
    place.unlink()

    assert (page.status, page.refused) == (500, "file-damaged")
