"""The frame of every page: where one can go from here, and who one is."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from domain.permissions import Act, Actor, Subject, could, is_of_a_commune, may
from domain.season import State
from infra.reference.rulebooks import Rulebooks
from projections.tables.seasons import SEASONS, SeasonRow
from services.clock import Clock
from services.web.viewing import Viewing

#: Whom the menu is for before anybody has signed in.
NOBODY = Actor("", ())


class Chip(NamedTuple):
    """The season that the frame of a page names: `Năm đánh giá 2023`, `Bộ tiêu chí 25/2021`.

    `others` are those that one changes to from the menu: open rounds for practice, and from one of them the current
    year. `row` says who takes part in the season, and who decides on them.
    """

    season: str
    rulebook: str
    row: SeasonRow
    others: tuple[str, ...] = ()


class MenuLink(NamedTuple):
    """A way on. `current`: this is where we are."""

    label: str
    href: str
    current: bool


class MenuGroup(NamedTuple):
    """Links under a title, "" for the first group."""

    title: str
    links: list[MenuLink]


class Frame:
    """The frame of one page for one person."""

    def __init__(self, viewing: Viewing, chip: Chip | None) -> None:
        self._viewing = viewing
        self._chip = chip
        self._url = viewing.url.now()
        self._say = viewing.words.say
        self._actor = viewing.person or NOBODY
        self._mandates = self._actor.mandates

    @property
    def rail(self) -> list[MenuGroup]:
        """The pages this person works with, by what the policy permits."""
        say, url = self._say, self._url
        work = [self._link(say("Việc của tôi"), url.work())]
        year: list[MenuLink] = []
        if self._chip:
            season = self._chip.season
            work.append(self._link(say("Bảng đánh giá"), url.board(season)))
            if own := self._own_commune:
                work.append(self._link(say("Hồ sơ"), url.dossier(season, own)))
            if self._appraises:
                work.append(self._link(say("Thẩm định"), url.appraisals(season)))
            if not all(map(is_of_a_commune, self._mandates)):
                work.append(self._link(say("Hội đồng"), url.council(season)))
            if self._works_on_reviews:
                work.append(self._link(say("Xem xét lại việc công nhận"), url.reviews(season)))
            year.append(self._link(say("Năm đánh giá"), url.season(season)))
            boards = [(say("Bảng đánh giá năm %(season)s", season=one), url.board(one)) for one in self._chip.others]
            year += [self._link(label, href) for label, href in boards]
            if own:
                year.append(self._link(say("Nhật ký"), url.trail(season, own)))
        if may(self._actor, Act.VIEW_TRAIL_OF_PROVINCE):
            year.append(self._link(say("Nhật ký toàn tỉnh"), url.trail_of_province()))
        year.append(self._link(say("Kết xuất"), url.exports()))
        year.append(self._link(say("Kết quả công bố"), url.register()))
        year.append(self._link(say("Bộ tiêu chí"), url.rulebooks()))
        if may(self._actor, Act.PLAN_SEASON):
            year.append(self._exactly(say("Lập kế hoạch năm đánh giá"), url.seasons()))
            year.append(self._link(say("Quản trị"), url.admin()))
        title = say("Năm %(season)s", season=self._chip.season) if self._chip else say("Khác")
        return [MenuGroup("", work), MenuGroup(title, year)]

    @property
    def bottom_bar(self) -> list[MenuLink]:
        """Four ways on, for the phone."""
        say, url = self._say, self._url
        links = [self._link(say("Việc của tôi"), url.work())]
        if self._chip:
            season = self._chip.season
            if own := self._own_commune:
                links.append(self._link(say("Hồ sơ"), url.dossier(season, own)))
            links.append(self._link(say("Bảng"), url.board(season)))
            if not all(map(is_of_a_commune, self._mandates)):
                links.append(self._link(say("Họp"), url.council(season)))
        links.append(self._link(say("Thêm"), url.more()))
        return links

    @property
    def office(self) -> str:
        """The person by position."""
        return self._say(f"position.{self._mandates[0].position}") if self._mandates else ""

    @property
    def present(self) -> str:
        """This very page, today."""
        return self._with({"asof": None, "clock": None})

    @property
    def by_other_clock(self) -> str:
        """This very page and moment by the other clock, "" where there is none."""
        if not self._viewing.has_other_clock:
            return ""
        return self._with({"clock": Clock.EFFECTIVE if self._viewing.clock is Clock.RECORDED else None})

    def _with(self, changed: Mapping[str, str | None]) -> str:
        """The address of this page with another query: None takes a name away."""
        path, _, query = self._viewing.address.partition("?")
        kept = [(name, value) for name, value in parse_qsl(query) if name not in changed]
        rest = urlencode(kept + [(name, value) for name, value in changed.items() if value is not None])
        return f"{path}?{rest}" if rest else path

    @property
    def _own_commune(self) -> str:
        """The person's commune that has a dossier in the season, "" for none."""
        own = [mandate.unit for mandate in self._mandates if is_of_a_commune(mandate)]
        return next((unit for unit in own if self._chip and self._chip.row.has_dossier_of(unit)), "")

    @property
    def _appraises(self) -> bool:
        """Whether the person appraises for a unit that decides in the season."""
        deciding = self._chip.row.deciding_units if self._chip else ()
        return any(may(self._actor, Act.CONCLUDE_APPRAISAL, Subject(decided_by=unit)) for unit in deciding)

    @property
    def _works_on_reviews(self) -> bool:
        """Whether the person conducts reviews, concludes them, or sees those of the whole province."""
        by_position = could(self._actor, Act.CONDUCT_REVIEW) or could(self._actor, Act.CONCLUDE_REVIEW)
        return by_position or may(self._actor, Act.VIEW_REVIEW)

    def _exactly(self, label: str, href: str) -> MenuLink:
        """A link to a page that has others below it with links of their own."""
        return MenuLink(label, href, self._viewing.path == href.partition("?")[0])

    def _link(self, label: str, href: str) -> MenuLink:
        here = self._viewing.path
        bare = href.partition("?")[0]
        return MenuLink(label, href, here == bare or here.startswith(bare + "/"))


async def read_chip(viewing: Viewing, season: str | None) -> Chip | None:
    """The season that a page names: the one asked for, else an open one, else the latest.

    Of several open ones it is the latest whose year has begun: people still work on this year when the next is open.
    A round for practice is chosen by the address or the menu, and named by itself only where there is no other.
    """
    async with viewing.app.reads.at(viewing.tenant, viewing.upto) as view:
        seasons = await view.all(SEASONS)
    return chip_among(seasons, season, viewing.app.rulebooks, viewing.today)


def chip_among(seasons: Iterable[SeasonRow], season: str | None, rulebooks: Rulebooks, today: date) -> Chip | None:
    """The same where the seasons have been read."""
    rows = list(seasons)
    current = max(rows, key=lambda row: _precedence(row, today), default=None)
    named = current if season is None else next((row for row in rows if row.season == season), None)
    if named is None or current is None:
        return None
    rulebook = rulebooks.find(named.rulebook_sha256) or rulebooks.named(named.rulebook)
    practice = sorted(row.season for row in rows if row.is_practice and row.state is State.OPEN)
    others = [current.season, *practice] if named.is_practice else practice
    return Chip(
        named.season,
        rulebook.short if rulebook else named.rulebook,
        named,
        tuple(dict.fromkeys(one for one in others if one != named.season)),
    )


def _precedence(row: SeasonRow, today: date) -> tuple[object, ...]:
    return not row.is_practice, row.state is State.OPEN, row.year <= today.year, row.order
