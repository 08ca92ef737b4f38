"""One visit to a province: what was typed, what it commands, and how it is answered.

What a visit is, it is step by step, and what needs only a part of it asks for no more:

    RequestTarget  services/web/request_target.py  the address, its parameters, the browser
    Visitor        services/web/visitor.py         who asks, and in which province
    Viewing        services/web/viewing.py         the moment that is looked at, and the read models as they stood then
    Visit          here                            what was typed, and the answer
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from litestar import Response
from litestar.connection import ASGIConnection

from domain.errors import NotFound, Refused
from domain.permissions import Act, Actor, Subject, may
from infra.log.group_commit import CommandResult
from infra.platform.slicing import in_slices
from infra.readmodels.reading import BeingRebuilt
from services.command_ids import sent_by
from services.web import security
from services.web.form_fields import Typed
from services.web.frame import Chip, Frame, chip_among, read_chip
from services.web.log_lines import log_refusal
from services.web.note_access import note_refused
from services.web.refusals import Refusal, explain
from services.web.render import answer, pack
from services.web.request_target import DIGITS
from services.web.sent_form import in_words
from services.web.site import Site
from services.web.typed_text import echo_of
from services.web.urls import plain_address
from services.web.viewing import Viewing
from services.web.visitor import SignInNeeded
from services.work import Work

PageResponse: TypeAlias = Response[Any]


class Visit(Viewing):
    """One request, from its admission to its answer."""

    def __init__(self, site: Site, request: "ASGIConnection[Any, Any, Any, Any]") -> None:
        super().__init__(site, request)
        self.typed = Typed()
        self.refusal: Refusal | None = None
        #: A part of the page, with its view, that htmx gets beside the refusal: what it holds has changed meanwhile.
        self.renewed: tuple[str, dict[str, Any]] | None = None
        self._status = HTTPStatus.OK

    async def end(self) -> None:
        """The answer is sent: let go of what was typed and of the request, which would hold each other for ever."""
        typed, self.typed = self.typed, Typed()
        del self.request
        await typed.close()

    # What was typed, and what it commands -------------------------------------------------------------

    def may(self, deed: Act | str, subject: Subject | None = None) -> bool:
        """Whether the person could do this here and now; nobody changes the past, or a province that is suspended.

        Where the latter was just refused, the form is shown once more, for it holds what was typed.
        """
        if self.person is None or self.past is not None or (self.tenant.is_suspended and self.refusal is None):
            return False
        return may(self.person, Act(deed), subject or Subject())

    @property
    def command(self) -> UUID:
        """The number of the form: the same press twice is one command."""
        return self.typed.identifier("command") or uuid4()

    @property
    def version(self) -> int | None:
        """The version of the thing that the person looked at when editing it."""
        return self.version_of("version")

    def version_of(self, field: str) -> int | None:
        """The version that a hidden field names; None without one, and 0 for a spoilt one, which is stale."""
        if not (seen := self.typed.text(field)):
            return None
        return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < DIGITS else 0

    def work(self, anybody: Actor | None = None) -> Work:
        """This request's command: `await seasons.open_season(visit.work(), …)`. `anybody` acts without signing in."""
        self.since = self.seasons = None  # what is looked at after the command shows it
        actor = anybody or self.actor
        person = f"{actor.person}\n{self.browser}" if anybody else actor.person
        return self.app.work(self.tenant, actor, sent_by(person, self.command))

    # The answer ---------------------------------------------------------------------------------------

    async def page(
        self,
        template: str,
        *,
        fragment: str | None = None,
        season: str | None = None,
        status: int | None = None,
        **view: Any,
    ) -> PageResponse:
        """The page, or to htmx its fragment. `season` is the one the frame names (else the current one)."""
        if fragment and self.is_partial:
            return await self._rendered(fragment, status, season=season, **view)
        return await self._rendered(template, status, chip=await self._chip(season), season=season, **view)

    async def done(self, result: CommandResult, *, to: str, fragment: str | None = None, **view: Any) -> PageResponse:
        """The answer to an act that was recorded: the page again (303), or to htmx the fragment, which takes the place
        of a refusal too.
        """
        await self.reached(result)
        if self.is_partial:
            if fragment:
                return await self._rendered("_done.html", None, fragment=fragment, **view)
            return Response(b"", status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": plain_address(to)})
        return self.see(to)

    def see(self, to: str) -> PageResponse:
        """Go on to another page."""
        return Response(
            b"",
            status_code=HTTPStatus.SEE_OTHER,
            headers={"Location": plain_address(to), "Cache-Control": "no-store"},
            cookies=self.cookies,
        )

    async def leave_for(self, to: str) -> PageResponse:
        """Answer a form by a page that goes on to another site by itself, or by its link.

        Not by a redirect: browsers hold every redirect after a form to `form-action`, however many sites it passes.
        """
        answered = await self.page("signin/onward.html", to=to)
        answered.headers["Refresh"] = f"0;url={plain_address(to)}"
        return answered

    def object_to(self, refused: Refused) -> None:
        """Say on the page that a part of what its address asks for is refused, and why; the rest is shown."""
        self.refusal = explain(refused, self.words)
        self._status = HTTPStatus(self.refusal.status)

    async def refuse(
        self, refused: Refused, again: Callable[..., Awaitable[PageResponse]] | None, **where: str
    ) -> PageResponse:
        """The answer to an act that was refused: the page with the reason and what was typed, or the reason."""
        self.object_to(refused)
        if again is None or isinstance(refused, SignInNeeded):
            raise refused
        if isinstance(refused, NotFound):
            return await self._not_found(refused, again, **where)
        log_refusal(self, refused)
        await note_refused(self, refused)
        page = await again(self, **where)  # or there is no such page, whatever else is wrong
        return self.refusal_alone() if self.is_partial else page

    async def _not_found(
        self, missing: NotFound, again: Callable[..., Awaitable[PageResponse]], **where: str
    ) -> PageResponse:
        """The page of a form that names what is not there; where there is no such page, `missing` as it is."""
        self.object_to(NotFound(**{"reason": "in-form", **missing.details}))
        try:
            page = await again(self, **where)
        except NotFound:
            self.object_to(missing)
            raise missing from None
        log_refusal(self, missing)
        await note_refused(self, missing)
        return self.refusal_alone() if self.is_partial else page

    def refusal_alone(self) -> PageResponse:
        """The reason alone, for htmx: into `#refusal`, so that the form being filled is not touched; with it what the
        page has `renewed`.
        """
        assert self.refusal is not None  # noqa: S101 - set by whoever refuses
        template, view = self.renewed or ("", {})
        response = self.answer("_refusal.html", self.refusal.status, renewed=template, **view)
        response.headers.update({"HX-Retarget": "#refusal", "HX-Reswap": "innerHTML show:window:top"})
        return response

    def answer(self, template: str, status: int, **view: Any) -> PageResponse:
        """A small page or fragment at once, with nothing looked up for its frame."""
        return self._answer(self.site.renderer.render(template, self.locale, self._known(view)), status)

    async def _rendered(self, template: str, status: int | None, **view: Any) -> PageResponse:
        """The answer, made in slices: a large page takes longer than others may be kept waiting.

        Where it does not hold what was typed into the form that was refused, it is made again with that beside it.
        """
        html = await self._made(template, view)
        if self.refusal is not None and self.typed.pairs and not self.is_partial:
            echo = await echo_of(html, self.typed.pairs, self.path)
            if self.refusal.code == "field-missing" or not echo.holds_all(self.refusal):
                echoed = in_words(echo.left_out, self.words)
                html = await self._made(template, {**view, "echo": echo, "echoed": echoed})
        return self._answer(html, status or self._status, await pack(html) if self.accepts_gzip else None)

    async def _made(self, template: str, view: dict[str, Any]) -> str:
        return "".join(await in_slices(self.site.renderer.pieces(template, self.locale, self._known(view))))

    def _answer(self, html: str, status: int, packed: bytes | None = None) -> PageResponse:
        return answer(
            html,
            status=status,
            accepts_gzip=self.accepts_gzip,
            packed=packed,
            headers={"Content-Security-Policy": security.content_policy()},
            cookies=self.cookies,
        )

    def _known(self, view: dict[str, Any]) -> dict[str, Any]:
        """The view, and what every template knows (services/web/render.py)."""
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
            "practised": (),
            "new_command": uuid4,
            **view,
        }

    async def _chip(self, season: str | None) -> Chip | None:
        """The season of the frame; none while the read models are being made."""
        if self.province is None or self.person is None:
            return None
        try:
            if self.seasons is not None:
                return chip_among(self.seasons, season, self.app.rulebooks, self.today)
            return await read_chip(self, season)
        except BeingRebuilt:
            return None
