"""The view of a page: the moment as of which it is seen, and the read models as they stood then."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from typing import Any, ClassVar

import structlog
from litestar.connection import ASGIConnection
from redis.exceptions import RedisError

from domain.errors import NotFound, Refused
from domain.season import is_practice
from infra.log.group_commit import CommandResult
from infra.readmodels.reading import BeingRebuilt, View
from infra.reference.rulebooks import Rulebooks
from projections.fold import Projection
from projections.tables.seasons import SEASONS, SeasonRow
from services.clock import VIETNAM, Clock, Past, is_looked_at, today
from services.web import urls
from services.web.form_fields import read_day
from services.web.log_lines import short
from services.web.request_target import DIGITS
from services.web.site import Site
from services.web.urls import Moment, Urls
from services.web.visitor import Visitor

#: How long a page waits for the person's own last write (experience: at most two seconds).
PATIENCE = 2.0

#: The pages that ask for a season beside their path, by the parameter that names it.
ASKING = {urls.TRAIL_OF_PROVINCE: "mua", urls.ACCESSES: "mua", urls.EXPORTS: "season"}

log = structlog.get_logger("web")


class NotAMoment(Refused):
    """`?asof=` names no moment; `typed` keeps what it says."""

    code: ClassVar[str] = "not-a-moment"


class NotThereThen(Refused):
    """What the address names was not there at the moment `asof`, if it is at all; the `reason` says what it names."""

    code: ClassVar[str] = "not-there-then"


class Viewing(Visitor):
    """Somebody who looks at what was recorded: now, or as of a moment of the past."""

    def __init__(self, site: Site, request: "ASGIConnection[Any, Any, Any, Any]") -> None:
        super().__init__(site, request)
        self.past: Past | None = None
        #: Whether the page lacks the person's own last command.
        self.behind = False
        #: The facts before which some of what the page shows stands: they cannot be read, or not be shown.
        self.lacks: set[int] = set()
        #: The seasons of the province as the page saw them; None where it did not look.
        self.seasons: list[SeasonRow] | None = None
        #: What the page shows is no older than this moment (time.monotonic()); None for the moment at which it looks.
        self.since: float | None = time.monotonic()

    # The moment ---------------------------------------------------------------------------------------

    @property
    def asof_text(self) -> str:
        """The moment as the address has it, "" for now."""
        return self.query("asof")

    @property
    def clock(self) -> Clock:
        """By which clock the past is asked for."""
        return Clock.EFFECTIVE if self.query("clock") == Clock.EFFECTIVE else Clock.RECORDED

    @property
    def moment(self) -> Moment | None:
        """The moment of the page as it was asked for; None today."""
        if self.past is None:
            return None
        return Moment(self.asof_text, "" if self.clock is Clock.RECORDED else self.clock)

    async def as_of(self) -> Past | None:
        """The past that `?asof=` names: a position (131, #131), a day (its end) or a moment; None for today.

        By `?clock=effective` the page of a dossier shows what had taken effect then; a page of more than one dossier
        has no such past and shows what had been recorded, and a position is one of the record anyway.
        Raises NotAMoment for what is no moment, NotFound for what lies before the first fact.
        """
        if text := self.asof_text:
            when = read_moment(text)
            if when is None:
                raise NotAMoment(field="asof", typed=text)
            if self.clock is Clock.EFFECTIVE and isinstance(when, datetime) and self.is_of_dossier:
                where = self.request.path_params
                self.past = await self.app.effective_past(
                    self.app, self.tenant, when, where["season"], where["commune"]
                )
            else:
                self.past = await self._recorded(when)
            if self.past is None:
                raise NotFound(asof=text)
        return self.past

    async def _recorded(self, when: int | datetime) -> Past | None:
        """What a position, or the last one at a moment, stands for; None where the log has nothing."""
        store, tenant = self.app.store, self.tenant
        position = when if isinstance(when, int) else await store.position_at(tenant, when)
        async for page in store.read(tenant, after=position - 1, upto=position):
            return Past(position, when if isinstance(when, datetime) else page[-1].at)
        return None

    @property
    def is_of_dossier(self) -> bool:
        """Whether the page is one dossier's, by its address, and shows nothing of its past but that dossier."""
        handler = self.request.route_handler
        return {"season", "commune"} <= self.request.path_params.keys() and bool(handler.opt.get("effective", True))

    @property
    def is_for_practice(self) -> bool:
        """Whether the page is of a season for practice, by its address or what it asks for; all of them say so.

        A page that does not ask for a season is of none, whatever its address holds besides.
        """
        handler = self.request.scope.get("route_handler")  # none where there is no such page
        paths = handler.paths if handler else ()
        asked = next((self.query(field) for path, field in ASKING.items() if path in paths), "")
        return is_practice(str(self.request.path_params.get("season", "")) or asked)

    @property
    def has_other_clock(self) -> bool:
        """Whether this page and moment can be seen by the other clock too. A position is one of the record only, and of
        a dossier of which nothing had been recorded the record has no page.
        """
        if self.past is None or not self.is_of_dossier or isinstance(read_moment(self.asof_text), int):
            return False
        return self.past.clock is Clock.RECORDED or self.past.known > 0

    @property
    def upto(self) -> int | None:
        """The position that the page is seen as of; None today."""
        return self.past.position if self.past else None

    @property
    def today(self) -> date:
        """The day on which the page is seen: in the past, that of the moment."""
        return self.past.moment.astimezone(VIETNAM).date() if self.past else today()

    @property
    def url(self) -> Urls:
        """Addresses in this province; in the past they stay in the past."""
        return Urls(self.province.slug if self.province else "", self.moment)

    # The rows -----------------------------------------------------------------------------------------

    async def rulebooks(self) -> Rulebooks:
        """The rulebooks as the province knew them at the moment: the texts that ship, and those that it kept."""
        return await self.app.texts.of(self.tenant, self.since, self.upto)

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[View]:
        """The read models as of the visit's moment."""
        async with self.app.reads.at(self.tenant, self.upto) as view:
            try:
                yield view
            finally:
                self.lacks |= view.lacks
            if self.is_at_work and not self.is_partial:  # one look less for the frame
                with suppress(BeingRebuilt):
                    self.seasons = await view.all(SEASONS)

    async def own_write(self, *projections: Projection[Any]) -> None:
        """Wait until these read models hold the person's own last command; else the page says it is behind."""
        position = self.signed_in.position if self.signed_in else 0
        if position and self.asof_text == "":
            names = tuple(projection.name for projection in projections)
            self.behind = not await self.app.reached(self.tenant, names, position, PATIENCE)

    async def reached(self, result: CommandResult) -> None:
        """Remember the person's own command, so that their next page waits for it.

        What was recorded stays recorded when Redis is away: then the next page may lack it for a moment.
        """
        if self.signed_in is None:
            return
        try:
            await self.app.sessions.advance(self.session_id, result.last)
        except RedisError as reason:
            log.warning("a position is not remembered", reason=short(reason))


def in_the_past(viewing: Viewing) -> bool:
    """For pages that are heavy as of a moment: what is read from tables now is folded then."""
    return viewing.asof_text != ""


def read_moment(text: str) -> int | datetime | None:
    """A position (131, #131), a moment (2023-11-20T14:05, 14:05 20/11/2023) or a day, which means its last instant.

    Times without a zone are Viet Nam's. None when it is none of these, or lies beyond the years that are looked at.
    """
    bare = text.removeprefix("#")
    if bare.isascii() and bare.isdecimal() and len(bare) < DIGITS:
        return int(bare)
    if (day := read_day(text)) is not None:
        text = f"{day.isoformat()}T23:59:59.999999"
    clock, _, rest = text.partition(" ")
    if (day := read_day(rest.strip())) is not None:
        text = f"{day.isoformat()}T{clock}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not is_looked_at(moment):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
