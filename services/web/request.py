"""One request to one province: who asks, what they may see, what they sent, and how they are answered.

How a page module is written
----------------------------
A module in `services/web/pages/` is found by itself; it lists its handlers in `ROUTES`. A page that shows something
and the acts that change it stand together:

    @page(urls.DOSSIER)
    async def show(visit: Visit, season: str, commune: str) -> Answer:
        sheet = await ...                                    # read rows; `await visit.own_write(SHEETS)` before
        return await visit.page("dossier/index.html", fragment="dossier/_sheet.html", season=season, sheet=sheet)

    @act(urls.DOSSIER + "/cham-diem", again=show)
    async def score(visit: Visit, season: str, commune: str) -> Answer:
        receipt = await assessing.score_indicator(visit.work(), season, commune, visit.typed.needed("indicator"),
                                                  visit.typed.decimal("points"), version=visit.version)
        return await visit.done(receipt, to=visit.url.dossier(season, commune))

    ROUTES = [show, score]

* Every page needs a signed-in person with a mandate in that province, unless it says `@page(path, public=True)`;
  the tenant comes from the address and must be the session's own, else there is no such page (404).
* Every act is a POST. Its form holds `{{ parts.hidden() }}` (token and command id) and, where somebody edits what they
  looked at, `{{ parts.hidden(version=row.version) }}`. The same command id gives the same receipt.
* What a use case refuses (`domain.errors.Refused`) is answered by the page `again` with the refusal on top and what was
  typed still in the fields (`typed`): the page that holds the form, whatever else the address would show;
  without `again`, by a page of its own. What the page holds no longer is listed beside the refusal (`echo.py`). htmx
  gets the refusal alone, into the page's `#refusal`, so the form that is being filled stays as it is.
* `done` answers 303 to the page, or, to htmx and given `fragment`, that fragment at once. It remembers the position
  of the receipt, so that the person's next page can wait for it (`own_write`).
* The past: `?asof=` works on every page, unless it says `@page(path, past=False)` because nothing on it was recorded.
  Read rows with `visit.reads()` and facts up to `visit.upto`, and the page is right then as it is now. In the past
  `may` is False, `today` is that day, and the frame says so. `?clock=effective` asks for what had taken effect then; a
  dossier's page that shows more than the dossier says `@page(path, effective=False)`.
"""

import functools
import inspect
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeAlias
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID, uuid4

import structlog
from litestar import HttpMethod, Response, post, route
from litestar.connection import ASGIConnection, Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Scope
from redis.exceptions import RedisError

from domain.errors import NotFound, Refused, SeasonNotOpen, UnknownCommune
from domain.policy import Act, Actor, Subject, may
from infra.attempts import Attempts
from infra.database import begun_again
from infra.groupcommit import Receipt
from infra.pool import Pool
from infra.readmodels import BeingRebuilt
from infra.sessions import Session
from infra.slicing import in_slices
from infra.tenants import REGISTERED, Tenant
from projections.fold import Projection
from projections.seasons import SEASONS, SeasonRow
from services import i18n
from services.clock import VIETNAM, is_looked_at, today
from services.command_ids import sent_by
from services.i18n import Words
from services.web import security, urls
from services.web.access import note_refused
from services.web.apart import Turns, made_apart
from services.web.backing import Backing, Chip, Clock, Past
from services.web.bodies import FORM_LIMIT, PUBLIC_FORM_LIMIT, Bodies, readable
from services.web.echo import echo_of
from services.web.forms import Typed, read_day
from services.web.frame import Frame
from services.web.made import Made
from services.web.pacing import Pace, Seldom
from services.web.refusals import Refusal, explain
from services.web.render import Renderer, answer, pack
from services.web.sent import in_words
from services.web.shared import Shared
from services.web.throttling import sender_of
from services.web.urls import Moment, Urls

if TYPE_CHECKING:
    from infra.readmodels import View
    from services.work import Work

Answer: TypeAlias = Response[Any]
P = ParamSpec("P")

log = structlog.get_logger("web")

