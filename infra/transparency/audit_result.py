"""The result of an audit: its findings, and the checkpoints that it counted."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from infra.ledger.witness_policy import PolicyVerdict
from infra.transparency.announced_keys import Signers

#: Findings that are kept one by one; more are only counted.
MOST = 1_000


class AuditFinding(NamedTuple):
    """What does not fit: at a position of the log, or 0 where it concerns a checkpoint or the log as a whole."""

    position: int
    text: str

    def __str__(self) -> str:
        return f"position {self.position}: {self.text}" if self.position else self.text


class AuditedCheckpoint(NamedTuple):
    """A stored checkpoint of so many facts. `at` is when a witness says that it was there, else the log itself.

    `verdict` is None without a policy, and where the policy names none of the keys that signed.
    """

    origin: str
    size: int
    root: bytes
    at: datetime
    verdict: PolicyVerdict | None
    signers: Signers

    @property
    def witnessed(self) -> bool:
        """As the policy asks for; never so without a policy."""
        return self.verdict is not None and self.verdict.witnessed


class Predecessor(NamedTuple):
    """A log that was closed in favour of this one, as this one names it; whether it is here to be compared."""

    origin: str
    size: int
    compared: bool


class AuditResult(NamedTuple):
    """What a verification found. `facts` is the last position of the log.

    `sealed` and `witnessed` are the last stored checkpoints whose root is the log's own; `held` are the sizes of those
    held elsewhere that it agrees with. `policy` tells whether signatures were checked at all; `former` are checkpoints
    from before the first key that the policy names, whose signatures were not.
    """

    at: datetime
    facts: int
    findings: tuple[AuditFinding, ...]
    found: int
    checkpoints: int
    sealed: AuditedCheckpoint | None
    witnessed: AuditedCheckpoint | None
    held: tuple[int, ...]
    predecessors: tuple[Predecessor, ...]
    policy: bool
    former: int
    seconds: float

    @property
    def ok(self) -> bool:
        return self.found == 0

    @property
    def covered(self) -> int:
        """Facts that a checkpoint which agrees with the log covers, stored or held elsewhere."""
        return max(self.sealed.size if self.sealed else 0, *self.held, 0)

    @property
    def beyond(self) -> int:
        """Facts above it, for which nobody has vouched yet."""
        return max(0, self.facts - self.covered)


class Findings:
    """Findings in the order in which they are made, each once; beyond `MOST` they are only counted."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: dict[AuditFinding, None] = {}

    def add(self, position: int, text: str) -> None:
        finding = AuditFinding(position, text)
        if finding not in self._kept:
            self.count += 1
            if len(self._kept) < MOST:
                self._kept[finding] = None

    def take(self, listed: Iterable[AuditFinding], count: int) -> None:
        """Those of a span, of which there were so many."""
        before = self.count
        for finding in listed:
            self.add(*finding)
        self.count = max(self.count, before + count)

    @property
    def listed(self) -> list[AuditFinding]:
        """By position; what concerns no position comes first."""
        return sorted(self._kept)
