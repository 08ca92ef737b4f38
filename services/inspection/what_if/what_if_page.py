"""What-if pages: a dossier without some of its facts, or a season under two texts. The address holds all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from domain.errors import NotFound, Refused, WhatIfInvalid
from domain.fact import Recorded
from domain.meeting import Meeting
from domain.permissions import Act, Subject, may, permit
from domain.rates import rates_stream
from domain.rulebook import Rulebook
from infra.reference.rulebooks import Rulebooks
from projections.analysis.counterfactual import JUDGED
from projections.analysis.pivotal import Pivotal, pivotal
from projections.analysis.what_if import BALLOTS, Side, WhatIfResult, parameters, what_if, with_thresholds
from projections.tables.rates import RATES, RatesRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import Standing
from projections.tables.units import UNITS
from services.assessment.dossier_view import Case, at_rates, open_case
from services.i18n import Words
from services.inspection.dossier_facts import dossier_in_words, facts_about
from services.inspection.what_if.assumptions import Asked, Assumed, read_asked
from services.inspection.what_if.what_if import Choosing, sides_of
from services.season.calendar import calendar_seen
from services.sentences import FactSentence
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit

Shown = TypeVar("Shown")

#: Sets of several facts that are listed; the page says how many there are.
LISTED = 12


class Fact(NamedTuple):
    """A fact that may be struck out; of a file all positions. `on`: it is. `carries`: alone it carries the verdict."""

    told: FactSentence
    on: bool
    replaced: str
    carries: bool


class FactGroup(NamedTuple):
    """The facts of one indicator, or of what belongs to none ("")."""

    code: str
    facts: list[Fact]


class Together(NamedTuple):
    """A set of facts without which the commune fails (or would not), and the page that strikes it out."""

    told: list[FactSentence]
    href: str


class TextChoice(NamedTuple):
    """A text of a rulebook that may be chosen: its hash ("" for the own one), what people call it, and its own hash."""

    name: str
    label: str
    sha256: str


@page(urls.WHAT_IF, heavy=True)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """One dossier, otherwise, or by any two texts; `?tap=3` also looks for pivotal sets of two and three facts.

    WhatIfInvalid for one text on both sides of which nothing is assumed.
    """
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_TRAIL, case.subject())
    rulebooks = await visit.rulebooks()
    both = bool(visit.query("ben-trai") and visit.query("bo-tieu-chi"))
    asked = _of_two(read_asked(visit, rulebooks, case.rulebook), asks=both)
    facts = await facts_about(visit, case)
    left, under = (
        at_rates(case.followed, text, case.season.year) if (text := rulebooks.named(name)) else None
        for name in (asked.kept.left, asked.kept.rulebook)
    )

    def answer(assumed: Assumed) -> WhatIfResult:
        return what_if(facts, commune, case.rulebook, case.calendar, assumed.otherwise(facts), under, left)

    assumed, answered = _answered(visit, asked, answer)
    largest = 3 if visit.query("tap") == "3" else 1
    carried = pivotal(facts, commune, case.rulebook, case.calendar, largest)
    told = (await dossier_in_words(visit, case, facts)).by_position
    return await visit.page(
        "whatif/dossier.html",
        season=season,
        case=case,
        answered=answered,
        assumed=assumed,
        asked=asked,
        compared=bool(left or under),
        ways=_ways(case.rulebook, left, under),
        first=left or case.rulebook,
        other=under or case.rulebook,
        kept=assumed.query(visit),
        here=lambda changed: visit.url.what_if(season, commune, changed.query(visit)),
        groups=_groups(case, _strikable(facts), told, answered, assumed, carried),
        carrying=_sets(visit, case, carried.carrying, told, largest),
        failing=[_together(visit, case, [one], told) for one in carried.failing],
        found=[len(carried.of_size(size)) for size in (1, 2, 3)],
        largest=largest,
        named=told,
        parameters=_parameters(under or case.rulebook, assumed),
        rulebooks=choices(rulebooks, case.rulebook, visit.words),
        position=case.position,
    )


def _answered(visit: Visit, asked: Asked, answer: Callable[[Assumed], Shown]) -> tuple[Assumed, Shown]:
    """What is assumed, and the answer. What cannot be is refused on the page, which then answers without it all."""
    try:
        assumed = asked.assumed()
        return assumed, answer(assumed)
    except Refused as refused:
        by_added = asked.refused is None and any(asked.adding) and "field" not in refused.details
        visit.object_to(asked.placed(refused, by_added=by_added and _stands(asked.kept, answer)))
        return asked.kept, answer(Assumed())


def _stands(assumed: Assumed, answer: Callable[[Assumed], object]) -> bool:
    try:
        answer(assumed)
    except Refused:
        return False
    return True


def _strikable(facts: Iterable[Recorded]) -> list[Recorded]:
    """What the verdict and the last vote rest on; ballots only of votes that are closed."""
    closed = {
        (one.stream, one.fact.item, one.fact.round) for one in facts if isinstance(one.fact, Meeting.VoteConcluded)
    }
    return [
        one
        for one in facts
        if isinstance(one.fact, JUDGED)
        or (
            isinstance(one.fact, Meeting.BallotCast | Meeting.WrittenOpinionReceived)
            and (one.stream, one.fact.item, one.fact.round) in closed
        )
    ]


def _groups(
    case: Case,
    facts: Sequence[Recorded],
    told: dict[int, FactSentence],
    answered: WhatIfResult,
    assumed: Assumed,
    carried: Pivotal,
) -> list[FactGroup]:
    alone = {position for one in carried.of_size(1) for positions in one for position in positions}
    alone |= {position for positions in carried.failing for position in positions}
    replaced = dict(assumed.replaced)
    groups: dict[str, list[Fact]] = {code: [] for code in (*case.rulebook.by_code, "", "vote")}
    for one in facts:
        code = "vote" if isinstance(one.fact, BALLOTS) else getattr(one.fact, "indicator", "")
        groups.setdefault(code, []).append(
            Fact(
                told[one.position],
                one.position in answered.without or one.position in assumed.struck,
                replaced.get(one.position, ""),
                one.position in alone,
            )
        )
    return [FactGroup(code, found) for code, found in groups.items() if found]


def _sets(
    visit: Visit, case: Case, sets: Iterable[frozenset[frozenset[int]]], told: dict[int, FactSentence], largest: int
) -> list[list[Together]]:
    """The sets by size, of each size the first few."""
    by_size: list[list[Together]] = [[] for _ in range(largest)]
    for one in sets:
        shown = by_size[len(one) - 1]
        if len(one) == 1 or len(shown) < LISTED:
            shown.append(_together(visit, case, one, told))
    return by_size


def _together(visit: Visit, case: Case, items: Iterable[frozenset[int]], told: dict[int, FactSentence]) -> Together:
    first = sorted(min(positions) for positions in items)
    assumed = Assumed().with_struck(first)
    href = visit.url.what_if(case.sheet.season, case.sheet.commune, assumed.query(visit))
    return Together([told[position] for position in first], href)


def _parameters(rulebook: Rulebook, assumed: Assumed) -> list[tuple[str, str, object, object]]:
    """Code, kind, the rulebook's number and the one assumed."""
    other = dict(assumed.thresholds)
    kinds = {condition.code: condition.kind.value for condition in rulebook.conditions}
    return [
        (code, kinds[code.partition(".")[0]], number, other.get(code, number))
        for code, (number, _) in parameters(rulebook).items()
    ]


