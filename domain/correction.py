"""What a corrected text of a rulebook makes of what a commune has entered: pure, for the preview and for the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.assessment import CorrectedValue, DataAgain, Stage
from domain.errors import Refused
from domain.judging import Value, Verdict, assess
from domain.measure import Measured, Outcome
from domain.rulebook import Indicator, Rulebook, check
from domain.working_days import Calendar


class Entered(NamedTuple):
    """What a commune has entered on an indicator: measured data by part, and the value it proposes."""

    measures: Mapping[str, Measured]
    value: Value | None


class DossierCorrection(NamedTuple):
    """What becomes of a dossier: data to be entered again, and values that are others or to be proposed again."""

    again: tuple[DataAgain, ...]
    values: tuple[CorrectedValue, ...]

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators that are touched, each once."""
        return tuple(dict.fromkeys([*(one.indicator for one in self.again), *(one.indicator for one in self.values)]))


def keeps_its_text(stage: Stage, *, decided: bool) -> bool:
    """Whether a commune stays under the text by which it was judged, whatever its season goes over to.

    It is decided, or on the list of those that do not meet the standard: nothing is asked of it any more.
    """
    return decided or stage is Stage.LISTED


def correction_of_dossier(
    own: str, entered: Mapping[str, Entered], former: Rulebook | None, rulebook: Rulebook, calendar: Calendar
) -> DossierCorrection:
    """What the text makes of a dossier that goes on; of one under another rulebook (`own`), from which the season went
    over, nothing: it is judged by the season's text as it is.
    """
    if own != rulebook.id:
        return DossierCorrection((), ())
    return correction_of(entered, former, rulebook, calendar)


def is_appraised_anew(correction: DossierCorrection, before: Verdict | None, after: Verdict) -> bool:
    """Whether a concluded appraisal is taken up again: data or values are touched, or what the appraiser's values give
    is another result (`before` is None where the former text cannot be read any more).
    """
    return bool(correction.indicators) or before is None or before.result is not after.result


def correction_of(
    entered: Mapping[str, Entered], former: Rulebook | None, rulebook: Rulebook, calendar: Calendar
) -> DossierCorrection:
    """What the text `rulebook` makes of what was entered under `former`; None where that cannot be read any more.

    Data that the text cannot use are entered again. A value that was the rule's becomes what the rule gives now for
    the same data; where it gives none any more, or a value of the commune's own lies out of bounds, one is proposed
    again, unless it lay out of those of `former` too. Where neither data nor the rule's value are touched, nobody is
    asked for anything.
    """
    again: list[DataAgain] = []
    values: list[CorrectedValue] = []
    for indicator in rulebook.indicators:
        held = entered.get(indicator.code)
        if held is None:
            continue
        before = former.by_code.get(indicator.code) if former else None
        lost = [code for code, measured in held.measures.items() if _is_lost(before, indicator, code, measured)]
        again += [DataAgain(indicator.code, code) for code in lost]
        kept = {code: measured for code, measured in held.measures.items() if code not in lost}
        if held.value is not None:
            value = _value_after(held, former, indicator, rulebook, calendar, kept)
            if value != held.value:
                values.append(_corrected(indicator.code, value))
    return DossierCorrection(tuple(again), tuple(values))


def _is_lost(before: Indicator | None, indicator: Indicator, code: str, measured: Measured) -> bool:
    """Whether the data could be used so far, and cannot any more. A part that is gone asks for nothing."""
    if code not in {part.code for part in indicator.parts}:
        return False
    return not _fits(indicator, code, measured) and (before is None or _fits(before, code, measured))


def _fits(indicator: Indicator, code: str, measured: Measured) -> bool:
    part = next((one for one in indicator.parts if one.code == code), None)
    if part is None:
        return False
    try:
        check(part, measured)
    except Refused:
        return False
    return True


def _value_after(
    held: Entered,
    former: Rulebook | None,
    indicator: Indicator,
    rulebook: Rulebook,
    calendar: Calendar,
    kept: Mapping[str, Measured],
) -> Value | None:
    assessed = assess(indicator, kept, calendar)
    now = assessed.value if assessed.complete else None
    if former is not None and (before := former.by_code.get(indicator.code)) is not None:
        then = assess(before, held.measures, calendar)
        if then.complete and then.value == held.value:
            return now
    if _is_allowed(rulebook, indicator.code, held.value) or (
        former is not None and not _is_allowed(former, indicator.code, held.value)
    ):
        return held.value
    return None


def _is_allowed(rulebook: Rulebook, indicator: str, value: Value | None) -> bool:
    try:
        rulebook.check_score(indicator, value)  # type: ignore[arg-type]  # asked before
    except Refused:
        return False
    return True


def _corrected(code: str, value: Value | None) -> CorrectedValue:
    if isinstance(value, Outcome):
        return CorrectedValue(code, outcome=value)
    return CorrectedValue(code, points=value)
