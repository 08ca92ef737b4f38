"""The log itself: whose it is, who cosigns its checkpoints, which key signs them next, what it lost, how it ended."""

from __future__ import annotations

from uuid import UUID

from domain.fact import Fact, FirstFact, Stream, StreamName


class Log(Stream):
    """The tenant's log; position 1 is always its opening."""

    TOPIC = "log"

    class Opened(FirstFact):
        """The log of a province begins. A successor of a merged province names its predecessor's last checkpoint."""

        TOPIC = "log.opened"
        origin: str
        province_code: str
        province: str
        predecessor_origin: str | None = None
        predecessor_size: int | None = None
        predecessor_root: str | None = None

    class PolicyPublished(Fact):
        """From now on a checkpoint counts as witnessed under this policy.

        `text` is the policy file (c2sp.org/tlog-policy) as it was handed in, so that its SHA-256 is that of the file
        which inspectors hold; `basis` is the document that orders it.
        """

        TOPIC = "policy.published"
        text: str
        basis: str | None = None

        def apply(self, log: Log) -> None:
            log.policy = self.text

    class KeyAnnounced(Fact):
        """The log may be signed with this key some day; a key that was never announced is nobody's.

        `vkey_sha256` is the SHA-256, in hex, of the text of the public key (a vkey, c2sp.org/signed-note): the key
        itself need not be shown before it is used.
        """

        TOPIC = "log.key-announced"
        vkey_sha256: str
        basis: str | None = None

        def apply(self, log: Log) -> None:
            log.announced = log.announced | {self.vkey_sha256}

    class Restored(Fact):
        """A backup was restored that lacks what was signed for: with this fact a new epoch of the log begins.

        `origin` is that of the new epoch; `kept` are the positions that are left, the last before this one. The
        predecessor is the last checkpoint known to have been signed before the loss (its root in base64, as in a
        checkpoint): what it covers above `kept` is lost. `basis` is the document that orders it, `ordered_by` who
        signed that.
        """

        TOPIC = "log.restored"
        origin: str
        predecessor_origin: str
        predecessor_size: int
        predecessor_root: str
        kept: int
        reason: str
        basis: str
        ordered_by: str | None = None

        def apply(self, log: Log) -> None:
            log.origin = self.origin

    class Closed(Fact):
        """The last fact of a log whose province has merged into another, which goes on under the successor's origin.

        `basis` is the document by which they merged.
        """

        TOPIC = "log.closed"
        successor_origin: str
        basis: str

        def apply(self, log: Log) -> None:
            log.successor = self.successor_origin
            log.closed_by = self.basis

    class PredecessorRecorded(Fact):
        """A province that merged into this one closed its log with this checkpoint (its root in base64).

        A log has as many predecessors as provinces merged into its own.
        """

        TOPIC = "log.predecessor-recorded"
        predecessor_origin: str
        predecessor_size: int
        predecessor_root: str
        basis: str

        def apply(self, log: Log) -> None:
            log.predecessors = log.predecessors | {self.predecessor_origin}

    def __init__(self, id: UUID, origin: str, province_code: str, province: str) -> None:
        self.origin = origin
        self.province_code = province_code
        self.province = province
        self.policy: str | None = None
        self.announced: frozenset[str] = frozenset()
        self.successor: str | None = None
        self.closed_by: str | None = None
        self.predecessors: frozenset[str] = frozenset()

    def publish_policy(self, text: str, basis: str | None = None) -> None:
        """Whether the text is a policy, and this log's, is asked before. The one in force is not published again."""
        if text != self.policy:
            self.trigger_event(Log.PolicyPublished, text=text, basis=basis)

    def announce_key(self, vkey_sha256: str, basis: str | None = None) -> None:
        """A key is announced once."""
        if vkey_sha256 not in self.announced:
            self.trigger_event(Log.KeyAnnounced, vkey_sha256=vkey_sha256, basis=basis)

    def restore(
        self,
        origin: str,
        predecessor_origin: str,
        predecessor_size: int,
        predecessor_root: str,
        kept: int,
        reason: str,
        basis: str,
        ordered_by: str | None = None,
    ) -> None:
        """That something is lost, and how much is left, is asked before. An epoch begins once."""
        if origin != self.origin:
            self.trigger_event(
                Log.Restored,
                origin=origin,
                predecessor_origin=predecessor_origin,
                predecessor_size=predecessor_size,
                predecessor_root=predecessor_root,
                kept=kept,
                reason=reason,
                basis=basis,
                ordered_by=ordered_by,
            )

    def close(self, successor_origin: str, basis: str) -> None:
        """A log is closed once."""
        if self.successor is None:
            self.trigger_event(Log.Closed, successor_origin=successor_origin, basis=basis)

    def record_predecessor(self, origin: str, size: int, root: str, basis: str) -> None:
        """That the predecessor's log is closed, and by this checkpoint, is asked before. Each is recorded once."""
        if origin not in self.predecessors:
            self.trigger_event(
                Log.PredecessorRecorded,
                predecessor_origin=origin,
                predecessor_size=size,
                predecessor_root=root,
                basis=basis,
            )


LOG = StreamName("log", "", "log")
