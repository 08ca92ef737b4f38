"""Processes that answer beside us: in turn, bounded, given up, replaced, and gone when we are."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.platform.child_processes import living
from infra.platform.process_pool import Pool, QuestionFailed, QuestionsWaiting, QuestionTooLong

#: Answers a question as it says: an expression, with `sleep` for waiting and `busy` for what nothing interrupts.
PROGRAM = """
import asyncio, os, sys, time
from infra.platform.process_pool import answering

asked = 0
def busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
async def answer(question):
    global asked
    asked += 1
    told = eval(question.decode(), {"asyncio": asyncio, "os": os, "busy": busy, "asked": asked})
    return str(await told if asyncio.iscoroutine(told) else told).encode()

asyncio.run(answering(answer, sys.stdin.buffer, sys.stdout.buffer))
"""
ARGV = [sys.executable, "-c", PROGRAM]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@asynccontextmanager
async def a_pool(processes: int = 1, patience: float = 30, grace: float = 30, waiting: int = 12) -> AsyncIterator[Pool]:
    pool = Pool(ARGV, ENVIRONMENT, processes=processes, patience=patience, grace=grace, waiting=waiting)
    try:
        yield pool
    finally:
        await pool.close()


async def until(so: Callable[[], object]) -> None:
    while not so():  # noqa: ASYNC110 - another process tells nobody
        await asyncio.sleep(0.01)


async def test_no_process_runs_before_a_question_and_one_answers_them_all():
    async with a_pool() as pool:
        before = pool.pids

        answers = [await pool.ask(b"os.getpid()") for _ in range(3)]

        assert before == []
        assert {int(one) for one in answers} == set(pool.pids)


async def test_as_many_questions_are_answered_at_a_time_as_there_are_processes():
    async with a_pool(processes=2) as pool:
        answers = await asyncio.gather(*(pool.ask(b"asyncio.sleep(0.1, os.getpid())") for _ in range(6)))

        assert {int(one) for one in answers} == set(pool.pids)
        assert len(pool.pids) == 2


async def test_who_comes_when_too_many_wait_is_refused_at_once():
    async with a_pool(waiting=2) as pool:
        asked = [asyncio.create_task(pool.ask(b"asyncio.sleep(0.2, 1)")) for _ in range(3)]
        await asyncio.sleep(0)

        with pytest.raises(QuestionsWaiting):
            await pool.ask(b"1")

        assert await asyncio.gather(*asked) == [b"1"] * 3
        assert await pool.ask(b"2") == b"2"


async def test_a_killed_process_is_replaced_and_its_question_asked_once_more():
    async with a_pool() as pool:
        first = int(await pool.ask(b"os.getpid()"))
        asked = asyncio.create_task(pool.ask(b"asyncio.sleep(30 if asked > 1 else 0, os.getpid())"))
        await asyncio.sleep(0.1)

        os.kill(first, signal.SIGKILL)

        assert int(await asked) != first


async def test_a_question_that_kills_whoever_answers_it_is_refused_and_the_next_is_answered():
    async with a_pool() as pool:
        with pytest.raises(QuestionFailed):
            await pool.ask(b"os._exit(1)")

        assert await pool.ask(b"1") == b"1"


async def test_an_answer_that_takes_too_long_is_given_up_and_the_process_goes_on():
    async with a_pool(patience=0.2) as pool:
        process = await pool.ask(b"os.getpid()")

        with pytest.raises(QuestionTooLong):
            await pool.ask(b"asyncio.sleep(600)")

        assert await pool.ask(b"os.getpid()") == process


async def test_a_process_that_does_not_give_up_is_killed():
    async with a_pool(patience=0.2, grace=0.1) as pool:
        process = int(await pool.ask(b"os.getpid()"))

        with pytest.raises(QuestionTooLong):
            await pool.ask(b"busy(600)")

        assert int(await pool.ask(b"os.getpid()")) != process
        assert living(process) is None


async def test_a_question_of_somebody_who_left_is_given_up_and_one_that_waits_is_never_asked(tmp_path: Path):
    async with a_pool() as pool:
        await pool.ask(b"1")
        under_way = asyncio.create_task(pool.ask(b"asyncio.sleep(600)"))
        await asyncio.sleep(0.05)
        waits = asyncio.create_task(pool.ask(f"open({str(tmp_path / 'asked')!r}, 'w')".encode()))
        await asyncio.sleep(0.05)

        waits.cancel()
        under_way.cancel()
        await asyncio.gather(waits, under_way, return_exceptions=True)

        assert await pool.ask(b"asked") == b"3"  # the first, the one given up, and this one
        assert not (tmp_path / "asked").exists()


async def test_closing_ends_a_process_in_the_middle_of_an_answer():
    async with a_pool() as pool:
        process = int(await pool.ask(b"os.getpid()"))
        asked = asyncio.create_task(pool.ask(b"busy(600)"))
        await asyncio.sleep(0.05)
        asked.cancel()

        await pool.close()

        await until(lambda: living(process) is None)


def test_a_process_ends_when_whoever_started_it_is_killed(tmp_path: Path):
    parent = f"""
import asyncio, sys
from infra.platform.process_pool import Pool
async def main():
    pool = Pool({ARGV!r})
    print((await pool.ask(b"os.getpid()")).decode(), flush=True)
    await pool.ask(b"busy(600)")
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", parent], env=ENVIRONMENT, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        process = int(started.stdout.readline())

        started.kill()

    async def gone() -> None:
        await until(lambda: living(process) is None)

    asyncio.run(gone())
