"""Log lines of requests."""

import structlog

from domain.errors import Refused
from services.web.visitor import Visitor

#: A line of the log holds so much of one thing.
LONGEST = 200

#: Details of refusals that help an operator: never what somebody typed, nor a name.
TELLING = ("reason", "error", "error_description", "act", "kind", "field", "state", "origin")

log = structlog.get_logger("web")


def log_refusal(visitor: Visitor, refused: Refused) -> None:
    """One line for each refusal, at whatever stage it was made."""
    details = {name: short(value) for name in TELLING if (value := refused.details.get(name))}
    tenant = visitor.province.id if visitor.province else ""
    log.info(
        "refused", code=refused.code, reference=visitor.reference, tenant=tenant, path=visitor.path[:LONGEST], **details
    )


def short(value: object) -> str:
    """A value as it stands in the log: its beginning."""
    return str(value)[:LONGEST] or type(value).__name__
