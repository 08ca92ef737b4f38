"""The decorators that make handlers of functions: `page` for what is looked at, `act` for what is changed.

How a page module is written
----------------------------
Each module `<name>_page.py` of an area is found by its name; it lists its handlers in `ROUTES`. A page that shows
something and the acts that change it stand together:

    @page(urls.DOSSIER)
    async def show(visit: Visit, season: str, commune: str) -> Answer:
        sheet = await ...                                    # read rows; `await visit.own_write(SHEETS)` before
        return await visit.page("dossier/index.html", fragment="dossier/_sheet.html", season=season, sheet=sheet)

    @act(urls.DOSSIER + "/cham-diem", again=show)
    async def score(visit: Visit, season: str, commune: str) -> Answer:
        result = await assess.score_indicator(visit.work(), season, commune, visit.typed.needed("indicator"),
                                              visit.typed.decimal("points"), version=visit.version)
        return await visit.done(result, to=visit.url.dossier(season, commune))

    ROUTES = [show, score]

* Every page needs a signed-in person with a mandate in that province, unless it says `@page(path, public=True)`;
  the tenant comes from the address and must be the session's own, else there is no such page (404).
* Every act is a POST. Its form holds `{{ parts.hidden() }}` (token and command id) and, where somebody edits what they
  looked at, `{{ parts.hidden(version=row.version) }}`. The same command id gives the same result.
* What a use case refuses (`domain.errors.Refused`) is answered by the page `again` with the refusal on top and what was
  typed still in the fields (`typed`): the page that holds the form, whatever else the address would show; without
  `again`, by a page of its own. What the page holds no longer is listed beside the refusal (`typed_text.py`). htmx gets
  the refusal alone, into the page's `#refusal`, so the form that is being filled stays as it is.
* `done` answers 303 to the page, or, to htmx and given `fragment`, that fragment at once. It remembers the position
  of the result, so that the person's next page can wait for it (`own_write`).
* The past: `?asof=` works on every page, unless it says `@page(path, past=False)` because nothing on it was recorded.
  Read rows with `visit.reads()` and facts up to `visit.upto`, and the page is right then as it is now. In the past
  `may` is False, `today` is that day, and the frame says so. `?clock=effective` asks for what had taken effect then; a
  dossier's page that shows more than the dossier says `@page(path, effective=False)`.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, ParamSpec, TypeAlias

from litestar import HttpMethod, post, route
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from domain.errors import NotFound, Refused, SeasonNotOpen, UnknownCommune
from infra.platform.database import begun_again
from infra.platform.process_pool import Pool
from services.web.page_process import made_apart
from services.web.request_target import LOOKING
from services.web.viewing import NotThereThen
from services.web.visit import PageResponse, Visit

P = ParamSpec("P")

#: Whether a page takes long to make: always, or as it is asked for.
Heavy: TypeAlias = bool | Callable[[Visit], bool]


def page(
    path: str, *, public: bool = False, past: bool = True, heavy: Heavy = False, shared: bool = False, **options: Any
) -> Callable[[Callable[P, Awaitable[PageResponse]]], HTTPRouteHandler]:
    """A page to look at, now or as of `?asof=`. Calling the handler in Python (as `again` does) calls the function.

    `past=False` is for pages that show nothing recorded: they know no `?asof=`. A `heavy` page, which takes the
    processor for longer than others may wait, is made by a process beside this one. A `shared` page is the same for
    everybody without a session and has nothing personal: to them it may be a moment old (`services/web/page_cache.py`).
    """

    def handler(function: Callable[P, Awaitable[PageResponse]]) -> HTTPRouteHandler:
        @functools.wraps(function)
        async def showing(*args: P.args, **kwargs: P.kwargs) -> PageResponse:
            visit = kwargs.get("visit", args[0] if args else None)
            assert isinstance(visit, Visit)  # noqa: S101 - every page has its visit
            if pool := _beside(visit, heavy):
                return await made_apart(visit, pool)
            if past and visit.asof_text:
                return await _seen_then(visit, lambda: function(*args, **kwargs))
            if shared and visit.is_anonymous:
                return await visit.site.shared.answer(visit.shown_alike, lambda: function(*args, **kwargs))
            return await function(*args, **kwargs)

        shown = _told(path, begun_again(showing if past or heavy else function))
        return looking_at(path, public=public, past=past, **options)(shown)

    return handler


async def _seen_then(visit: Visit, show: Callable[[], Awaitable[PageResponse]]) -> PageResponse:
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
) -> Callable[[Callable[P, Awaitable[PageResponse]]], HTTPRouteHandler]:
    """What can be looked at, with its head alone too unless `methods` says otherwise."""
    return route(path, http_method=[HttpMethod(one) for one in methods], include_in_schema=False, **options)


def act(
    path: str,
    *,
    again: Callable[..., Awaitable[PageResponse]] | HTTPRouteHandler | None = None,
    public: bool = False,
    heavy: Heavy = False,
    **options: Any,
) -> Callable[[Callable[P, Awaitable[PageResponse]]], HTTPRouteHandler]:
    """A change: POST only. A refusal is answered by the page `again`, given the same path parameters it asks for.

    `request_max_body_size=` goes with those that take files.
    """

    def handler(function: Callable[P, Awaitable[PageResponse]]) -> HTTPRouteHandler:
        @functools.wraps(function)
        async def acting(*args: P.args, **kwargs: P.kwargs) -> PageResponse:
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
    return visit.app.pool if slow and visit.refusal is None else None  # a refused form is shown where it was read


def _told(path: str, function: Callable[P, Awaitable[PageResponse]]) -> Callable[P, Awaitable[PageResponse]]:
    """Mark where the parameters come from: `visit` from the admission, the others from the address."""
    told = function.__annotations__
    told["visit"] = NamedDependency[Visit]
    told |= {name: FromPath[str] for name in inspect.signature(function).parameters if f"{{{name}:" in path}
    return function
