"""What may become of a use case's function without any command being forgotten that the log has."""

import pytest

from services.work import CommandResult, Work, use_case


@use_case("test.appoint", "season", "person", "reason")
async def appoint(work: Work, season: str, person: str, reason: str | None = None) -> CommandResult:
    raise NotImplementedError


@use_case("test.appoint", "season", "person", "reason")
async def nominate(
    work: Work, *, reason: str | None = None, person: str, season: str, provisional: bool = False
) -> CommandResult:
    """The same years later: another name, another order, one parameter more."""
    raise NotImplementedError


@pytest.mark.parametrize("reason", [None, "Thay người nghỉ hưu"])
def test_name_order_and_a_parameter_that_came_later_change_no_hash(reason: str | None):
    assert nominate.body(season="2026", person="an", reason=reason) == appoint.body("2026", "an", reason)
    assert nominate.body(season="2026", person="an", provisional=False) == appoint.body("2026", "an")


def test_a_later_parameter_is_hashed_once_it_is_given_another_value():
    usual = nominate.body(season="2026", person="an")

    assert nominate.body(season="2026", person="an", provisional=True) != usual


def test_arguments_are_not_taken_for_each_other():
    hashes = {appoint.body("2026", "an"), appoint.body("an", "2026"), appoint.body("2026", "an", "")}

    assert len(hashes) == 3


def test_what_is_hashed_must_be_asked_for():
    with pytest.raises(TypeError, match=r"test\.appoint: person is hashed and no parameter"):

        @use_case("test.appoint", "season", "person")
        async def appoint(work: Work, season: str, official: str) -> CommandResult:
            raise NotImplementedError


def test_what_came_later_must_have_a_default():
    with pytest.raises(TypeError, match=r"test\.appoint: provisional is not hashed and has no default"):

        @use_case("test.appoint", "season")
        async def appoint(work: Work, season: str, provisional: str) -> CommandResult:
            raise NotImplementedError
