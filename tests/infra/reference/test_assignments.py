"""The published matrix is shipped as it was published, holes included."""

from infra.reference.assignments import load_matrices
from infra.reference.rulebooks import load_rulebooks


def test_the_published_matrix_leaves_three_indicators_to_nobody() -> None:
    matrix = load_matrices()["qd-619-2017"]
    rulebook = load_rulebooks().newest("qd-619-2017")

    unassigned = [one.code for one in rulebook.indicators if one.code not in matrix.lines]

    assert unassigned == ["TC5.CT3", "TC5.CT4", "TC5.CT5"]


def test_every_matrix_names_only_indicators_of_its_rulebook() -> None:
    rulebooks = load_rulebooks()

    for matrix in load_matrices().values():
        assert set(matrix.lines) <= set(rulebooks.newest(matrix.rulebook).by_code)
