"""How long is it from asking for a decision to having it, with both workers idle?"""

import asyncio
import statistics
import time
from typing import Any

from domain.export import Document, Export, ExportState, export_stream
from infra.platform.config import Settings
from services.exports.requests import export_id, request_export
from services.processes.supervise import supervised
from services.wiring import wired
from tests.provinces.papers import made, workshop
from tests.provinces.story import COMMUNE, Story, prepared

DOCUMENTS = 30
WORKERS = {"worker-short": ("worker", "short"), "worker-long": ("worker", "long")}


async def rows(services: Settings) -> list[dict[str, Any]]:
    """decision-pdf."""
    tenant = await asyncio.to_thread(prepared, services)
    async with wired(services) as house:
        story = await Story(house, tenant, "").opened()
        await story.decided()
        with supervised(services, WORKERS):
            await asked_to_ready(story)  # the workers have started
            waits = sorted([await asked_to_ready(story) for _ in range(DOCUMENTS)])
        printing = await read_and_printed(story)
    p95 = waits[round(0.95 * (len(waits) - 1))]
    return [
        {
            "name": "decision-pdf",
            "value": round(p95, 3),
            "unit": "s p95",
            "against": f"read and printed here {printing:.3f} s; p50 {statistics.median(waits):.3f} s; budget 1 s",
            "ratio": round(p95 / printing, 2),
        }
    ]


async def asked_to_ready(story: Story) -> float:
    """Seconds from the request until the log says that the document is there."""
    work = await story.decider()
    began = time.perf_counter()
    await request_export(work, Document.DECISION, story.season, COMMUNE)
    name = export_stream(export_id(work))
    while (await work.look(Export, name)).state is ExportState.QUEUED:  # noqa: ASYNC110 - it is for the log to say
        await asyncio.sleep(0.002)
    return time.perf_counter() - began


async def read_and_printed(story: Story) -> float:
    """Seconds to make the same document without queue, table and log."""
    work = await story.decider()
    await request_export(work, Document.DECISION, story.season, COMMUNE)
    async with workshop(story.house) as shop:
        times = []
        for _ in range(DOCUMENTS):
            began = time.perf_counter()
            await made(shop, story, export_id(work))
            times.append(time.perf_counter() - began)
    return statistics.median(times)
