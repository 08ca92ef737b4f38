"""Limits of what the public writes: from one address, and on one dossier.

The limits are wide enough for a village behind one address, and narrow enough that nobody buries an office in texts.
Each dossier is counted for itself: who writes too often on one silences nobody behind the same address on another.
"""

from __future__ import annotations

import math
from typing import ClassVar

import structlog
from limits import parse
from redis.exceptions import RedisError

from domain.errors import Refused
from services.web.visitor import Visitor

PER_ADDRESS = parse("20 per 10 minutes")
PER_DOSSIER = parse("100 per hour")
#: Forms kept for people who have to sign in first. Signing in itself is not counted: it takes no memory.
KEPT_FROM = parse("60 per 10 minutes")
KEPT_IN_ALL = parse("1000 per 10 minutes")

log = structlog.get_logger("web")


class TooOften(Refused):
    """So much was written from this address, or on this dossier, that the next has to wait `minutes`."""

    code: ClassVar[str] = "too-often"


async def require_patience(visitor: Visitor, season: str, commune: str) -> None:
    """Raise TooOften when this dossier has had enough for now, from this address or from all. Without Redis nobody
    waits.
    """
    if visitor.sessions_away is not None:
        return
    throttle = visitor.app.throttle
    try:
        sender = visitor.network
        dossier = (visitor.tenant.id, season, commune)
        seconds = await throttle.wait(PER_ADDRESS, "comment-from", sender, *dossier) if sender else 0
        seconds = seconds or await throttle.wait(PER_DOSSIER, "comment-on", *dossier)
    except RedisError as reason:
        log.warning("comments are not counted", reason=str(reason))
        return
    if seconds:
        raise TooOften(minutes=math.ceil(seconds / 60))


async def may_keep(visitor: Visitor) -> bool:
    """Whether one more form of somebody unknown is kept: not when this address or all of them brought many of late.
    Raises RedisError.
    """
    throttle = visitor.app.throttle
    sender = visitor.network
    if sender and await throttle.wait(KEPT_FROM, "kept-from", sender):
        return False
    return not await throttle.wait(KEPT_IN_ALL, "kept")
