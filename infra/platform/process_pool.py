"""Processes that answer questions beside the process that asks, which serves others meanwhile.

A thread would not do: it holds the interpreter. Each process answers one question at a time, bytes for bytes; what the
bytes mean is agreed between who asks and the program that is run. Processes start when they are first needed. One that
is killed is replaced, and its question is asked once more, so a question must bear being answered twice. A process
hears that nobody waits for its answer any more, and that whoever started it is gone: then it ends.
"""

import asyncio
import os
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, ClassVar, TypeVar

from domain.errors import Refused

#: Seconds that one answer may take, without the time for which it waits for its turn.
PATIENCE = 20.0

#: Seconds after which a process that does not give up is killed.
GRACE = 2.0

#: Seconds that a process may take to get ready.
BEGINNING = 60.0

#: Questions that may wait for each process.
WAITING = 12

#: Sent in place of a question, means: nobody waits any more.
GIVE_UP = b""

T = TypeVar("T")


class QuestionsWaiting(Refused):
    """So many questions wait already that this one would wait too long. Nothing was done."""

    code: ClassVar[str] = "questions-waiting"


class QuestionTooLong(Refused):
    """The answer took longer than `seconds`. Nothing was done."""

    code: ClassVar[str] = "question-too-long"


class QuestionFailed(Refused):
    """The process that was to answer ended twice."""

    code: ClassVar[str] = "question-failed"


class Pool:
    """Some processes running the same program (see `answering`), asked in the order in which questions come."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        processes: int = 1,
        patience: float = PATIENCE,
        grace: float = GRACE,
        waiting: int = WAITING,
    ) -> None:
        self._helpers = [_Helper(argv, environment) for _ in range(processes)]
        self._idle: asyncio.LifoQueue[_Helper] = asyncio.LifoQueue()
        for helper in self._helpers:
            self._idle.put_nowait(helper)
        self._patience = patience
        self._grace = grace
        self._most = (waiting + 1) * processes
        self._asked = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def ask(self, question: bytes) -> bytes:
        """The answer. Raises QuestionsWaiting, QuestionTooLong, QuestionFailed.

        When the caller is cancelled, a question that waits is dropped, and one that is being answered is given up.
        """
        if self._asked >= self._most:
            raise QuestionsWaiting
        self._asked += 1
        try:
            helper = await self._idle.get()
            return await self._asked_of(helper, question)
        finally:
            self._asked -= 1

    async def close(self) -> None:
        """End all processes, whatever they are at."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(helper.kill() for helper in self._helpers))

    @property
    def asked(self) -> int:
        """How many questions wait or are being answered."""
        return self._asked

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [helper.pid for helper in self._helpers if helper.pid]

    async def _asked_of(self, helper: "_Helper", question: bytes) -> bytes:
        answering = self._begun(helper.ask(question))
        try:
            await helper.ready()
            async with asyncio.timeout(self._patience):
                answer = await asyncio.shield(answering)
        except BaseException as reason:
            self._begun(self._let_go(helper, answering))
            if isinstance(reason, TimeoutError):
                raise QuestionTooLong(seconds=round(self._patience)) from None
            raise
        self._idle.put_nowait(helper)
        return answer

    async def _let_go(self, helper: "_Helper", answering: "asyncio.Task[bytes]") -> None:
        """Nobody waits for this answer: the process is free once it has given up, or was killed."""
        await helper.ready()
        helper.give_up()
        _, busy = await asyncio.wait({answering}, timeout=self._grace)
        if busy:
            answering.cancel()
            await asyncio.wait({answering})
            await helper.kill()
        else:
            answering.exception()  # was raised to whoever asked
        self._idle.put_nowait(helper)

    def _begun(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Helper:
    """One process, started again when it is gone."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str] | None) -> None:
        self._argv = argv
        self._environment = environment
        self._running: tuple[Process, asyncio.StreamWriter, asyncio.StreamReader] | None = None
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int:
        """0 while there is none."""
        return self._running[0].pid if self._running else 0

    async def ready(self) -> None:
        """Wait until the process can be asked; starting one is not counted as answering."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BEGINNING):
                await self._ready.wait()

    async def ask(self, question: bytes) -> bytes:
        for _ in range(2):
            try:
                into, out = await self._started()
                into.write(_framed(question))
                return await _frame(out)
            except (asyncio.IncompleteReadError, ConnectionError):
                await self.kill()
        self._ready.set()
        raise QuestionFailed

    def give_up(self) -> None:
        if self._running is not None and not self._running[1].is_closing():
            self._running[1].write(_framed(GIVE_UP))

    async def kill(self) -> None:
        self._ready.clear()
        if self._running is None:
            return
        process, into, _ = self._running
        self._running = None
        with suppress(ProcessLookupError):
            process.kill()
        into.close()
        await process.wait()

    async def _started(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._running is None or self._running[0].returncode is not None:
            await self.kill()
            process = await asyncio.create_subprocess_exec(*self._argv, stdin=PIPE, stdout=PIPE, env=self._environment)
            assert process.stdin is not None  # noqa: S101 - pipes were asked for
            assert process.stdout is not None  # noqa: S101 - asked for as a pipe
            self._running = process, process.stdin, process.stdout
            await _frame(process.stdout)
        self._ready.set()
        return self._running[1], self._running[2]


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(4) + message


async def _frame(out: asyncio.StreamReader) -> bytes:
    return await out.readexactly(int.from_bytes(await out.readexactly(4)))


# The process ------------------------------------------------------------------------------------------


async def answering(answer: Callable[[bytes], Awaitable[bytes]], source: BinaryIO, answers: BinaryIO) -> None:
    """The other end: give each question its answer, until whoever asks is gone; then this process ends at once.

    `answer` is cancelled when nobody waits for it any more.
    """
    loop = asyncio.get_running_loop()
    questions: asyncio.Queue[bytes] = asyncio.Queue()
    under_way: asyncio.Task[bytes] | None = None

    def heard(message: bytes) -> None:
        if message != GIVE_UP:
            questions.put_nowait(message)
        elif under_way is not None:
            under_way.cancel()

    def listen() -> None:
        while len(head := source.read(4)) == 4:
            loop.call_soon_threadsafe(heard, source.read(int.from_bytes(head)))
        os._exit(0)  # also in the middle of an answer

    threading.Thread(target=listen, daemon=True).start()
    _send(answers, b"")
    while True:
        under_way = asyncio.ensure_future(answer(await questions.get()))
        await asyncio.wait({under_way})
        _send(answers, b"" if under_way.cancelled() else under_way.result())
        under_way = None


def _send(answers: BinaryIO, message: bytes) -> None:
    answers.write(_framed(message))
    answers.flush()
