"""Jobs for the workers: a name and some ids, put into Redis and taken out again.

PostgreSQL knows what is owed; a queue only says "now". It may be lost, repeated, reordered or forged: a job carries
ids and nothing else, may run twice, and asks again whether it is allowed. What Redis holds is encrypted data of ours:
the library's own form of a job is pickle, by which whoever can write to Redis runs code in the worker.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, Self

import msgspec
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from infra.encryption.cipher import Encryption, Forged

#: What a job may carry: tenants, streams, positions.
ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")

#: Tries of a worker before a command to Redis fails, up to 2 s apart: about 20 s of a restarting server.
TRIES = 12
#: Tries of who asks for a job: the sweeper asks again anyway, and looks after other things meanwhile.
TRIES_TO_ASK = 2
#: Seconds that Redis may take for one answer.
PATIENCE = 5.0
#: Seconds after which a worker that was told to stop is told again.
CANCEL_AGAIN = 0.5

Job = Callable[..., Awaitable[None]]


class QueueUnavailable(Exception):
    """Redis does not answer. Nothing is lost: the sweeper asks again."""


class Queue(Protocol):
    """Where work is asked for."""

    async def ask(self, queue: str, job: str, function: str, *ids: str) -> bool:
        """Ask for a job by this name once; False while the same one waits or runs. Raises QueueUnavailable."""


class Jobs:
    """The queues in Redis."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    @classmethod
    def at(cls, url: str, secret: str) -> Self:
        """The queues at this address; it is called when first needed."""
        return cls(connection(url, JobCodec(secret), tries=TRIES_TO_ASK))

    async def close(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    async def ask(self, queue: str, job: str, function: str, *ids: str) -> bool:
        check_ids(ids)
        try:
            return await self._redis.enqueue_job(function, *ids, _job_id=job, _queue_name=queue) is not None
        except (RedisError, OSError) as reason:
            raise QueueUnavailable(str(reason)) from reason


def worker(
    url: str,
    secret: str,
    queue: str,
    functions: Mapping[str, Job],
    *,
    at_once: int,
    patience: float,
) -> Worker:
    """A worker of one queue: it knows these functions by name and no others.

    `patience` is the longest a job may run, in seconds. A job that was under way when its worker was killed is
    run again by the library after that and 10 s more; a sweeper that looks at what is owed is faster.
    """
    codec = JobCodec(secret)
    made = Worker(
        [func(function, name=name) for name, function in functions.items()],  # type: ignore[arg-type]
        queue_name=queue,
        redis_pool=connection(url, codec),
        job_serializer=codec.encode,
        job_deserializer=codec.decode,
        max_jobs=at_once,
        job_timeout=patience,
        keep_result=0,  # else a job's name stays taken as long as its result is kept
        max_tries=1_000,  # the tables count attempts, not the queue
        poll_delay=0.05,
        health_check_interval=60,
        log_results=False,
    )
    made.on_stop = lambda _signal: _cancel_until_done(made)
    return made


def _cancel_until_done(worker: Worker) -> None:
    """Cancel the worker's loop again and again: one cancellation can be lost.

    The client of Redis writes under `asyncio.wait_for`, which before Python 3.12 returns as if nothing had been asked
    when it is cancelled at the moment the write is done. The library cancels once, and would then work on for ever.
    """
    if worker.main_task is not None and not worker.main_task.done():
        worker.main_task.cancel()
        asyncio.get_running_loop().call_later(CANCEL_AGAIN, _cancel_until_done, worker)


async def closed(worker: Worker) -> None:
    """Close a worker that ended or was told to stop. Its own way to do so raises what a job under way raised."""
    await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
    worker.tasks.clear()
    with suppress(RedisError, OSError):
        await worker.close()


def connection(url: str, codec: "JobCodec", *, tries: int = TRIES) -> ArqRedis:
    """Redis, patient with restarts: by default the library gives a worker up after a second."""
    pool: ConnectionPool = ConnectionPool.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(ExponentialBackoff(cap=2, base=0.1), tries),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
        retry_on_timeout=True,
    )
    return ArqRedis(pool_or_conn=pool, job_serializer=codec.encode, job_deserializer=codec.decode)


class JobCodec:
    """Jobs to bytes and back: MessagePack of plain data, encrypted. The library does not say under which key of Redis
    a job lies, so that a job can be repeated by who writes there, as it may be anyway.
    """

    def __init__(self, secret: str) -> None:
        self._encryption = Encryption(secret, "jobs")

    def encode(self, job: Mapping[str, Any]) -> bytes:
        """The bytes of a job or of its result. An exception becomes its name: its text may hold what people wrote."""
        body = msgspec.msgpack.encode(job, enc_hook=lambda value: {"raised": type(value).__name__})
        return self._encryption.encrypt(body, "job")

    def decode(self, stored: bytes) -> dict[str, Any]:
        """The job in these bytes. Raises Forged before anything of an unknown origin is read."""
        job = msgspec.msgpack.decode(self._encryption.decrypt(stored, "job"), type=dict[str, Any])
        if job.get("k"):
            raise Forged("a job has no named arguments")
        check_ids(job.get("a", ()))
        return job


def check_ids(ids: Sequence[object]) -> None:
    """Refuse as Forged what is no id."""
    for one in ids:
        if not isinstance(one, str) or not ID.fullmatch(one):
            raise Forged("a job carries ids only")
