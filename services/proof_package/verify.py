"""`minhchuan verify-dossier` says whether a proof package holds: offline, by a policy from outside, whoever gave it.

Nothing that a package says of itself is believed: its facts are proven one by one, its streams linked, the state that
was judged is judged again, what it says in words is made again and compared, and so are its pages. What stands behind
these in the PDF is signatures and nothing else, each of which holds.

Nothing that serves pages, reads a database or sets type is loaded for this. Type is set by a program of its own, and
only where a PDF is handed in: a folder is verified where that program is missing (docs/decisions/0034).
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from domain.errors import Refused
from domain.fact import StreamName
from domain.working_days import Calendar
from infra.ledger.canonical_json import NotCanonical, canonical, instant, parse
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import covers
from infra.ledger.leaf import leaf_hash, read_leaf
from infra.ledger.note import Note
from infra.ledger.proof import Proof
from infra.ledger.text import Invalid, Malformed, read_hashes, read_utf8
from infra.ledger.tree import verify_consistency, verify_inclusion
from infra.ledger.witness_policy import PolicyVerdict, QuorumMissed
from infra.pdf.printer import Printer, PrintingFailed
from infra.pdf.signatures import PdfSignature, Unjudged, read_signatures
from infra.reference.rulebooks import Rulebooks, load_calendar, load_rulebooks
from services.assessment.evidence_list import attachments
from services.proof_package.compare_evidence import Compared, compare
from services.proof_package.content import PRACTICE, WORDS_OF, Circumstances, how_to, tell
from services.proof_package.evidence_zip import FileState, evidence_of_dossier
from services.proof_package.package_files import (
    ARCHIVE,
    CHECKPOINT,
    CONSISTENCY,
    DOSSIER,
    EVIDENCE,
    FACTS_LIMIT,
    HOW_TO,
    LEAVES,
    PREVIOUS,
    SINGLE,
    Files,
    payload_name,
    proof_name,
    read_files,
)
from services.proof_package.package_log import History, Incomplete, LoggedFact, line_of
from services.proof_package.pages import ASSETS, Prints, bound, forms, printer
from services.seals.trusted_policy import Trust, read_certificates, read_checkpoint, read_trust
from services.seals.verify_answer import LAST_SECOND, WORDS, ExitCode
from services.visible import shown

MEANING = {
    ExitCode.INCOMPLETE: (
        "Một chuỗi thiếu sự kiện: hồ sơ có thể đã bị cắt bớt",
        "A stream lacks an event: the dossier may have been cut",
    ),
    ExitCode.INVALID: (
        "Không được tin hồ sơ này ở dạng đã nhận",
        "Do not rely on this dossier in the form in which you got it",
    ),
    ExitCode.UNWITNESSED: (
        "CHÚ Ý: chính sách không đòi ai đồng ký; ai có khóa nhật ký có thể viết lại lịch sử",
        "NOTE: the policy asks for no witness; whoever has the key of the log could rewrite its past",
    ),
}

NOT_GIVEN = {
    FileState.WITHDRAWN: (
        "đã được gỡ trước quyết định, theo các sự kiện",
        "taken off before the decision, as the facts say",
    ),
    FileState.MISSING: ("kho tệp không còn, theo bên lập", "missing from the store, as its maker says"),
    FileState.DAMAGED: ("tệp trong kho đã hỏng, theo bên lập", "damaged in the store, as its maker says"),
}


class Law(NamedTuple):
    """The rulebooks and holidays that this program ships, by which what was judged is judged again."""

    rulebooks: Rulebooks
    calendar: Calendar


class VerifyResult(NamedTuple):
    """What a verification found. `verdict`, `said` and the proven `history` are there as far as it came.

    `compared` is there where evidence was handed in, too, and the facts hold.
    """

    answer: ExitCode
    reason: str = ""
    verdict: PolicyVerdict | None = None
    said: Mapping[str, Any] | None = None
    own_policy: bool = True
    history: History | None = None
    compared: Compared | None = None
    signatures: Sequence[PdfSignature] = ()

    @property
    def holds(self) -> bool:
        return self.answer in {ExitCode.VALID, ExitCode.UNWITNESSED}


async def run(given: argparse.Namespace) -> int:
    """Verify what lies at a path, and say it in both languages."""
    trust = read_trust(given.policy)
    held = read_checkpoint(given.checkpoint) if given.checkpoint else None
    roots = read_certificates(given.certificates) if given.certificates else ()
    async with AsyncExitStack() as stack:
        prints = Printer(ASSETS)  # not entered: it starts only where there are pages, and may be missing here
        stack.push_async_exit(prints)
        law = Law(load_rulebooks(), load_calendar())
        found = await verify(given.path, trust, law, held=held, prints=prints, evidence=given.evidence, roots=roots)
    for line in lines(found, held, roots):
        print(shown(line))
    return int(found.answer)


async def verify(
    path: Path,
    trust: Trust,
    law: Law,
    *,
    held: Note | None = None,
    prints: Prints | None = None,
    evidence: Path | None = None,
    roots: Sequence[bytes] = (),
) -> VerifyResult:
    """What a proof package at this path is worth. Whatever lies there, this answers; it raises nothing of its own.

    An archive of its evidence that lies in the folder is held against it, and so is one that is handed in beside it:
    what is in one has to be what the facts name, and what is not there is counted and changes no answer. `roots` are
    certificates (DER) that the verifier trusts to name officials.
    """
    try:
        files, pdf = await asyncio.to_thread(read_files, path)
    except Invalid as reason:
        return VerifyResult(ExitCode.INVALID, str(reason))
    found = await judge_files(files, held, trust, law)
    if pdf is not None and found.holds:
        found = await _with_pages(found, files, pdf, prints, roots)
    own = path / ARCHIVE
    for archive in (own if own.exists() else None, evidence):
        if archive is not None and found.holds:
            found = await asyncio.to_thread(_with_evidence, found, archive)
    return found


async def _with_pages(
    found: VerifyResult, files: Files, pdf: bytes, prints: Prints | None, roots: Sequence[bytes]
) -> VerifyResult:
    """The same, once the pages were held against the facts that hold, and what is signed there was read."""
    try:
        return found._replace(signatures=await _check_pages(files, pdf, prints, roots))
    except Invalid as reason:
        return found._replace(answer=ExitCode.INVALID, reason=f"its facts hold, and {reason}")


def _with_evidence(found: VerifyResult, archive: Path) -> VerifyResult:
    """The same, once an archive was held against the facts that hold."""
    assert found.history is not None  # noqa: S101 - what holds has its facts
    try:
        compared = compare(archive, evidence_of_dossier(found.history))
    except Malformed as reason:
        return found._replace(answer=ExitCode.INVALID, reason=f"its facts hold, and not the evidence: {reason}")
    if not compared.wrong:
        return found._replace(compared=compared)
    wrong = f"its facts hold, and not the evidence: {len(compared.wrong)} files are not those that they name"
    return found._replace(answer=ExitCode.INVALID, reason=wrong, compared=compared)


async def judge_files(files: Files, held: Note | None, trust: Trust, law: Law) -> VerifyResult:
    """What these files are worth, without the pages."""
    verdict: PolicyVerdict | None = None
    try:
        note = Note.read(files[CHECKPOINT])
        verdict = trust.policy.judge(note)
        trust.policy.verify(note)
        _check_past(files, verdict.checkpoint, trust, held)
        circumstances, named = _stated(files, verdict.checkpoint.origin)
        history = History(circumstances.tenant, _proven(files, verdict.checkpoint, note, circumstances.tenant, named))
        history.check_streams()
        history.check_epochs()
        _check_nothing_else(files, history)
        said = await _told_again(files, history, verdict, circumstances, trust, law)
    except QuorumMissed as reason:
        return VerifyResult(ExitCode.INVALID, f"the quorum is missed: {reason}", verdict)
    except Incomplete as reason:
        return VerifyResult(ExitCode.INCOMPLETE, str(reason), verdict)
    except (Invalid, NotCanonical, Refused) as reason:
        return VerifyResult(ExitCode.INVALID, str(reason), verdict)
    except Exception as reason:  # noqa: BLE001 - what others made may lead anywhere, and must be answered all the same
        return VerifyResult(
            ExitCode.INVALID, f"its facts cannot be read: {type(reason).__name__}: {str(reason)[:200]}", verdict
        )
    answer = ExitCode.VALID if verdict.witnessed else ExitCode.UNWITNESSED
    return VerifyResult(answer, "", verdict, said, circumstances.policy_sha256 == trust.sha256, history)


# What is proven ---------------------------------------------------------------------------------------


def _check_past(files: Files, head: Checkpoint, trust: Trust, held: Note | None) -> None:
    """The checkpoint continues the previous one and, if there is one, the one that the verifier holds."""
    previous = trust.policy.judge(Note.read(files[PREVIOUS])).checkpoint
    lines = read_utf8(files[CONSISTENCY], SINGLE[CONSISTENCY], CONSISTENCY).split("\n")
    if lines.pop():
        raise Malformed(f"{CONSISTENCY}: a line without its end")
    if not covers(head.origin, previous.origin):
        raise Malformed(f"{PREVIOUS} is of another log, {previous.origin[:80]!r}")
    verify_consistency(previous.size, previous.root, head.size, head.root, read_hashes(lines))
    if held is None:
        return
    mine = trust.policy.judge(held).checkpoint
    if not covers(head.origin, mine.origin):
        raise Invalid(f"the checkpoint that you hold is of another log, {mine.origin[:80]!r}")
    known = {previous.size: previous.root, head.size: head.root}
    if mine.size not in known:
        raise Invalid(
            f"nothing in it shows that its log continues the checkpoint of {mine.size} that you hold: have it exported"
            " again with --checkpoint"
        )
    if known[mine.size] != mine.root:
        raise Invalid(f"its log is not the one that you hold a checkpoint of: the first {mine.size} facts are others")


class _Stream(msgspec.Struct, frozen=True):
    """How `dossier.json` names a stream; the id is of that name, so a false name is noticed."""

    stream: str
    kind: str
    season: str
    subject: str


class _Stated(msgspec.Struct, frozen=True):
    """What `dossier.json` has to state, for facts do not say it."""

    v: int
    log: str
    circumstances: Circumstances
    streams: list[_Stream]


def _stated(files: Files, origin: str) -> tuple[Circumstances, dict[str, StreamName]]:
    """The circumstances, and the names of the streams by their ids. Raises Malformed."""
    try:
        parse(files[DOSSIER])
        stated = msgspec.json.decode(files[DOSSIER], type=_Stated)
    except (NotCanonical, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise Malformed(f"{DOSSIER}: {str(reason)[:200]}") from None
    if stated.v not in WORDS_OF:
        raise Malformed(f"{DOSSIER} is of form {stated.v}, which this program does not know")
    if stated.log != origin:
        raise Malformed(f"{DOSSIER} is about another log, {stated.log[:80]!r}")
    names = {one.stream: StreamName(one.kind, one.season, one.subject) for one in stated.streams}
    return stated.circumstances, names


def _proven(
    files: Files, head: Checkpoint, note: Note, tenant: str, named: Mapping[str, StreamName]
) -> Iterator[LoggedFact]:
    """Each fact, once its proof has led to the checkpoint and its payload is the one of its leaf. Raises Invalid."""
    leaves = files[LEAVES].split(b"\n")
    if leaves.pop():
        raise Malformed(f"{LEAVES}: a line without its end")
    if len(leaves) > FACTS_LIMIT:
        raise Malformed(f"{LEAVES}: {len(leaves)} facts, more than {FACTS_LIMIT}")
    last = ""
    streams: set[str] = set()
    hashes: set[bytes] = set()
    for leaf in leaves:
        said = read_leaf(leaf)
        hashed = leaf_hash(leaf)
        name = named.get(said.stream)
        if not covers(head.origin, said.log):
            raise Malformed(f"a fact of another log, {said.log[:80]!r}")
        if name is None or str(name.id(tenant)) != said.stream:
            raise Malformed(f"stream {said.stream} is not named, or goes by another name")
        if hashed in hashes or (said.stream != last and said.stream in streams):
            raise Malformed(f"{LEAVES}: a fact or a stream stands in two places, {said.stream}")
        last = said.stream
        streams.add(last)
        hashes.add(hashed)
        payload = _payload(files, said.payload_sha256)
        proof = Proof.read(_file(files, proof_name(hashed.hex())))
        if proof.checkpoint != note or proof.extra is not None:
            raise Malformed(f"{proof_name(hashed.hex())}: under another checkpoint, or with more than a proof")
        verify_inclusion(proof.index, head.size, hashed, proof.hashes, head.root)
        yield line_of(proof.index + 1, name, leaf, payload)


def _payload(files: Files, hashed: str) -> bytes:
    """The payload of this hash, in its one spelling. Raises Malformed, NotCanonical."""
    payload = _file(files, payload_name(hashed))
    if sha256(payload).hexdigest() != hashed:
        raise Malformed(f"{payload_name(hashed)}: not the payload of that hash")
    parse(payload)
    return payload


def _file(files: Files, name: str) -> bytes:
    if name not in files:
        raise Malformed(f"{name}: missing")
    return files[name]


def _check_nothing_else(files: Files, history: History) -> None:
    """Every file belongs to one of the facts. Raises Malformed."""
    ours = {name for line in history.lines for name in (payload_name(line.said.payload_sha256), proof_name(line.hash))}
    if strangers := sorted(files.keys() - ours - SINGLE.keys()):
        raise Malformed(f"{strangers[0]}: belongs to none of the facts")


# What is said -----------------------------------------------------------------------------------------


async def _told_again(
    files: Files, history: History, verdict: PolicyVerdict, circumstances: Circumstances, trust: Trust, law: Law
) -> Mapping[str, Any]:
    """What the facts say, when the files say just that. Raises Invalid, Refused."""
    head = verdict.checkpoint
    form = msgspec.json.decode(files[DOSSIER], type=_Stated).v
    told = await tell(history, head, circumstances, law.rulebooks, law.calendar, form)
    if told != files[DOSSIER]:
        raise Malformed(f"{DOSSIER}: not what the facts say")
    if canonical(attachments(history.facts)) != files[EVIDENCE]:
        raise Malformed(f"{EVIDENCE}: not what the facts say")
    if how_to(head, history.decision().hash, circumstances.policy_sha256) != files[HOW_TO]:
        raise Malformed(f"{HOW_TO}: not the text that belongs there")
    if circumstances.policy_sha256 == trust.sha256:
        cosigned = tuple(sorted(one.witness for one in verdict.cosigned))
        stated = (circumstances.cosigned, circumstances.witnesses, circumstances.quorum)
        if (cosigned, verdict.witnesses, verdict.quorum) != stated:
            raise Malformed(f"{DOSSIER}: not cosigned as it says")
    said: Mapping[str, Any] = msgspec.json.decode(told)
    return said


async def _check_pages(
    files: Files, pdf: bytes, prints: Prints | None, roots: Sequence[bytes]
) -> Sequence[PdfSignature]:
    """The signatures upon the pages, when these are just what the facts give. Raises Invalid."""
    if prints is None:
        raise Invalid("its pages were not compared; verify the folder without the PDF")
    made_by = msgspec.json.decode(files[DOSSIER], type=_Stated).circumstances.printer
    try:
        again = await _made_again(files, pdf, prints, only_present=made_by == printer())
    except (PrintingFailed, ImportError) as reason:  # a library that makes pages is missing here
        raise Invalid(f"its pages cannot be compared here: {reason}; verify the folder without the PDF") from None
    except Exception as reason:  # noqa: BLE001 - facts may be proven, and still not be such as pages can tell
        name = type(reason).__name__
        raise Invalid(f"no pages can be made of them ({name}); verify the folder without the PDF") from None
    if again is None and made_by == printer():
        raise Invalid("its pages are not what they say")
    if again is None:
        raise Invalid(
            f"its pages are not those that this program makes, by {printer()!r} or in a former form: either they are"
            f" not what they say, or what made them, by its own words {made_by[:80]!r}, is not known here; verify the"
            " folder without the PDF"
        )
    if pdf == again:
        return ()
    try:
        return await asyncio.to_thread(read_signatures, pdf, len(again), roots)
    except Malformed as reason:
        raise Invalid(f"so do its pages, but behind them stands what is not to be relied on: {reason}") from None
    except Unjudged as reason:
        raise Invalid(f"so do its pages, but signatures behind them cannot be judged here: {reason}") from None


async def _made_again(files: Files, pdf: bytes, prints: Prints, *, only_present: bool) -> bytes | None:
    """The pages that the PDF begins with, in the form of today or a former one; None where it is none of these.

    What a proof package says of its printer proves nothing: only the same bytes do. So the name only saves attempts.
    """
    unprinted: PrintingFailed | None = None
    for form in forms():
        try:
            again = (await bound(files, prints, form)).content
        except PrintingFailed as reason:  # one form takes too long for a text that another one prints
            unprinted = unprinted or reason
        else:
            if pdf.startswith(again):
                return again
        if only_present:
            break
    if unprinted is not None:
        raise unprinted
    return None


# For people -------------------------------------------------------------------------------------------


def lines(found: VerifyResult, held: Note | None = None, roots: Sequence[bytes] = ()) -> Iterator[str]:
    """The answer, Vietnamese and English line by line."""
    yield " / ".join(WORDS[found.answer])
    yield from (f"  {meaning}" for meaning in MEANING.get(found.answer, ()))
    if found.reason:
        yield f"  Lý do / reason: {found.reason}"
    if found.verdict is None:
        return
    yield from _as_of(found.verdict, found.said)
    if found.said is None:
        return
    if not found.own_policy:
        yield "  Hồ sơ được lập theo chính sách khác / made under another policy:"
        yield f"    SHA-256 {found.said['circumstances']['policy_sha256']}"
    if held is None:
        yield "  Không so với điểm kiểm nào bạn giữ / compared with no checkpoint that you hold (--checkpoint)"
    yield from _evidence(found)
    yield from _decided(found.said)
    if found.signatures:
        yield from _signed(found.signatures, asked=bool(roots))


def _evidence(found: VerifyResult) -> Iterator[str]:
    """What was compared of the evidence, and each file that was not there or is another."""
    compared = found.compared
    if compared is None:
        yield "  Không đối chiếu tệp minh chứng nào / no evidence file was compared (--evidence)"
        return
    every = compared.equal + len(compared.wrong) + len(compared.absent)
    yield f"  Tệp minh chứng: {compared.equal}/{every} tệp trùng khớp, {compared.bytes} byte"
    yield f"  Evidence: {compared.equal} of {every} files are those that the facts name, {compared.bytes} bytes"
    yield from (f"    KHÔNG KHỚP / DIFFERS: {one}" for one in compared.wrong)
    for paper, state in compared.absent:
        yield f"    không có trong tệp nén / not given: {paper.entry}, {paper.name}"
        yield f"      {' / '.join(NOT_GIVEN[state])}"


def _as_of(verdict: PolicyVerdict, said: Mapping[str, Any] | None) -> Iterator[str]:
    head = verdict.checkpoint
    at, by = "?", ("không có thời điểm", "at a time that nobody states")
    if verdict.at is not None:
        at = instant(datetime.fromtimestamp(min(verdict.at, LAST_SECOND), UTC))
        by = ("theo bên đồng ký", "as a witness says")
    elif said is not None:
        at, by = said["circumstances"]["sealed_at"], ("theo chính nhật ký", "as the log itself says")
    yield f"  Tính đến điểm kiểm {head.size} của {head.origin}, lúc {at} ({by[0]})"
    yield f"  As of checkpoint {head.size} of {head.origin} at {at} ({by[1]})"
    yield f"  Đồng ký {len(verdict.cosigned)}/{verdict.witnesses}, cần {verdict.quorum} / {verdict}"
    if said is not None:
        beyond = said["circumstances"]["beyond"]
        yield f"  Sau điểm kiểm có {beyond} sự kiện chưa ai xác nhận (theo bên lập); không loại trừ sự kiện về sau"
        yield f"  Beyond it {beyond} events that nobody has vouched for (its maker says); later ones are not excluded"


def _decided(said: Mapping[str, Any]) -> Iterator[str]:
    decision = said["decision"]
    yield "  Ai quyết định / who decided:"
    yield f"    {decision['name']} ({decision['actor']}), {decision['at']}, vị trí / position {decision['position']}"
    for post in decision["posts"]:
        yield f"    {post['position']}, {post['unit']}, {post['decision_no']}"
    yield f"    {decision['decision_no']}, {decision['on']}: {decision['result']}"
    yield f"    {said['commune']['name']}, {said['season']}{PRACTICE if 'practice' in said else ''}"
    if "reason" in decision:
        yield f"    {decision['reason']}"
    yield "  Căn cứ, từng việc có mặt và trùng khớp / on what, each present and equal:"
    for one in said["relied_on"]:
        yield f"    {one['name']}  {one['version']}  {one['leaf_hash']}"
    yield "  Trạng thái đã xét, tính lại và trùng khớp / what was judged, judged again and equal:"
    yield f"    {decision['state_sha256']}"
    for one in said["ballots"]:
        yield f"    {one['at']}  {one['member_name']}  {one['choice']}"
    for one in said["since"]:
        yield f"  {one['at']}  {one['type']}  {one['name']}"
    acts, streams = len(said["acts"]), len(said["streams"])
    loose = sum(one["end"] == "not-bound" for one in said["streams"])
    yield f"  {acts} sự kiện trong {streams} chuỗi; phần cuối của {loose} chuỗi không do quyết định xác định"
    yield f"  {acts} events in {streams} streams; of {loose} the decision does not bind the end"


def _signed(signatures: Sequence[PdfSignature], *, asked: bool) -> Iterator[str]:
    yield f"  Chữ ký số trên PDF, mỗi chữ ký đều nguyên vẹn / signatures upon the PDF, each intact: {len(signatures)}"
    for one in signatures:
        claimed = one.claimed or "?"
        yield f"    {one.signer}, số chứng thư / certificate {one.serial}"
        yield f"      ký lúc, theo lời người ký / signed at, as the signer claims: {claimed}"
        if asked and not one.doubt:
            yield "      chứng thư dẫn tới gốc bạn tin / the certificate leads to a root that you trust"
        elif asked:
            yield f"      KHÔNG AI BẢO ĐẢM chứng thư này / NOBODY VOUCHES for the certificate: {one.doubt}"
        else:
            yield "      KHÔNG AI BẢO ĐẢM chứng thư này / NOBODY VOUCHES for the certificate (--certificates)"
    yield "  Không hỏi chứng thư có bị thu hồi hay không / whether a certificate was revoked was not asked"
