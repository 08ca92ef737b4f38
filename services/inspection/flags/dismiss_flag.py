"""A flag set aside with a reason."""

from __future__ import annotations

from domain.flag import Flag, flag_stream, reason_to_dismiss
from domain.permissions import Act
from services.work import CommandResult, Work, use_case


@use_case("dismiss_flag", "season", "commune", "flag", "positions", "reason")
async def dismiss_flag(
    work: Work, season: str, commune: str, flag: str, positions: tuple[int, ...], reason: str
) -> CommandResult:
    """Set a flag aside, as these facts raised it, with the reason. A second time nothing happens."""
    work.require(Act.DISMISS_FLAG)
    given = reason_to_dismiss(reason)
    name = flag_stream(season, commune, flag, positions[-1])
    async with work.changing(name) as streams:
        if streams.find(Flag, name) is None:
            streams.begin(
                name, Flag(id=work.id_of(name), commune=commune, flag=flag, positions=positions, reason=given)
            )
        return await streams.record()