# A season ---------------------------------------------------------------------------------------------


class WhatIfRow(NamedTuple):
    """One commune of the season."""

    name: str
    side: Side


@page(urls.WHAT_IF_SEASON, heavy=True)
async def show_season(visit: Visit, season: str) -> PageResponse:
    """A season under any two texts of rulebooks, or with another threshold; who changes side comes first.

    On the left is what is recorded, until another text is chosen there. WhatIfInvalid for one text on both sides.
    """
    permit(visit.actor, Act.VIEW_BOARD)
    rulebooks = await visit.rulebooks()
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        if row is None:
            raise NotFound(season=season)
        rulebook = rulebooks.text(row.rulebook_sha256)

        rates = await view.one(RATES, rates_stream().subject) or RatesRow()
        at_its_rates = cache(lambda sha256: rates.applied(rulebooks.text(sha256), row.year))

        def text_of(standing: Standing) -> Rulebook:
            own = rulebooks.own_text(rulebook, standing.rulebook_sha256, decided=not standing.may_be_decided)
            return at_its_rates(own.sha256)

        asks = any(visit.query(name) for name in ("ben-trai", "bo-tieu-chi", "nguong-cua"))
        asked = _of_two(read_asked(visit, rulebooks, rulebook), asks=asks)
        left, right = (
            rates.applied(text, row.year) if (text := rulebooks.named(name)) else None
            for name in (asked.kept.left, asked.kept.rulebook)
        )

        def answer(assumed: Assumed) -> tuple[Rulebook, Choosing]:
            return with_thresholds(right or rulebook, dict(assumed.thresholds)), _with_right(right, assumed)

        assumed, (other, chosen) = _answered(visit, asked, answer)
        compared = _with_left(left), chosen
        sides = await sides_of(view, season, text_of, compared, await calendar_seen(view, visit.app.calendar))
        units = {unit.code: unit for unit in await view.all(UNITS)}
        position = view.position
    lines = [WhatIfRow(units[one.commune].full_name if one.commune in units else one.commune, one) for one in sides]
    lines.sort(key=lambda line: not line.side.changes)
    return await visit.page(
        "whatif/season.html",
        season=season,
        rulebook=rulebook,
        other=other,
        assumed=assumed,
        asked=asked,
        before=left or rulebook,
        ways=_ways(rulebook, left, right),
        incomplete=sum(any(one.left or one.asked for one in side.carried) for side in sides),
        lines=lines,
        changed=sum(one.changes for one in sides),
        corrected=bool(row.corrections),
        becomes=Counter(one.after.result for one in sides if one.changes),
        parameters=_parameters(right or rulebook, assumed),
        rulebooks=choices(rulebooks, rulebook, visit.words),
        here=lambda changed: visit.url.what_if_season(season, changed.query(visit)),
        readable=_readable(visit, row),
        position=position,
    )


