"""What a corrected text of a rulebook would change in a season, commune by commune: the preview of the correction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.assessment import CorrectedValue, DataAgain
from domain.correction import DossierCorrection, Entered, correction_of_dossier, is_appraised_anew, keeps_its_text
from domain.judging import Verdict, judge
from domain.rulebook import Rulebook
from domain.working_days import Calendar
from projections.tables.sheets import SheetRow
from projections.tables.standings import Basis, Standing, corrected, counted, sheet_of


class CommunePreview(NamedTuple):
    """A commune that goes on: its verdict now (None where its text cannot be read) and under the new text.

    `anew`: its appraisal, which was concluded, is taken up again; `added` are indicators that only the new text has.
    """

    standing: Standing
    before: Verdict | None
    after: Verdict
    correction: DossierCorrection
    anew: bool
    added: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether something has to be entered, again or for the first time."""
        set_aside = any(is_set_aside(value) for value in self.correction.values)
        return bool(self.correction.again or self.added) or set_aside

    @property
    def changes(self) -> bool:
        """Whether the result is another one."""
        return self.before is None or self.before.result is not self.after.result


class CorrectionPreview(NamedTuple):
    """The communes that go on under the new text, and those that keep theirs: they are decided, or listed as not
    meeting the standard.
    """

    open: tuple[CommunePreview, ...]
    decided: tuple[str, ...]

    @property
    def changing(self) -> tuple[CommunePreview, ...]:
        """The communes whose result changes."""
        return tuple(one for one in self.open if one.changes)

    @property
    def touched(self) -> tuple[CommunePreview, ...]:
        """The communes of which data or values change."""
        return tuple(one for one in self.open if one.correction.indicators)

    @property
    def data_again(self) -> Mapping[DataAgain, int]:
        """What is entered again, in how many dossiers."""
        return _counted(data for one in self.open for data in one.correction.again)

    @property
    def added(self) -> Mapping[str, int]:
        """The indicators that only the new text has, and in how many dossiers they are entered."""
        return _counted(code for one in self.open for code in one.added)

    @property
    def values_again(self) -> Mapping[str, int]:
        """The indicators whose value is proposed again, in how many dossiers."""
        values = (value for one in self.open for value in one.correction.values)
        return _counted(value.indicator for value in values if is_set_aside(value))


def is_set_aside(value: CorrectedValue) -> bool:
    """Whether the value has to be proposed again."""
    return value.points is None and value.outcome is None


def preview(
    standings: Iterable[Standing],
    sheets: Mapping[str, SheetRow],
    former: Rulebook | None,
    rulebook: Rulebook,
    calendar: Calendar,
) -> CorrectionPreview:
    """What the text would change for those that take part; `sheets` by commune."""
    rows = counted(standings)
    keeping = [one for one in rows if keeps_its_text(one.dossier, decided=one.result is not None)]
    return CorrectionPreview(
        tuple(_previewed(one, sheets[one.commune], former, rulebook, calendar) for one in rows if one not in keeping),
        tuple(one.commune for one in keeping),
    )


def _previewed(
    standing: Standing, sheet: SheetRow, former: Rulebook | None, rulebook: Rulebook, calendar: Calendar
) -> CommunePreview:
    entered = {code: Entered(entry.measures, entry.value) for code, entry in sheet.entries.items()}
    correction = correction_of_dossier(standing.rulebook, entered, former, rulebook, calendar)
    before = judge(sheet_of(standing, former), former) if former else None
    after = corrected(standing, rulebook.sha256, correction.again, correction.values, standing.version + 1)
    anew = False
    if standing.proposal is not None:
        now = judge(sheet_of(standing, former, Basis.APPRAISED), former) if former else None
        then = judge(sheet_of(after, rulebook, Basis.APPRAISED), rulebook)
        anew = standing.rulebook == rulebook.id and is_appraised_anew(correction, now, then)
    added = tuple(code for code in rulebook.by_code if code not in former.by_code) if former else ()
    return CommunePreview(standing, before, judge(sheet_of(after, rulebook), rulebook), correction, anew, added)


def _counted(every: Iterable[object]) -> dict:  # type: ignore[type-arg]
    found: dict[object, int] = {}
    for one in every:
        found[one] = found.get(one, 0) + 1
    return found
