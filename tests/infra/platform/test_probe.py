"""Whether a service answers: asked seldom, and never by many at once."""

import asyncio

import pytest

from infra.platform import probe
from infra.platform.probe import Probe


class Service:
    """Counts how often it was asked, and answers when `gate` lets it."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def answer(self) -> None:
        self.asked += 1
        await self.gate.wait()


async def test_many_who_ask_at_a_time_are_one_question():
    service = Service()
    asking = Probe(service.answer)

    answers = await asyncio.gather(*(asking.answers() for _ in range(100)))

    assert (all(answers), service.asked) == (True, 1)


async def test_an_answer_holds_for_a_moment_and_then_is_asked_for_again(monkeypatch: pytest.MonkeyPatch):
    service = Service()
    asking = Probe(service.answer)
    await asking.answers()
    await asking.answers()
    once = service.asked

    monkeypatch.setattr(probe, "FRESH", 0.0)
    await asking.answers()

    assert (once, service.asked) == (1, 2)


async def test_a_service_that_hangs_is_not_asked_by_more_and_more(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(probe, "PATIENCE", 0.01)
    service = Service()
    service.gate.clear()
    asking = Probe(service.answer)

    answers = [await asking.answers() for _ in range(3)]
    service.gate.set()
    monkeypatch.setattr(probe, "PATIENCE", 60.0)

    assert (answers, service.asked, await asking.answers()) == ([False] * 3, 1, True)
