"""A client that signs in nowhere and asks for the register as fast as it is answered, over a few connections.

`python -m tests.bench._flood HOST PORT PATH CONNECTIONS` says when it begins and, when its standard input ends, how
many answers it got. A process of its own, so that who measures is not delayed by it; nice, for it stands for another
machine.
"""

import asyncio
import itertools
import os
import sys

from tests.bench.serving import BOUNDED, connection, request


async def flood(address: tuple[str, int], path: str, count: int) -> int:
    """How many answers there were until standard input ended."""
    answered = 0
    texts = itertools.cycle(("", "?tim=xa", f"?tim={'a' * 6_000}", "?nam=2023"))

    async def client() -> None:
        nonlocal answered
        async with connection(address, BOUNDED) as send:
            while True:
                await send(request("GET", path + next(texts)))
                answered += 1

    print("begins", flush=True)
    clients = [asyncio.create_task(client()) for _ in range(count)]
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    done, _ = await asyncio.wait({*clients, ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in clients:
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    for task in done - {ended}:
        task.result()
    return answered


if __name__ == "__main__":
    os.nice(10)
    host, port, path, count = sys.argv[1:]
    print(asyncio.run(flood((host, int(port)), path, int(count))))
