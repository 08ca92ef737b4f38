"""The public holidays that ship, each entry with its source."""

from functools import cache
from importlib import resources

import msgspec

from domain.days_off import Holiday
from domain.working_days import DayKind
from infra.reference.rulebook_file import HolidaysFields, load


@cache
def load_holidays() -> tuple[Holiday, ...]:
    """Every entry of the public holidays that ship, with its source, in the order of the days."""
    content = msgspec.convert(load((resources.files("domain") / "holidays.yaml").read_bytes()), HolidaysFields)
    off = [
        Holiday(one.from_, one.to or one.from_, DayKind.OFF, one.name, one.provenance, one.source)
        for one in content.days_off
    ]
    others = [
        Holiday(one.day, one.day, kind, one.name, one.provenance, one.source)
        for kind, days in ((DayKind.WORKED, content.worked_saturdays), (None, content.doubtful))
        for one in days
    ]
    return tuple(sorted((*off, *others), key=lambda one: one.first))
