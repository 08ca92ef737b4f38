"""Rows and aggregates are made from the same facts by two pieces of code: here they have to say the same."""

from hypothesis import given

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.council import Council
from domain.export import Export
from domain.measure import percent
from domain.meeting import Meeting
from domain.official import Official
from domain.recognition import Recognition
from domain.season import Season
from domain.unit import Unit
from projections.fold import fold, of_stream
from projections.tables.councils import COUNCILS
from projections.tables.exports import EXPORTS
from projections.tables.officials import OFFICIALS
from projections.tables.register import REGISTER
from projections.tables.seasons import SEASONS
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from projections.tables.tallies import TALLIES
from projections.tables.units import UNITS
from tests.projections.histories import INDICATORS, Province, histories


def streams(province: Province, kind):
    """Each aggregate of this kind with the key of its row."""
    for name, aggregate in province.streams.items():
        if isinstance(aggregate, kind):
            recorded = next(one for one in province.log if one.stream == name)
            yield of_stream(recorded)[0], aggregate


@given(province=histories())
def test_a_dossier_s_sheet_says_what_its_aggregate_says(province: Province):
    rows = fold(SHEETS, province.log)

    for key, dossier in streams(province, Assessment):
        row = rows[key]
        assert (row.stage, row.version, row.posted_until) == (dossier.stage, dossier.version, dossier.posted_until)
        assert row.returned == dossier.returned
        assert {code: veto.occurred for code, veto in row.vetoes.items()} == dossier.vetoes
        assert {number: one.answer for number, one in row.comments.items()} == dossier.comments
        assert (row.satisfaction and (row.satisfaction.satisfied, row.satisfaction.asked)) == dossier.satisfaction
        for code in INDICATORS:
            assert row.may_edit(code) == dossier.may_edit(code)
            entry, held = row.entries.get(code), dossier.entry(code)
            if entry is None or entry.changed == 0:
                assert not held.is_scored
                assert not held.is_supported
                continue
            assert (entry.points, entry.outcome, entry.reason) == (held.points, held.outcome, held.reason)
            assert (entry.changed, entry.scored, entry.returned) == (held.changed, held.scored, held.returned)
            assert entry.supplemented == held.supplemented
            assert (entry.measures, entry.explanation) == (held.measures, held.explanation)
            assert [one.id for one in entry.evidence] == list(held.evidence)


@given(province=histories())
def test_an_appraisal_s_values_stand_on_the_sheet_and_in_the_standings(province: Province):
    sheets, standings = fold(SHEETS, province.log), fold(STANDINGS, province.log)

    for key, appraisal in streams(province, Appraisal):
        sheet, standing = sheets[key], standings[key]
        assert (sheet.proposal, standing.proposal) == (appraisal.proposal, appraisal.proposal)
        assert set(sheet.opened_evidence) == appraisal.opened
        for code, value in appraisal.values.items():
            entry, cell = sheet.entries[code].appraised, standing.cells[code]
            assert entry is not None
            assert (entry.points, entry.outcome, entry.seen) == (value.points, value.outcome, value.seen)
            assert (cell.appraised_points, cell.seen) == (value.points, value.seen)


@given(province=histories())
def test_a_standing_says_in_short_what_the_sheet_says_at_length(province: Province):
    sheets, standings = fold(SHEETS, province.log), fold(STANDINGS, province.log)

    assert sheets.keys() == standings.keys()
    for key, sheet in sheets.items():
        standing = standings[key]
        assert (standing.dossier, standing.version, standing.returned) == (sheet.stage, sheet.version, sheet.returned)
        assert set(standing.unanswered) == {number for number, one in sheet.comments.items() if one.answer is None}
        if sheet.satisfaction:
            assert standing.satisfaction == percent(sheet.satisfaction.satisfied, sheet.satisfaction.asked)
        for code, entry in sheet.entries.items():
            cell = standing.cells[code]
            assert (cell.value, cell.is_scored, cell.is_supported) == (entry.value, entry.is_scored, entry.is_supported)
            assert (cell.changed, cell.evidence) == (entry.changed, len(entry.evidence))
            assert cell.scored_by == entry.scored_by
            if entry.changed:
                assert cell.is_appraised == entry.is_appraised
                assert cell.changed_since_appraisal == entry.changed_since_appraisal


@given(province=histories())
def test_seasons_councils_and_meetings_say_what_their_aggregates_say(province: Province):
    seasons, councils, tallies = (fold(one, province.log) for one in (SEASONS, COUNCILS, TALLIES))

    for key, season in streams(province, Season):
        row = seasons[key]
        assert (row.state, row.rulebook, row.indicators) == (season.state, season.rulebook, season.indicators)
        assert (row.assignments, row.deadlines, row.unassigned) == (
            season.assignments,
            season.deadlines,
            season.unassigned,
        )
    for key, council in streams(province, Council):
        assert {one.person: one for one in councils[key].members} == council.members
        assert councils[key].conducting == {str(person) for person in council.conducting}
    for key, meeting in streams(province, Meeting):
        told = tallies[key]
        assert (frozenset(told.present), told.current) == (meeting.present, meeting.current)
        assert told.votes.keys() == meeting.votes.keys()
        for item, vote in meeting.votes.items():
            tally = told.votes[item]
            assert (tally.outcome, tally.round, frozenset(tally.roll)) == (vote.outcome, vote.round, vote.roll)
            assert {who: one.choice for who, one in tally.ballots.items()} == {
                who: ballot.choice for who, ballot in vote.ballots.items()
            }


@given(province=histories())
def test_units_officials_decisions_and_exports_say_what_their_aggregates_say(province: Province):
    units, officials, register, exports = (fold(one, province.log) for one in (UNITS, OFFICIALS, REGISTER, EXPORTS))

    for key, unit in streams(province, Unit):
        assert (units[key].name, units[key].unit_class, units[key].ended_on) == (
            unit.name,
            unit.unit_class,
            unit.ended_on,
        )
    for key, official in streams(province, Official):
        assert {one.id: one for one in officials[key].mandates} == official.mandates
    for key, decision in streams(province, Recognition):
        row = register[key]
        assert (row.result, row.signed_on, row.published_on) == (
            decision.result,
            decision.signed_on,
            decision.published_on,
        )
        assert row.revoked_on == decision.revoked_on
    for key, export in streams(province, Export):
        assert (exports[key].state, exports[key].sha256) == (export.state, export.sha256)
