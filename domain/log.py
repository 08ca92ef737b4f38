"""The log itself: whose it is, who must cosign its checkpoints, and which key will sign them next."""

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

    def __init__(self, id: UUID, origin: str, province_code: str, province: str) -> None:
        self.origin = origin
        self.province_code = province_code
        self.province = province
        self.policy: str | None = None
        self.announced: frozenset[str] = frozenset()

    def publish_policy(self, text: str, basis: str | None = None) -> None:
        """Whether the text is a policy, and this log's, is asked before. The one in force is not published again."""
        if text != self.policy:
            self.trigger_event(Log.PolicyPublished, text=text, basis=basis)

    def announce_key(self, vkey_sha256: str, basis: str | None = None) -> None:
        """A key is announced once."""
        if vkey_sha256 not in self.announced:
            self.trigger_event(Log.KeyAnnounced, vkey_sha256=vkey_sha256, basis=basis)


LOG = StreamName("log", "", "log")
