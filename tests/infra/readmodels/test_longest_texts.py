"""The longest text of every field, of every odd kind that is allowed, through all that is made from the log."""

import dataclasses
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from domain.fact import Recorded
from domain.personal import EncryptedValue, Personal
from domain.text import LINE, NAME, NUMBER, PROSE, cleaned, rule_of
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from infra.platform.database import Database
from infra.readmodels.projector import Projector
from infra.readmodels.reading import ReadModels
from infra.reference.rulebooks import load_rulebooks
from projections.analysis.search_terms import Search
from projections.catalogue import PROJECTIONS
from projections.fold import fold
from services.i18n import load_words
from services.inspection.trail.search import Searching, TrailQuery, describe, read_names
from services.inspection.trail.trail_workbook import TrailSheetRow, TrailSource, trail_workbook
from tests.infra.logs import MAPPER, write
from tests.projections.story import told

ODD = {
    "one word": "k",
    "words": "từ ",
    "lines": "dòng\n\t",
    "marks": "Ệ",
    "beyond the plane": "\U0001fae9",
    "families": "👨\u200d👩\u200d👧",
    "right to left": "שלום ",
    "formulas": '=cmd|"_x0041_" ',
    "markup": "<script>&'\"",
    "private": "\ue000",
}


def lengthened(recorded: Recorded, odd: str) -> Recorded:
    """The same fact with the longest text in every field that people write."""
    topic = str(type(recorded.fact).TOPIC)  # type: ignore[attr-defined]
    columns = vars(recorded.fact)
    for field, value in list(columns.items()):
        if field != "originator_topic":
            columns[field] = longest(topic, field, value, odd)
    return recorded


def longest(topic: str, field: str, value: Any, odd: str) -> Any:
    if type(value) is str:
        kind, _ = rule_of(topic, field)
        if kind not in (NAME, NUMBER, LINE, PROSE) or field in {"path", "issuer", "origin", "acknowledged"}:
            return value
        text = odd if kind.lines else odd.replace("\n\t", " ")
        return (text * kind.limit)[: kind.limit - 1].rstrip(" \u200d") + "K"  # a joiner joins nothing to a letter
    if type(value) is tuple:
        return tuple(longest(topic, field, item, odd) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, EncryptedValue)):
        return dataclasses.replace(
            value,
            **{one.name: longest(topic, one.name, getattr(value, one.name), odd) for one in dataclasses.fields(value)},
        )
    return value


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_the_longest_texts_pass_every_table_page_of_the_past_search_and_workbook(
    database: Database, tenant: Tenant, odd: str
):
    province = told("revoked", tenant.id)
    province.log[:] = [lengthened(one, odd) for one in province.log]
    for one in province.log:  # what is written here is what the rules take
        fields = {name: value for name, value in vars(one.fact).items() if not name.startswith("originator")}
        assert cleaned(str(type(one.fact).TOPIC), fields) == fields  # type: ignore[attr-defined]
    store = EventStore(database, MAPPER)
    await write(store, tenant, province.commands)
    projector, models = Projector(database, store, PROJECTIONS), ReadModels(database, store)

    await projector.catch_up(tenant)

    log = [one async for page in store.read(tenant) for one in page]
    status = await models.status(tenant)
    assert (status.behind, status.stopped) == (0, ())
    for position in (None, len(log)):
        async with models.at(tenant, position) as view:
            for question in PROJECTIONS:
                assert await view.all(question) == [row for _, row in sorted(fold(question, log).items())]
            names = await read_names(view)

    searching, words = Searching(database, store), load_words()["vi"]
    reached = await searching.learn(tenant)
    assert reached.position == reached.last == len(log)
    positions = await searching.find(tenant, Search(), len(log), len(log))
    found = await searching.read(tenant, positions, len(log))
    personal: dict[Personal, str] = {
        value: "–" for one in log for value in vars(one.fact).values() if isinstance(value, EncryptedValue)
    }
    lines = [
        TrailSheetRow(one.entry.position, one) for one in describe(found, names, words, load_rulebooks(), personal)
    ]
    source = TrailSource("Bình Phước", tenant.log, len(log), datetime(2026, 1, 1, tzinfo=UTC), demonstration=False)
    book = load_workbook(io.BytesIO(trail_workbook(source, TrailQuery(), lines, words).content))
    assert book.worksheets[0].max_row > len(log)
    await models.close()
    await projector.close()
    await store.close()
