"""What each format refuses, with the reason that must be given: for the tests of our readers, and for their mutants."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NOTE_LIMIT, KeyKind, SignerKey
from infra.ledger.proof import PROOF_LIMIT
from infra.ledger.tiles import Edge, consistency_proof
from infra.ledger.witness import REQUEST_LIMIT, Request
from infra.ledger.witness_policy import POLICY_LIMIT
from tests.infra.ledger.example import LOG, ORIGIN, PROOF, WITNESS

Change = Callable[[str], str]

HEAD = Checkpoint(ORIGIN, 3, sha256(b"root").digest())
NOTE = bytes(HEAD.sign(LOG)).decode()
TEXT = PROOF.decode()
HASH = TEXT.split("\n")[2]
EDGE, TILES = Edge().grow([sha256(one).digest() for one in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i")])
GROWN = Checkpoint(ORIGIN, 9, EDGE.root())
REQUEST = bytes(Request.of(5, consistency_proof(5, 9, dict(TILES)), GROWN.sign(LOG))).decode()
SECOND = SignerKey("lang.example/w", KeyKind.COSIGNATURE, sha256(b"second").digest())
THIRD = SignerKey("hang.example/w", KeyKind.COSIGNATURE, sha256(b"third").digest())
LINES = [
    f"log {LOG.verifier}",
    f"witness thanhtra {WITNESS.verifier}",
    f"witness lang {SECOND.verifier} https://lang.example/w",
    f"witness hang {THIRD.verifier}",
]


def changed(find: str, replace: str) -> Change:
    return lambda text: text.replace(find, replace, 1)


def made(text: str, changes: list[tuple[Change, str]]) -> list[tuple[bytes, str]]:
    found = [(change(text), reason) for change, reason in changes]
    assert all(one != text for one, _ in found)
    return [(one.encode("utf-8", "surrogateescape"), reason) for one, reason in found]


KEYS = [
    "",
    "name",
    "name+c89bd381",
    str(LOG.verifier).replace("c89bd381", "C89BD381"),
    str(LOG.verifier).replace("c89bd381", "c89bd382"),
    str(LOG.verifier).replace("minhchuan", "minhchuán"),
    str(LOG.verifier) + "\n",
    str(LOG.verifier) + "=",
    str(LOG.verifier)[:-1],
    str(LOG.verifier)[:-4],
    f"a b+{'0' * 8}+{b64encode(bytes([1]) + bytes(32)).decode()}",
    f"+{'0' * 8}+{b64encode(bytes([1]) + bytes(32)).decode()}",
    f"a+{'0' * 8}+{b64encode(bytes([2]) + bytes(32)).decode()}",
    f"a+{'0' * 8}+{b64encode(bytes([6]) + bytes(1312)).decode()}",
    f"a+{'0' * 8}+{b64encode(bytes([1]) + bytes(33)).decode()}",
]

NOTES = made(
    NOTE,
    [
        (lambda text: "", "empty line"),
        (lambda text: text.replace("\n\n", "\n"), "empty line"),
        (lambda text: text[:-1], "line end"),
        (lambda text: text + "\n", "end with a signature"),
        (lambda text: text.partition("—")[0], "end with a signature"),
        (lambda text: text.replace("\n", "\r\n"), "control"),
        (changed("— ", "—\r "), "control"),
        (changed("3", "3\t"), "control"),
        (changed("3", "3\0"), "control"),
        (changed("— ", "- "), "em dash"),
        (changed("— ", "－ "), "em dash"),
        (changed("— ", "—"), "signature line"),
        (changed("— ", "—  "), "signature line"),
        (changed("— ", "—\u00a0"), "signature line"),
        (changed("— minh", "— m+nh"), "name of a key"),
        (changed("— minh", "— m\u00a0nh"), "name of a key"),
        (changed("— minh", "— m\u2028nh"), "name of a key"),
        (lambda text: text[:-1] + " \n", "signature line"),
        (lambda text: text[:-2] + "\n", "base64"),
        (lambda text: text[:-2] + "==\n", "base64"),
        (lambda text: text[:-3] + "l=\n", "base64"),
        (lambda text: text[:-8] + "-_-_kwk=\n", "base64"),
        (lambda text: text.replace(text.split(" ")[-1], "AAAAAA==\n"), "key id"),
        (lambda text: text + "".join(text.splitlines(keepends=True)[-1:] * 64), "more than 64"),
        (lambda text: "x" * NOTE_LIMIT + text, "more than"),
        (changed("minh", "m\udcffnh"), "UTF-8"),
        (lambda text: "\udced\udca0\udc80" + text, "UTF-8"),
    ],
)

CHECKPOINTS = [
    ("", "three lines"),
    ("a\n3\n", "three lines"),
    (HEAD.text[:-1], "three lines"),
    (HEAD.text + "extension\n", "three lines"),
    (HEAD.text + "\n", "three lines"),
    (HEAD.text.replace(ORIGIN, ""), "without an origin"),
    *((HEAD.text.replace("\n3\n", f"\n{size}\n"), "decimal") for size in ("", "03", "+3", "-3", "3.0", "3 ", "0x3")),
    *((HEAD.text.replace("\n3\n", f"\n{size}\n"), "decimal") for size in ("٣", "1e3", "1_0", 2**63, "9" * 5_000)),
    (HEAD.text[:-3] + "\n", "base64"),
    (f"a\n3\n{b64encode(bytes(31)).decode()}\n", "31 bytes"),
    (f"a\n3\n{b64encode(bytes(33)).decode()}\n", "33 bytes"),
    ("a\n3\n\n", "0 bytes"),
    (Checkpoint("a", 0, HEAD.root).text, "empty tree"),
]

POLICIES = [
    ("\n".join([*lines, ""]).encode(), reason)
    for lines, reason in [
        ([], "0 lines of quorum"),
        (LINES, "0 lines of quorum"),
        ([*LINES, "quorum"], "not a line"),
        ([*LINES, "quorum 1 2"], "not a line"),
        ([*LINES, "quorum -1"], "decimal"),
        ([*LINES, "quorum 01"], "decimal"),
        ([*LINES, "quorum none"], "decimal"),
        ([*LINES, "quorum 4"], "4 among 3"),
        ([*LINES, "quorum 1", "quorum 1"], "2 lines of quorum"),
        ([*LINES[1:], "quorum 1"], "names no log"),
        (["quorum 0"], "names no log"),
        ([*LINES, "group g 2 thanhtra lang", "quorum 2"], "not a line"),
        ([*LINES, "Quorum 1"], "not a line"),
        ([*LINES, "log", "quorum 1"], "not a line"),
        ([*LINES, "log a b c", "quorum 1"], "not a line"),
        ([*LINES, "witness x", "quorum 1"], "not a line"),
        ([*LINES, "witness a b c d", "quorum 1"], "not a line"),
        ([*LINES, LINES[0], "quorum 1"], "a key is listed twice"),
        ([*LINES, f"witness again {WITNESS.verifier}", "quorum 1"], "a key is listed twice"),
        (
            [*LINES, f"witness x {SignerKey('x', KeyKind.COSIGNATURE, WITNESS.seed).verifier}", "quorum 1"],
            "listed twice",
        ),
        ([*LINES, f"log {SignerKey('other.example', KeyKind.NOTE, LOG.seed).verifier}", "quorum 1"], "listed twice"),
        ([*LINES, f"witness x {SignerKey('x', KeyKind.COSIGNATURE, LOG.seed).verifier}", "quorum 1"], "listed twice"),
        (
            [*LINES, f"witness lang {SignerKey.new('x', KeyKind.COSIGNATURE).verifier}", "quorum 1"],
            "witness is listed twice",
        ),
        ([f"log {WITNESS.verifier}", "quorum 0"], "not for note"),
        ([LINES[0], f"witness x {SignerKey.new('x', KeyKind.NOTE).verifier}", "quorum 1"], "not for cosignature"),
        ([LINES[0] + "A", "quorum 0"], "base64"),
        ([LINES[0] + "\r", "quorum 0"], "control"),
        ([LINES[0], "quorum 0\r"], "control"),
        ([LINES[0], "#" * POLICY_LIMIT, "quorum 0"], "more than"),
    ]
]

PROOFS = made(
    TEXT,
    [
        (lambda text: "", "not a proof"),
        (changed("@v1", "@v2"), "not a proof"),
        (changed("c2sp", "C2SP"), "not a proof"),
        (changed("\n\n", "\n"), "base64"),
        (lambda text: text.partition("\n\n")[0], "not a proof"),
        (lambda text: "\n" + text, "not a proof"),
        (changed("index 1\n", ""), "without its index"),
        (changed("index 1", "index 1 "), "decimal"),
        (changed("index 1", "index 01"), "decimal"),
        (changed("index 1", "index -1"), "decimal"),
        (changed("index 1", "index ١"), "decimal"),
        (changed("index 1", f"index {2**63}"), "decimal"),
        (changed("index 1", "index  1"), "decimal"),
        (changed("index 1", "Index 1"), "without its index"),
        (changed("index 1", "index"), "without its index"),
        (changed("index 1\n", "index 1\nextra QQ==\n"), "base64"),
        (changed("index 1\n", "extra QQ==\nextra QQ==\nindex 1\n"), "without its index"),
        (changed("index 1\n", "extra QQ\nindex 1\n"), "base64"),
        (changed("index 1\n", "member x\nindex 1\n"), "without its index"),
        (changed("=\n", "\n"), "base64"),
        (changed("=\n", "= \n"), "base64"),
        (changed("Q=\n", "R=\n"), "base64"),
        (changed(HASH, b64encode(bytes(31)).decode()), "31 bytes"),
        (changed(HASH, b64encode(bytes(33)).decode()), "33 bytes"),
        (changed(HASH, "\n".join([HASH] * 63)), "64 hashes"),
        (changed(HASH, HASH + "\r"), "control"),
        (lambda text: text.replace("\n", "\r\n"), "control"),
        (lambda text: text[:-1], "line end"),
        (lambda text: text.partition("\n\n")[0] + "\n\n", "empty line"),
        (changed("index 1\n", "extra " + "QUFB" * PROOF_LIMIT + "\nindex 1\n"), "more than"),
    ],
)

REQUESTS = made(
    REQUEST,
    [
        (lambda text: "", "not a request"),
        (changed("old 5\n", "old 5\n" + "A" * REQUEST_LIMIT), "more than"),
        (changed("old 5\n", ""), "not a request"),
        (changed("old 5", "Old 5"), "not a request"),
        (changed("\n\n", "\n"), "base64"),
        (lambda text: text.partition("\n\n")[0], "not a request"),
        (changed("old 5", "old 05"), "decimal"),
        (changed("old 5", "old -1"), "decimal"),
        (changed("old 5", "old "), "decimal"),
        (changed("old 5", f"old {2**64}"), "decimal"),
        (changed("old 5", "old 10"), "above"),
        (changed("old 5\n", "old 5\nAAAA\n"), "3 bytes"),
        (changed("old 5\n", "old 5\n" + "A" * 43 + "=\n" * 1 + ("A" * 43 + "=\n") * 60), "more than 63"),
        (changed("=\n", "=\r\n"), "control"),
        (changed(ORIGIN + "\n9", ORIGIN + "\n09"), "decimal"),
        (changed(ORIGIN + "\n9", ORIGIN), "three lines"),
        (lambda text: text[:-1], "line end"),
    ],
)
