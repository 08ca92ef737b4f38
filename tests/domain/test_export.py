from uuid import uuid4

import pytest

from domain.errors import OutOfOrder
from domain.export import Document, Export, ExportState
from tests.domain.aggregates import COMMUNE, facts_of, replayed, state


def an_export() -> Export:
    return Export(id=uuid4(), document=Document.DECISION, season="2023", at_position=8421, commune=COMMUNE)


def finish(export: Export) -> None:
    export.finish("ab" * 32, 1_000, "quyet-dinh.pdf", "application/pdf")


def test_a_job_that_runs_twice_finishes_once():
    export = an_export()

    finish(export)
    finish(export)
    export.fail("too-late")

    assert facts_of(export) == ["Requested", "Finished"]
    assert export.state is ExportState.READY


def test_only_what_is_ready_is_taken_away_and_only_what_waits_is_given_up():
    export = an_export()
    with pytest.raises(OutOfOrder):
        export.download()
    finish(export)

    export.download()
    with pytest.raises(OutOfOrder):
        export.cancel()
    assert replayed(export) == state(export)


def test_what_was_given_up_is_not_finished():
    export = an_export()
    export.cancel()

    finish(export)

    assert export.state is ExportState.CANCELLED


def test_the_checkpoint_that_was_taken_first_stays():
    export = an_export()

    export.take_checkpoint("log\n9\n", "log\n3\n")
    export.take_checkpoint("log\n12\n", "log\n9\n")

    assert facts_of(export) == ["Requested", "CheckpointTaken"]
    assert export.checkpoint == "log\n9\n"
    assert replayed(export) == state(export)
