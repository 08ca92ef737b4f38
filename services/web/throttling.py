"""How often the public may write, from one address and on one dossier, and whom an address stands for.

The limits are wide enough for a village behind one address, and narrow enough that nobody buries an office in texts.
Each dossier is counted for itself: who writes too often on one silences nobody behind the same address on another.
"""

from __future__ import annotations

import math
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING, ClassVar

import structlog
from limits import parse
from redis.exceptions import RedisError

from domain.errors import Refused

if TYPE_CHECKING:
    from services.web.request import Visit

PER_ADDRESS = parse("20 per 10 minutes")
PER_DOSSIER = parse("100 per hour")
#: Forms kept for people who have to sign in first. Signing in itself is not counted: it takes no memory.
KEPT_FROM = parse("60 per 10 minutes")
KEPT_IN_ALL = parse("1000 per 10 minutes")

#: Who has an IPv6 connection has at least so many bits of addresses to choose from.
NETWORK = 64

log = structlog.get_logger("web")


class TooOften(Refused):
    """So much was written from this address, or on this dossier, that the next has to wait `minutes`."""

    code: ClassVar[str] = "too-often"


async def require_patience(visit: Visit, season: str, commune: str) -> None:
    """Raise TooOften when this dossier has had enough for now, from this address or from all. Without Redis nobody
    waits.
    """
    if visit.sessions_away is not None:
        return
    throttle = visit.backing.throttle
    try:
        sender = sender_of(visit)
        dossier = (visit.tenant.id, season, commune)
        seconds = await throttle.wait(PER_ADDRESS, "comment-from", sender, *dossier) if sender else 0
        seconds = seconds or await throttle.wait(PER_DOSSIER, "comment-on", *dossier)
    except RedisError as reason:
        log.warning("comments are not counted", reason=str(reason))
        return
    if seconds:
        raise TooOften(minutes=math.ceil(seconds / 60))


async def may_keep(visit: Visit) -> bool:
    """Whether one more form of somebody unknown is kept: not when this address or all of them brought many of late.
    Raises RedisError.
    """
    throttle = visit.backing.throttle
    sender = sender_of(visit)
    if sender and await throttle.wait(KEPT_FROM, "kept-from", sender):
        return False
    return not await throttle.wait(KEPT_IN_ALL, "kept")


def sender_of(visit: Visit) -> str:
    """The address that stands for who sent this request; "" where it may stand for everybody, and nobody is to wait for
    what others did: behind a proxy that the configuration does not name.
    """
    if not visit.backing.knows_senders:
        return ""
    return network_of(visit.request.client.host if visit.request.client else "")


@lru_cache(maxsize=10_000)
def network_of(host: str) -> str:
    """Whom an address stands for: itself, of IPv6 the network; "" for what is no address."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), NETWORK), strict=False))
