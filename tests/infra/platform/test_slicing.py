import asyncio
from collections.abc import Iterator

from infra.platform import slicing
from infra.platform.slicing import in_slices


async def test_others_are_served_between_the_slices_of_long_work(monkeypatch):
    # Given slices so short that each item is one, and somebody who waits for a turn
    monkeypatch.setattr(slicing, "SLICE", 0)
    served = 0

    async def serve() -> None:
        nonlocal served
        while True:
            served += 1
            await asyncio.sleep(0)

    def work() -> Iterator[tuple[int, int]]:
        for item in range(5):
            yield item, served

    # When the work is done
    other = asyncio.create_task(serve())
    done = await in_slices(work())
    other.cancel()

    # Then all of it is there, in order, and the other had a turn after each slice
    assert done == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]