#: For how many seconds a process may not notice that the registry changed.
REMEMBERED = 5.0

#: How long a page waits for the person's own last write (experience: at most two seconds).
PATIENCE = 2.0

#: No position and no version has so many digits.
DIGITS = 16

#: A line of the log holds so much of one thing.
LONGEST = 200

#: How a page is looked at: HEAD is answered as GET, without the body.
LOOKING = ("GET", "HEAD")


class SignInNeeded(Refused):
    """Nobody is signed in here, or the session has ended."""

    code: ClassVar[str] = "sign-in-needed"


class NotEnrolled(Refused):
    """The person signed in, but nobody enrolled them in this province or gave them a mandate in force today."""

    code: ClassVar[str] = "not-enrolled"


class AddressUnreadable(Refused):
    """A parameter of the address is not UTF-8 or holds U+0000."""

    code: ClassVar[str] = "address-unreadable"


class NotAMoment(Refused):
    """`?asof=` names no moment; `typed` keeps what it says."""

    code: ClassVar[str] = "not-a-moment"


class NotThereThen(Refused):
    """What the address names was not there at the moment `asof`, if it is at all; the `reason` says what it names."""

    code: ClassVar[str] = "not-there-then"


class Kept:
    """What pages made of a moment of the read models, for the next request that looks at the same moment."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable) -> object | None:
        """What was kept under this key, or None."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: Hashable, value: object) -> None:
        """Keep it until it is one of the longest unused."""
        self._values[key] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def made(self, *key: Hashable) -> Made[Any]:
        """What was made of rows for this purpose."""
        found = self.get(key)
        if not isinstance(found, Made):
            found = Made()
            self.put(key, found)
        return found


class Web:
    """What all requests share."""

    def __init__(self, backing: Backing, renderer: Renderer, words: Mapping[str, Words]) -> None:
        self.backing = backing
        self.renderer = renderer
        self.words = words
        self.cookies = security.Cookies(backing.public_url)
        self.attempts = Attempts(backing.encryption, self.cookies.attempt)
        self.kept = Kept()
        self.shared = Shared()
        self.turns = Turns()
        self.bodies = Bodies()
        self.pace = Pace()
        self.seldom = Seldom()
        self._provinces: dict[str, tuple[Tenant, float]] = {}

    async def province(self, slug: str) -> Tenant | None:
        """The province at this address; remembered for a few seconds."""
        held = self._provinces.get(slug)
        if held is not None and held[1] > time.monotonic():
            return held[0]
        tenant = await self.backing.provinces.by_slug(slug)
        if tenant is None or tenant.state == REGISTERED:
            return None
        self._provinces[slug] = (tenant, time.monotonic() + REMEMBERED)
        return tenant


