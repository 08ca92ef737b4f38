import asyncio
import pickle
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import Job
from arq.utils import timestamp_ms

from infra.encryption.cipher import Forged
from infra.jobs.queue import JobCodec, Jobs, QueueUnavailable, closed, connection, worker
from infra.platform.config import Settings

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq closes so

SECRET = "a secret of at least thirty-two characters"


class Bomb:
    """Runs a command in whoever unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.fixture
def queue() -> str:
    return f"q:{uuid4().hex}"


@pytest.fixture
async def redis(services: Settings) -> AsyncIterator[ArqRedis]:
    redis = connection(services.redis_url, JobCodec(SECRET))
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.fixture
async def jobs(services: Settings) -> AsyncIterator[Jobs]:
    jobs = Jobs.at(services.redis_url, SECRET)
    yield jobs
    await jobs.close()


async def work_through(services: Settings, queue: str, functions, secret: str = SECRET) -> None:
    """Do what waits in the queue, then stop."""
    one = worker(services.redis_url, secret, queue, functions, at_once=2, patience=10)
    one.burst = True
    await one.async_run()
    await one.close()


async def put_raw(redis: ArqRedis, queue: str, job: str, content: bytes) -> None:
    await redis.set(job_key_prefix + job, content)
    await redis.zadd(queue, {job: timestamp_ms()})


async def test_a_job_arrives_with_its_ids(services, jobs, queue):
    done = []

    async def note(_context, *ids: str) -> None:
        done.append(ids)

    assert await jobs.ask(queue, f"{queue}:1", "note", "t_1", "b0d7")
    await work_through(services, queue, {"note": note})

    assert done == [("t_1", "b0d7")]


async def test_a_job_that_waits_is_not_asked_for_twice(jobs, queue):
    assert await jobs.ask(queue, f"{queue}:1", "note", "t_1")

    assert not await jobs.ask(queue, f"{queue}:1", "note", "t_1")


async def test_a_job_that_is_done_may_be_asked_for_again(services, jobs, queue):
    async def note(_context, *ids: str) -> None: ...

    await jobs.ask(queue, f"{queue}:1", "note", "t_1")
    await work_through(services, queue, {"note": note})

    assert await jobs.ask(queue, f"{queue}:1", "note", "t_1")


async def test_a_raw_pickle_in_the_queue_runs_nothing(services, jobs, redis, queue, tmp_path):
    mark = tmp_path / "ran"
    done = []

    async def note(_context, *ids: str) -> None:
        done.append(ids)

    pickle.loads(pickle.dumps(Bomb(mark)))
    assert mark.exists()  # the canary: unpickling it does run it
    mark.unlink()
    arq_form: dict[str, object] = {"t": None, "f": "note", "a": (Bomb(mark),), "k": {}, "et": 0}
    for number, content in enumerate((pickle.dumps(Bomb(mark)), pickle.dumps(arq_form))):
        await put_raw(redis, queue, f"{queue}:forged{number}", content)
    await jobs.ask(queue, f"{queue}:honest", "note", "t_1")
    await work_through(services, queue, {"note": note})

    assert not mark.exists()
    assert done == [("t_1",)]  # and the queue goes on
    assert not await redis.exists(job_key_prefix + f"{queue}:forged0")


async def test_a_raw_pickle_as_a_result_runs_nothing_when_it_is_read(redis, queue, tmp_path):
    mark = tmp_path / "ran"
    job = Job(f"{queue}:1", redis, _deserializer=JobCodec(SECRET).decode)
    await redis.set(f"arq:result:{queue}:1", pickle.dumps(Bomb(mark)))

    with pytest.raises(Exception, match="unable to deserialize"):
        await job.result_info()

    assert not mark.exists()


async def test_a_job_of_another_secret_is_dropped(services, queue):
    done = []

    async def note(_context, *ids: str) -> None:
        done.append(ids)

    stranger = Jobs.at(services.redis_url, "another secret of thirty-two characters")
    await stranger.ask(queue, f"{queue}:1", "note", "t_1")
    await stranger.close()
    await work_through(services, queue, {"note": note})

    assert done == []


async def test_a_function_that_is_not_listed_is_not_run(services, jobs, queue):
    done = []

    async def note(_context, *ids: str) -> None:
        done.append(ids)

    await jobs.ask(queue, f"{queue}:1", "os.system", "t_1")
    await work_through(services, queue, {"note": note})

    assert done == []


@pytest.mark.parametrize("given", ["two words", "", "../../etc/passwd", "x" * 101, "$(id)", "Đồng"])
async def test_a_job_carries_ids_and_nothing_else(jobs, queue, given):
    with pytest.raises(Forged):
        await jobs.ask(queue, f"{queue}:1", "note", given)


@pytest.mark.parametrize(
    "job",
    [
        {"f": "note", "a": [{"nested": "thing"}], "k": {}},
        {"f": "note", "a": [1], "k": {}},
        {"f": "note", "a": [], "k": {"named": "x"}},
    ],
)
def test_even_when_we_encrypted_it_only_ids_are_taken_out(job):
    codec = JobCodec(SECRET)

    with pytest.raises(Forged):
        codec.decode(codec.encode(job))


def test_one_flipped_bit_is_noticed():
    codec = JobCodec(SECRET)
    stored = codec.encode({"f": "note", "a": ["t_1"], "k": {}})

    for place in range(len(stored)):
        spoilt = bytearray(stored)
        spoilt[place] ^= 1
        with pytest.raises(Forged):
            codec.decode(bytes(spoilt))


def test_an_exception_is_stored_as_its_name_only():
    codec = JobCodec(SECRET)

    result = codec.decode(codec.encode({"f": "note", "a": [], "k": {}, "r": ValueError("what somebody wrote")}))

    assert result["r"] == {"raised": "ValueError"}
    assert b"somebody" not in msgspec.msgpack.encode(result)


async def test_a_failing_job_does_not_stop_the_worker(services, jobs, queue):
    done = []

    async def fail(_context, *ids: str) -> None:
        raise ValueError(ids)

    async def note(_context, *ids: str) -> None:
        done.append(ids)

    await jobs.ask(queue, f"{queue}:1", "fail", "t_1")
    await jobs.ask(queue, f"{queue}:2", "note", "t_2")
    await work_through(services, queue, {"fail": fail, "note": note})

    assert done == [("t_2",)]


async def test_a_worker_ends_though_its_first_cancellation_is_lost(services, queue):
    """As `asyncio.wait_for` loses it before Python 3.12, when what it waits for is done at that moment."""
    one = worker(services.redis_url, SECRET, queue, {"rest": asyncio.sleep}, at_once=2, patience=10)
    polling, lost = asyncio.Event(), asyncio.Event()
    poll = one._poll_iteration

    async def poll_and_lose_the_first_cancellation() -> None:
        polling.set()
        try:
            await asyncio.sleep(0 if lost.is_set() else 600)
        except asyncio.CancelledError:
            lost.set()
        await poll()

    one._poll_iteration = poll_and_lose_the_first_cancellation  # type: ignore[method-assign]
    working = asyncio.create_task(one.async_run())
    await polling.wait()
    one.handle_sig(signal.SIGTERM)
    ended, _ = await asyncio.wait({working}, timeout=60)

    assert lost.is_set()
    assert ended
    await closed(one)


async def test_without_redis_asking_says_so(tmp_path):
    nowhere = Jobs.at(f"unix://{tmp_path}/nobody.sock", SECRET)

    with pytest.raises(QueueUnavailable):
        await asyncio.wait_for(nowhere.ask("q", "q:1", "note", "t_1"), 10)

    await nowhere.close()