def _of_two(asked: Asked, *, asks: bool) -> Asked:
    """The same; one text on both sides, with nothing assumed of it, is refused to whoever `asks` to compare."""
    kept = asked.kept
    assumes = bool(kept.thresholds or kept.struck or kept.replaced or any(asked.adding))
    if asks and kept.left == kept.rulebook and not assumes and asked.refused is None:
        return asked._replace(refused=WhatIfInvalid(reason="same-text", field="bo-tieu-chi"))
    return asked


def _ways(own: Rulebook, *texts: Rulebook | None) -> list[str]:
    """How each side comes out: "own", as recorded; "version", what another version of the rulebook can hold;
    "measured", what was measured.
    """
    return [
        "own" if text is None or text.sha256 == own.sha256 else "version" if text.id == own.id else "measured"
        for text in texts
    ]


def _with_left(left: Rulebook | None) -> Choosing:
    """What is on the left: this text, or what each dossier is judged by."""
    return lambda own: left or own


def _with_right(right: Rulebook | None, assumed: Assumed) -> Choosing:
    """The same with the thresholds that are assumed, as far as the text has them."""

    def choose(own: Rulebook) -> Rulebook:
        text = right or own
        known = parameters(text)
        return with_thresholds(text, {code: number for code, number in assumed.thresholds if code in known})

    return choose


def choices(rulebooks: Rulebooks, own: Rulebook, words: Words) -> list[TextChoice]:
    """The texts to judge by, the own one first, by the numbers that they have on the page of their rulebook."""
    found = [
        TextChoice(one.sha256, words.say("%(rulebook)s, bản %(number)s", rulebook=one.short, number=number), one.sha256)
        for rulebook in (own.id, *(one for one in rulebooks if one != own.id))
        for number, one in enumerate(rulebooks.texts_of(rulebook), start=1)
    ]
    label = next((one.label for one in found if one.sha256 == own.sha256), own.short)
    first = TextChoice("", words.say("%(text)s (của năm đánh giá này)", text=label), own.sha256)
    return [first, *(one for one in found if one.sha256 != own.sha256)]


def _readable(visit: Visit, row: SeasonRow) -> frozenset[str]:
    """The communes whose dossiers the person may try."""
    subjects = {code: Subject(commune=code, decided_by=unit) for code, unit in row.participants.items()}
    return frozenset(code for code, subject in subjects.items() if may(visit.actor, Act.VIEW_TRAIL, subject))


ROUTES = [show, show_season]
