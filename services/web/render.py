"""From a template and a view to bytes.

A page is `<name>/index.html` and extends `base.html`; the parts of it that change by themselves are fragments,
`<name>/_part.html`, included by the page and sent alone to htmx, so that both show the same.

Every template knows
    visit      who looks at which province (`visit.tenant`, `visit.person`, `visit.past`, `visit.words` …)
    url        addresses within the province: `url.dossier(season, commune)`
    _          sentences: `_("Còn %(n)s chỉ tiêu", n=3)`
    may        `may("assessment:submit", subject)`: the same question the use case asks; False in the past
    Act        the acts by name, for `may(Act.SUBMIT, subject)`
    refusal    why the form just sent was refused (services/web/refusals.py), else None
    typed      what was typed into it: `value="{{ typed.points|default(row.points|points, true) }}"`
    asset      address of a static file; filters num, points, signed, pct, date, moment, instant, size, listed, season
    practice   a test: `{% if season is practice %}`
and imports its parts: `{% import "_parts.html" as parts with context %}`.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2.runtime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from domain.season import is_practice
from domain.text import KINDS
from infra.platform.slicing import in_slices
from services.i18n import Words
from services.indents import Unindented
from services.web.assets import Assets

#: The folders of templates: each area has its own, and the frame of all pages.
TEMPLATES = tuple(sorted(Path(__file__).parents[1].rglob("templates")))
#: Below this many bytes gzip saves no packet.
WORTH_PACKING = 1_000
#: How hard gzip tries, and how many bytes it is given at a time.
LEVEL, BLOCK = 5, 100_000


class Renderer:
    """Templates in every language."""

    def __init__(self, words: dict[str, Words], assets: Assets, folders: Sequence[Path] = TEMPLATES) -> None:
        self._environments = {locale: _environment(spoken, assets, folders) for locale, spoken in words.items()}

    def environment(self, locale: str) -> Environment:
        """The templates in this language."""
        return self._environments[locale]

    def render(self, template: str, locale: str, view: dict[str, Any]) -> str:
        """The template filled with the view; what the view lacks is an error, not an empty place."""
        return "".join(self.pieces(template, locale, view))

    def pieces(self, template: str, locale: str, view: dict[str, Any]) -> Iterator[str]:
        """The same in pieces, each made when it is asked for."""
        made: list[Context] = []
        try:
            yield from self._environments[locale].get_template(template).generate({**view, Context.MADE: made})
        finally:
            for context in made:
                context.forget()


class Context(jinja2.runtime.Context):
    """What one template knows. It and the macros that it imports hold each other, and so all that the page was made of:
    when the page is made, it forgets.
    """

    #: Where the contexts of one page are kept; passed on from template to template like everything they know.
    MADE = "contexts_made"

    def __init__(self, environment: Environment, parent: dict[str, Any], *rest: Any, **known: Any) -> None:
        super().__init__(environment, parent, *rest, **known)
        if self.MADE in parent:
            parent[self.MADE].append(self)

    def forget(self) -> None:
        for held in (self.vars, self.parent, self.blocks):
            held.clear()
        self.exported_vars.clear()


def answer(
    html: str,
    *,
    status: int = 200,
    accepts_gzip: bool = True,
    packed: bytes | None = None,
    headers: dict[str, str] | None = None,
    cookies: list[Cookie] | None = None,
    media_type: str = "text/html",
) -> Response[bytes]:
    """The page as an answer, never kept by shared caches: packed where the browser takes it, `packed` if that is
    done already.
    """
    body = html.encode()
    sent = {"Vary": "Accept-Encoding, HX-Request, Cookie", "Cache-Control": "no-store", **(headers or {})}
    if accepts_gzip and len(body) >= WORTH_PACKING:
        body = packed or gzip.compress(body, LEVEL, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Response(body, status_code=status, media_type=media_type, headers=sent, cookies=cookies or [])


async def pack(html: str) -> bytes | None:
    """A page packed in slices; None where it is not worth it."""
    body = html.encode()
    if len(body) < WORTH_PACKING:
        return None
    packer = zlib.compressobj(LEVEL, wbits=31)  # 31: as gzip
    blocks = (packer.compress(body[place : place + BLOCK]) for place in range(0, len(body), BLOCK))
    return b"".join([*await in_slices(blocks), packer.flush()])


def _environment(words: Words, assets: Assets, folders: Sequence[Path]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", Unindented],
        auto_reload=False,
    )
    environment.context_class = Context
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.say, lambda one, many, n: words.say(one if n == 1 else many), newstyle=False
    )
    environment.globals.update(_=words.say, asset=assets.url, words=words, glyph=glyphs(assets), room=room)
    environment.filters.update(words.filters())
    environment.tests["practice"] = is_practice
    return environment


def room(field: str) -> Markup:
    """The attribute that keeps a field on one line to what a fact takes; "" for what no fact holds.

    Text areas have none: a browser cuts what is pasted without a word, where our refusal keeps it and says the limit.
    """
    kind = KINDS.get(field)
    return Markup("") if kind is None else Markup(' maxlength="{}"').format(kind.limit)


def glyphs(assets: Assets) -> Callable[..., Markup]:
    """`glyph(name, label, large, kind)`: a symbol of the sprite. With a label it speaks, without one a word stands
    beside it. A function and not a macro: a board holds thousands.
    """
    sprite = assets.url("sprite.svg")

    @cache
    def glyph(name: str, label: str = "", large: bool = False, kind: str = "") -> Markup:  # noqa: FBT001, FBT002 - templates name it
        classes = " ".join(one for one in ("g", "l" if large else "", kind) if one)
        said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        return Markup('<svg class="{}" {}><use href="{}#{}"/></svg>').format(classes, said, sprite, name)

    return glyph