class Visit:
    """One request. Attributes that a public page may lack (`actor`, `session`) refuse when asked for."""

    def __init__(self, web: Web, request: "ASGIConnection[Any, Any, Any, Any]") -> None:
        self.web = web
        self.request = request
        self.province: Tenant | None = None
        self.signed_in: Session | None = None
        self.person: Actor | None = None
        self.typed = Typed()
        self.refusal: Refusal | None = None
        #: A part of the page, with its view, that htmx gets beside the refusal: what it holds has changed meanwhile.
        self.renewed: tuple[str, dict[str, Any]] | None = None
        self.past: Past | None = None
        self.behind = False
        #: The facts before which some of what the page shows stands: they cannot be read, or not be shown.
        self.lacks: set[int] = set()
        #: The seasons of the province as the page saw them; None where it did not look.
        self.seasons: list[SeasonRow] | None = None
        self.cookies: list[Cookie] = []
        self._had_its_turn = False
        #: Why the session could not be looked up: nobody knows whether somebody is signed in.
        self.sessions_away: RedisError | None = None
        #: What the page shows is no older than this moment (time.monotonic()); None for the moment at which it looks.
        self.since: float | None = time.monotonic()
        self._status = HTTPStatus.OK

    async def end(self) -> None:
        """The answer is sent: let go of what was typed and of the request, which would hold each other for ever."""
        typed, self.typed = self.typed, Typed()
        del self.request
        await typed.close()

    async def in_turn(self) -> None:
        """Of somebody without a session: wait until this address has its turn. Raises TooFast."""
        if not self._had_its_turn:
            self._had_its_turn = True
            await self.web.pace.turn(sender_of(self))

    # Who and where ------------------------------------------------------------------------------------

    @property
    def tenant(self) -> Tenant:
        if self.province is None:
            raise NotFound
        return self.province

    @property
    def session(self) -> Session:
        if self.signed_in is None:
            raise SignInNeeded
        return self.signed_in

    @property
    def actor(self) -> Actor:
        if self.person is None:
            raise SignInNeeded
        return self.person

    @property
    def is_at_work(self) -> bool:
        """Whether somebody with a mandate in this province is signed in."""
        return self.person is not None and bool(self.person.mandates)

    @property
    def is_looking(self) -> bool:
        """Whether a page is looked at: its address shows it again. What answers a form has no such address."""
        return self.request.scope.get("method") in LOOKING

    @property
    def is_anonymous(self) -> bool:
        """Whether the browser holds no session, not even one that has ended."""
        return not self.request.cookies.get(self.web.cookies.session)

    @property
    def shown_alike(self) -> Hashable:
        """What the page of somebody without a session depends on, beside what is recorded."""
        return self.tenant, self.address, self.locale, self.is_partial, self._accepts_gzip

    @property
    def backing(self) -> Backing:
        return self.web.backing

    @property
    def house(self) -> Any:
        """The whole house (`services/wiring.py`): read models, the log, files, rulebooks."""
        return self.web.backing.house

    @property
    def url(self) -> Urls:
        """Addresses in this province; in the past they stay in the past."""
        return Urls(self.province.slug if self.province else "", self.moment)

    @property
    def today(self) -> date:
        """The day on which the page is seen: in the past, that of the moment."""
        return self.past.moment.astimezone(VIETNAM).date() if self.past else today()

    @property
    def locale(self) -> str:
        chosen = self.request.cookies.get(self.web.cookies.language, "")
        if chosen in i18n.LOCALES:
            return chosen
        return self.province.locale if self.province and self.province.locale in i18n.LOCALES else "vi"

    @property
    def words(self) -> Words:
        return self.web.words[self.locale]

    @property
    def address(self) -> str:
        """Path and query of this page, as they stand in a link that comes back to it."""
        query = self.request.scope["query_string"].decode("latin-1")
        return quote(self.path) + (f"?{query}" if query else "")

    @property
    def path(self) -> str:
        """The path of this page. Not taken from a whole address, for which the Host header would have to be one."""
        return str(self.request.scope["path"])

    @property
    def way_back(self) -> str:
        """The page of the form that was sent here, or that an address is the act of; "" where there is none, or this is
        it. Which indicator was open there, the browser says.
        """
        if self.province is None:
            return ""
        page = own_path(urls.page_of(self.path), self.province.slug)
        if not page or (page == self.path and self.request.scope.get("method") in LOOKING):
            return ""
        came_from = urlsplit(self.request.headers.get("referer", ""))
        query = came_from.query if unquote(came_from.path) == page else ""
        return own_path(quote(page) + (f"?{query}" if query else ""), self.province.slug)

    def may(self, deed: Act | str, subject: Subject | None = None) -> bool:
        """Whether the person could do this here and now; nobody changes the past, or a province that is suspended.

        Where the latter was just refused, the form is shown once more, for it holds what was typed.
        """
        if self.person is None or self.past is not None or (self.tenant.is_suspended and self.refusal is None):
            return False
        return may(self.person, Act(deed), subject or Subject())

    # What was asked -----------------------------------------------------------------------------------

    def query(self, name: str) -> str:
        """A parameter of the address, "" when absent."""
        return str(self.request.query_params.get(name, "")).strip()

    def queries(self, name: str) -> list[str]:
        """All values of a parameter that may come several times, without empty ones."""
        return [text for value in self.request.query_params.getall(name, []) if (text := str(value).strip())]

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a fragment, not for a page."""
        headers = self.request.headers
        return (
            headers.get("hx-request") == "true"
            and headers.get("hx-boosted") != "true"
            and headers.get("hx-history-restore-request") != "true"
        )

    @property
    def command(self) -> UUID:
        """The number of the form: the same press twice is one command."""
        return self.typed.identifier("command") or uuid4()

    @property
    def sender(self) -> str:
        """Who sends a form, as far as can be told where nobody signs in: by the browser, which says the same of itself
        in a repeat. Its address may be another one then.
        """
        headers = self.request.headers
        return "\n".join(headers.get(name, "") for name in ("user-agent", "accept-language"))

    @property
    def version(self) -> int | None:
        """The version of the thing that the person looked at when editing it."""
        return self.version_of("version")

    def version_of(self, field: str) -> int | None:
        """The version that a hidden field names; None without one, and 0 for a spoilt one, which is stale."""
        if not (seen := self.typed.text(field)):
            return None
        return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < DIGITS else 0

    def work(self, anybody: Actor | None = None) -> "Work":
        """This request's command: `await seasons.open_season(visit.work(), …)`. `anybody` acts without signing in."""
        self.since = self.seasons = None  # what is looked at after the command shows it
        actor = anybody or self.actor
        person = f"{actor.person}\n{self.sender}" if anybody else actor.person
        return self.backing.work(self.tenant, actor, sent_by(person, self.command))

    @property
    def asof_text(self) -> str:
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
                self.past = await self.backing.effective(self.tenant, when, where["season"], where["commune"])
            else:
                self.past = await self.backing.past(self.tenant, when)
            if self.past is None:
                raise NotFound(asof=text)
        return self.past

    @property
    def is_of_dossier(self) -> bool:
        """Whether the page is one dossier's, by its address, and shows nothing of its past but that dossier."""
        handler = self.request.route_handler
        return {"season", "commune"} <= self.request.path_params.keys() and bool(handler.opt.get("effective", True))

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

    @asynccontextmanager
    async def reads(self) -> AsyncIterator["View"]:
        """The read models as of the visit's moment."""
        async with self.house.reads.at(self.tenant, self.upto) as view:
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
            self.behind = not await self.backing.reached(
                self.tenant, tuple(one.name for one in projections), position, PATIENCE
            )

    # How it is answered -------------------------------------------------------------------------------

    async def page(
        self,
        template: str,
        *,
        fragment: str | None = None,
        season: str | None = None,
        status: int | None = None,
        **view: Any,
    ) -> Answer:
        """The page, or to htmx its fragment. `season` is the one the frame names (else the current one)."""
        if fragment and self.is_partial:
            return await self._rendered(fragment, status, season=season, **view)
        return await self._rendered(template, status, chip=await self._chip(season), season=season, **view)

    async def _chip(self, season: str | None) -> Chip | None:
        """The season of the frame; none while the read models are being made."""
        if self.province is None or self.person is None:
            return None
        try:
            if self.seasons is not None:
                chip: Chip | None = self.house.chip_among(self.seasons, season)
                return chip
            return await self.backing.chip(self.province, season, self.upto)
        except BeingRebuilt:
            return None

    async def reached(self, receipt: Receipt) -> None:
        """Remember the person's own command, so that their next page waits for it."""
        if self.signed_in is not None:
            await self._remember(receipt.last)

    async def done(self, receipt: Receipt, *, to: str, fragment: str | None = None, **view: Any) -> Answer:
        """The answer to an act that was recorded: the page again (303), or to htmx the fragment, which takes the place
        of a refusal too.
        """
        await self.reached(receipt)
        if self.is_partial:
            if fragment:
                return await self._rendered("_done.html", None, fragment=fragment, receipt=receipt, **view)
            return Response(b"", status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": plain_address(to)})
        return self.see(to)

    async def _remember(self, position: int) -> None:
        """What was recorded stays recorded when Redis is away: then the next page may lack it for a moment."""
        session_id = self.request.cookies.get(self.web.cookies.session, "")
        try:
            await self.backing.sessions.advance(session_id, position)
        except RedisError as reason:
            log.warning("a position is not remembered", reason=short(reason))

    async def leave_for(self, to: str) -> Answer:
        """Answer a form by a page that goes on to another site by itself, or by its link.

        Not by a redirect: browsers hold every redirect after a form to `form-action`, however many sites it passes.
        """
        answered = await self.page("signin/onward.html", to=to)
        answered.headers["Refresh"] = f"0;url={plain_address(to)}"
        return answered

    def see(self, to: str) -> Answer:
        """Go on to another page."""
        return Response(
            b"",
            status_code=HTTPStatus.SEE_OTHER,
            headers={"Location": plain_address(to), "Cache-Control": "no-store"},
            cookies=self.cookies,
        )

    async def _rendered(self, template: str, status: int | None, **view: Any) -> Answer:
        """The answer, made in slices: a large page takes longer than others may be kept waiting.

        Where it does not hold what was typed into the form that was refused, it is made again with that beside it.
        """
        html = await self._made(template, view)
        if self.refusal is not None and self.typed.pairs and not self.is_partial:
            echo = await echo_of(html, self.typed.pairs)
            if not echo.holds_all(self.refusal):
                echoed = in_words(echo.left_out, self.words)
                html = await self._made(template, {**view, "echo": echo, "echoed": echoed})
        return self._answer(html, status, await pack(html) if self._accepts_gzip else None)

    async def _made(self, template: str, view: dict[str, Any]) -> str:
        return "".join(await in_slices(self.web.renderer.pieces(template, self.locale, self._known(view))))

    def render(self, template: str, **view: Any) -> str:
        """A template filled with the view and what every template knows."""
        return self.web.renderer.render(template, self.locale, self._known(view))

    def _known(self, view: dict[str, Any]) -> dict[str, Any]:
        return {
            "visit": self,
            "url": self.url,
            "may": self.may,
            "Act": Act,
            "refusal": self.refusal,
            "typed": dict(self.typed) if self.refusal else {},
            "echo": None,
            "renewed": "",
            "frame": Frame(self, view.get("chip")),
            "chip": None,
            "season": None,
            "receipt": None,
            "new_command": uuid4,
            **view,
        }

    @functools.cached_property
    def csrf(self) -> str:
        """The token for the forms of this answer, "" where nobody is signed in."""
        return security.masked(self.signed_in.csrf) if self.signed_in else ""

    @property
    def _accepts_gzip(self) -> bool:
        return "gzip" in self.request.headers.get("accept-encoding", "")

    def _answer(self, html: str, status: int | None, packed: bytes | None = None) -> Answer:
        return answer(
            html,
            status=status or self._status,
            accepts_gzip=self._accepts_gzip,
            packed=packed,
            headers={"Content-Security-Policy": security.content_policy()},
            cookies=self.cookies,
        )

    def object_to(self, refused: Refused) -> None:
        """Say on the page that a part of what its address asks for is refused, and why; the rest is shown."""
        self.refusal = explain(refused, self.words)
        self._status = HTTPStatus(self.refusal.status)

    async def refuse(self, refused: Refused, again: Callable[..., Awaitable[Answer]] | None, **where: str) -> Answer:
        """The answer to an act that was refused: the page with the reason and what was typed, or the reason."""
        self.refusal = explain(refused, self.words)
        self._status = HTTPStatus(self.refusal.status)
        if again is None or isinstance(refused, (NotFound, SignInNeeded)):
            raise refused
        note_refusal(self, refused)
        await note_refused(self, refused)
        page = await again(self, **where)  # or there is no such page, whatever else is wrong
        return refusal_fragment(self) if self.is_partial else page


#: Details of refusals that help an operator: never what somebody typed, nor a name.
TELLING = ("reason", "error", "error_description", "act", "kind", "field", "state", "origin")


def note_refusal(visit: Visit, refused: Refused) -> None:
    """One line in the process's log for each refusal, at whatever stage it was made."""
    details = {name: short(value) for name in TELLING if (value := refused.details.get(name))}
    tenant = visit.province.id if visit.province else ""
    log.info("refused", code=refused.code, tenant=tenant, path=visit.path[:LONGEST], **details)


def short(value: object) -> str:
    """A value as it stands in the log: its beginning."""
    return str(value)[:LONGEST] or type(value).__name__


def refusal_fragment(visit: Visit) -> Answer:
    """The reason alone, for htmx: into `#refusal`, so that the form being filled is not touched; with it what the page
    has `renewed`.
    """
    assert visit.refusal is not None  # noqa: S101 - set by whoever refuses
    template, view = visit.renewed or ("", {})
    html = visit.render("_refusal.html", renewed=template, **view)
    response = visit._answer(html, visit.refusal.status)  # noqa: SLF001
    response.headers.update({"HX-Retarget": "#refusal", "HX-Reswap": "innerHTML show:window:top"})
    return response


# Handlers ---------------------------------------------------------------------------------------------


#: Whether a page takes long to make: always, or as it is asked for.
Heavy: TypeAlias = bool | Callable[[Visit], bool]


def in_the_past(visit: Visit) -> bool:
    """For pages that are heavy as of a moment: what is read from tables now is folded then."""
    return visit.asof_text != ""


def page(
    path: str, *, public: bool = False, past: bool = True, heavy: Heavy = False, shared: bool = False, **options: Any
) -> Callable[[Callable[P, Awaitable[Answer]]], HTTPRouteHandler]:
    """A page to look at, now or as of `?asof=`. Calling the handler in Python (as `again` does) calls the function.

    `past=False` is for pages that show nothing recorded: they know no `?asof=`. A `heavy` page, which takes the
    processor for longer than others may wait, is made by a process beside this one. A `shared` page is the same for
    everybody without a session and has nothing personal: to them it may be a moment old (`services/web/shared.py`).
    """

    def handler(function: Callable[P, Awaitable[Answer]]) -> HTTPRouteHandler:
        @functools.wraps(function)
        async def showing(*args: P.args, **kwargs: P.kwargs) -> Answer:
            visit = kwargs.get("visit", args[0] if args else None)
            assert isinstance(visit, Visit)  # noqa: S101 - every page has its visit
            if pool := _beside(visit, heavy):
                return await made_apart(visit, pool)
            if past and visit.asof_text:
                return await _seen_then(visit, lambda: function(*args, **kwargs))
            if shared and visit.is_anonymous:
                return await visit.web.shared.answer(visit.shown_alike, lambda: function(*args, **kwargs))
            return await function(*args, **kwargs)

        shown = _told(path, begun_again(showing if past or heavy else function))
        return looking_at(path, public=public, past=past, **options)(shown)

    return handler


async def _seen_then(visit: Visit, show: Callable[[], Awaitable[Answer]]) -> Answer:
    """The page as of its moment. NotThereThen where it names what had not been recorded, or not begun, by then."""
    try:
        await visit.as_of()
        return await show()
    except (NotFound, UnknownCommune, SeasonNotOpen) as refused:
        if isinstance(refused, NotFound) and not {"season", "asof"} & refused.details.keys():
            raise
        named = visit.request.path_params.keys()
        reason = "dossier" if "commune" in named else "season" if {"season"} == named - {"slug"} else ""
        raise NotThereThen(field="asof", asof=visit.asof_text, reason=reason) from refused


def looking_at(
    path: str, *, methods: Sequence[str] = LOOKING, **options: Any
) -> Callable[[Callable[P, Awaitable[Answer]]], HTTPRouteHandler]:
    """What can be looked at, with its head alone too unless `methods` says otherwise."""
    return route(path, http_method=[HttpMethod(one) for one in methods], include_in_schema=False, **options)


def act(
    path: str,
    *,
    again: Callable[..., Awaitable[Answer]] | HTTPRouteHandler | None = None,
    public: bool = False,
    heavy: Heavy = False,
    **options: Any,
) -> Callable[[Callable[P, Awaitable[Answer]]], HTTPRouteHandler]:
    """A change: POST only. A refusal is answered by the page `again`, given the same path parameters it asks for.

    `request_max_body_size=` goes with those that take files.
    """

    def handler(function: Callable[P, Awaitable[Answer]]) -> HTTPRouteHandler:
        @functools.wraps(function)
        async def acting(*args: P.args, **kwargs: P.kwargs) -> Answer:
            visit = kwargs["visit"]
            assert isinstance(visit, Visit)  # noqa: S101 - every act has its visit
            if visit.typed.refusal is None and (pool := _beside(visit, heavy)):
                return await made_apart(visit, pool)
            try:
                visit.typed.require_readable()
                # Done twice only where the form says that it is the same command.
                return await (begun_again(function) if visit.typed.identifier("command") else function)(*args, **kwargs)
            except Refused as refused:
                del kwargs["visit"]
                show = again.fn if isinstance(again, HTTPRouteHandler) else begun_again(again) if again else None
                wanted = inspect.signature(show).parameters if show else {}
                where = {name: str(value) for name, value in kwargs.items() if name in wanted}
                return await visit.refuse(refused, show, **where)

        return post(path, public=public, include_in_schema=False, status_code=HTTPStatus.OK, **options)(
            _told(path, acting)
        )

    return handler


def _beside(visit: Visit, heavy: Heavy) -> Pool | None:
    """The processes that are to make this page; None where it is made here."""
    slow = heavy if isinstance(heavy, bool) else heavy(visit)
    return visit.backing.pool if slow and visit.refusal is None else None  # a refused form is shown where it was read


def _told(path: str, function: Callable[P, Awaitable[Answer]]) -> Callable[P, Awaitable[Answer]]:
    """Mark where the parameters come from: `visit` from the door, the others from the address."""
    told = function.__annotations__
    told["visit"] = NamedDependency[Visit]
    told |= {name: FromPath[str] for name in inspect.signature(function).parameters if f"{{{name}:" in path}
    return function


# Admission --------------------------------------------------------------------------------------------


async def admit(connection: "ASGIConnection[Any, Any, Any, Any]", handler: BaseRouteHandler) -> None:
    """The one door. Nobody comes past it to a page of another province, nor without a session to any but a public one.

    It stands before every handler (a guard of the whole application) and leaves the visit in the request's state.
    """
    if connection.scope.get("method") == "OPTIONS":
        return  # which methods an address takes is no secret, and nothing is looked up for it
    visit = visit_of(connection)
    require_readable_address(connection)
    slug = connection.path_params.get("slug")
    if slug is not None:
        found = await visit.web.province(str(slug))
        if found is None:
            raise NotFound
        visit.province = found
    session_id = connection.cookies.get(visit.web.cookies.session, "")
    session = None
    try:
        session = await visit.backing.sessions.find(session_id) if session_id else None
    except RedisError as reason:  # a public page is served all the same, as to anybody
        visit.sessions_away = reason
    if session is None and not handler.opt.get("unpaced"):
        await visit.in_turn()
    changing = connection.scope.get("method") not in LOOKING
    if changing:
        security.require_own_origin(connection, visit.backing.public_url)
    if visit.province is not None and session is not None and belongs(session, visit.province):
        visit.signed_in = session
        visit.person = await visit.backing.people(visit.province, session.issuer, session.subject)
    if not handler.opt.get("public"):
        if session is None:
            if changing:
                await read_form(visit, handler)  # it is kept, or shown again
            raise visit.sessions_away or SignInNeeded
        if visit.signed_in is None:
            visit.province = None  # not even its name
            if changing:
                await read_form(visit, handler)  # what was typed is shown again
            raise NotFound
        if visit.person is None or not visit.person.mandates:
            raise NotEnrolled
    if changing:
        await read_form(visit, handler)
        require_own_form(visit)


def require_own_form(visit: Visit) -> None:
    """Refuse a form of somebody signed in that does not hold the token of their session. Raises ForeignRequest."""
    session, given = visit.signed_in, visit.typed.text("csrf")
    if session is None or security.is_token_of(session, given):
        return
    if visit.backing.sessions.is_of(security.unmasked(given), session) is False:
        held = visit.person.mandates if visit.person else ()
        raise security.ForeignRequest(origin="", reason="another-person", who=held[0].position if held else "")
    raise security.ForeignRequest(origin="")


def require_readable_address(connection: "ASGIConnection[Any, Any, Any, Any]") -> None:
    """Refuse what nobody can have stored or asked for. Raises NotFound for the path, AddressUnreadable for the rest."""
    if not all(readable(str(value)) for value in connection.path_params.values()):
        raise NotFound
    if not all(readable(text) for pair in connection.query_params.multi_items() for text in map(str, pair)):
        raise AddressUnreadable


async def read_form(visit: Visit, handler: BaseRouteHandler) -> None:
    """Take in the form, now that it is known who sends it and where to: files only from whoever may send some."""
    request = visit.request
    assert isinstance(request, Request)  # noqa: S101 - Litestar hands guards the request itself
    assert isinstance(handler, HTTPRouteHandler)  # noqa: S101 - there are no others
    most = handler.resolve_request_max_body_size() or FORM_LIMIT
    takes_files = most > FORM_LIMIT
    text = FORM_LIMIT if visit.signed_in else PUBLIC_FORM_LIMIT
    form = await visit.web.bodies.form(
        request,
        sender_of(visit),
        text=text,
        in_all=most if takes_files else text,
        keep_files=takes_files and visit.signed_in is not None,
    )
    visit.typed = Typed.of(form)


async def recognise(visit: Visit) -> None:
    """Who asks for what the door never saw, or was shut to: somebody signed in sees it in the frame of their province.

    An error page must not fail: when it cannot be known, nobody is signed in.
    """
    if visit.province is not None or visit.signed_in is not None or visit.sessions_away is not None:
        return
    backing = visit.backing
    try:
        session_id = visit.request.cookies.get(visit.web.cookies.session, "")
        session = await backing.sessions.find(session_id) if session_id else None
        tenant = await backing.provinces.by_id(session.tenant) if session else None
        if session and tenant:
            visit.person = await backing.people(tenant, session.issuer, session.subject)
            visit.province, visit.signed_in = tenant, session
    except Exception as reason:  # noqa: BLE001 - whatever is away, the page is answered
        log.warning("an error page without its frame", reason=short(reason))


async def leave(scope: Scope) -> None:
    """End the visit of a request that is answered."""
    visit = scope.get("state", {}).pop("visit", None)
    if isinstance(visit, Visit):
        await visit.end()


def belongs(session: Session, tenant: Tenant) -> bool:
    """A session is good in its own province and nowhere else."""
    return session.tenant == tenant.id


def visit_of(connection: "ASGIConnection[Any, Any, Any, Any]") -> Visit:
    """The visit of this request, made when first asked for."""
    state = connection.scope["state"]
    if "visit" not in state:
        state["visit"] = Visit(connection.app.state.web, connection)
    visit: Visit = state["visit"]
    return visit


async def provide_visit(request: "Request[Any, Any, Any]") -> Visit:
    """The dependency `visit` of every handler."""
    return visit_of(request)


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


def plain_address(address: str) -> str:
    """The address in ASCII, as headers hold it: whatever else stands in it is percent-encoded, and nothing twice."""
    return quote(address, safe="/:?#[]@!$&'()*+,;=%~")


def own_path(address: str, slug: str) -> str:
    """The address if it is a page of this province, else "": nobody is led away by a link to our sign-in."""
    try:
        parts = urlsplit(address)
    except ValueError:  # "//[" is none
        return ""
    inside = parts.path == f"/t/{slug}" or parts.path.startswith(f"/t/{slug}/")
    clean = not parts.scheme and not parts.netloc and "\\" not in address and address.isprintable()
    return address if inside and clean and "/dang-" not in parts.path else ""
