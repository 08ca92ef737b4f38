"""Content of a proof package, made from its facts: who decided, on what, by whose votes, on which evidence.

All of it is made from the facts, so a verifier makes it again and compares. What facts cannot say (how far the log
was sealed and cosigned, and what stood above) are `Circumstances`, as stated by whoever made the proof package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.adoption import adoption_stream
from domain.appraisal import appraisal_stream
from domain.assessment import assessment_stream
from domain.council import Council
from domain.fact import Recorded, StreamName
from domain.meeting import Meeting
from domain.official import Official, official_stream
from domain.recognition import Decision, Recognition, Signer
from domain.rulebook_text import RulebookText, hash_of
from domain.season import is_practice, season_stream
from domain.unit import unit_stream
from domain.working_days import Calendar
from infra.ledger.canonical_json import canonical
from infra.ledger.checkpoint import Checkpoint
from infra.reference.rulebooks import Rulebooks
from services.assessment.evidence_list import attachments
from services.documents.forms import LATER_ON_2026_11_30, UNTIL_2026_11_30
from services.documents.reading import AsItStood
from services.proof_package.package_log import History, Incomplete, LoggedFact, shown
from services.recognition.decision_document import DecisionDocument, read_paper
from services.recognition.decision_document import TableLine as Row

#: Version of this form of a proof package. With a change of what its files say it is raised, and the former one kept.
FORM = 2
#: In which words each version tells what was judged: those that decisions had when it came.
WORDS_OF = {1: UNTIL_2026_11_30, FORM: LATER_ON_2026_11_30}
#: What is said behind the season of a practice round.
PRACTICE = ", ĐÁNH GIÁ THỬ, không có giá trị pháp lý / PRACTICE, of no legal force"
#: What stands for the computed result where the rules left it open.
LEFT_OPEN = "left-open"


class Circumstances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was so when the proof package was made; `beyond` counts the facts above the checkpoint."""

    tenant: str
    province: str
    demonstration: str
    sealed_at: str
    beyond: int
    policy_sha256: str
    cosigned: tuple[str, ...]
    witnesses: int
    quorum: int
    printer: str


class StatedProvince(NamedTuple):
    """The province that a proof package states: a `Province` of documents."""

    id: str
    name: str
    log: str
    demonstration: bool


def province_of(circumstances: Circumstances, origin: str) -> StatedProvince:
    return StatedProvince(
        circumstances.tenant, circumstances.province, origin, demonstration=circumstances.demonstration == "yes"
    )


async def tell(
    history: History,
    head: Checkpoint,
    circumstances: Circumstances,
    rulebooks: Rulebooks,
    calendar: Calendar,
    form: int = FORM,
) -> bytes:
    """`dossier.json`, in this form.

    Raises Incomplete when something is missing that the decision rests on, and what `read_paper` raises.
    """
    line = history.decision()
    decided = line.recorded.fact
    assert isinstance(decided, Decision)  # noqa: S101 - found by its type
    name = line.recorded.stream
    then = AsItStood(history, province_of(circumstances, head.origin), head.size)
    _check_whole(history, name, decided)
    texts = rulebooks_with(rulebooks, history.facts)
    paper = await read_paper(then, name.season, decided.commune, texts, calendar, WORDS_OF[form])
    people = _people(history)
    document = {
        "v": form,
        "log": head.origin,
        "checkpoint": {"size": head.size, "root": head.root.hex()},
        "circumstances": msgspec.to_builtins(circumstances),
        "season": name.season,
        **({"practice": "yes"} if is_practice(name.season) else {}),
        "commune": {"code": decided.commune, "name": paper.commune.whole},
        "unit": {"code": line.said.unit, "name": paper.unit.whole},
        "decision": {
            **_where(line, people),
            "posts": _posts(history, line.said.actor, line.recorded.at.date()),
            "result": decided.result.value,
            "decision_no": decided.decision_no,
            "on": decided.on.isoformat(),
            "computed": decided.computed.value if decided.computed else LEFT_OPEN,
            "rulebook": decided.rulebook,
            "rulebook_name": paper.rulebook,
            "rulebook_sha256": decided.rulebook_sha256,
            "state_sha256": decided.state_sha256,
            **({"voted": decided.voted.value} if decided.voted else {}),
            **({"reason": decided.reason} if decided.reason else {}),
        },
        "judged": _judged(paper),
        "relied_on": [
            {
                "kind": one.kind,
                "stream": str(one.stream),
                "name": shown(history.relied_on(one).recorded.stream),
                "version": one.version,
                "leaf_hash": one.leaf_hash,
                "position": history.relied_on(one).position,
            }
            for one in decided.relied_on
        ],
        "ballots": list(_ballots(history, decided.commune, people)),
        **_told("opinions", list(_opinions(history, decided.commune, people))),
        "since": list(_since(history, line, people)),
        **({"earlier": earlier} if (earlier := list(_earlier(history, line, people))) else {}),
        "people": [
            {"person": person, "name": called, "posts": _posts(history, person, decided.on)}
            for person, called in sorted(people.items())
        ],
        "streams": list(_streams(history, decided)),
        "evidence": len(attachments(history.facts)),
        "acts": [_where(one, people) for one in history.by_position()],
    }
    return canonical(document)


def rulebooks_with(shipped: Rulebooks, facts: Iterable[Recorded]) -> Rulebooks:
    """The rulebooks that ship, and the texts that these facts keep."""
    texts = [one.fact.text for one in facts if isinstance(one.fact, RulebookText.Kept)]
    return shipped.with_own({hash_of(text): text for text in texts})


# What has to be there ---------------------------------------------------------------------------------


def _check_whole(history: History, name: StreamName, decided: Decision) -> None:
    """What a decision rests on is there, and everybody who acted. Raises Incomplete."""
    for act in decided.relied_on:
        history.relied_on(act)
    relied = {one.kind for one in decided.relied_on}
    if missing := {"season", "assessment", "appraisal", *({"meeting"} if decided.voted else ())} - relied:
        raise Incomplete(f"the decision does not say on which {', '.join(sorted(missing))} it relied")
    wanted = [
        name,
        season_stream(name.season),
        assessment_stream(name.season, decided.commune),
        appraisal_stream(name.season, decided.commune),
        adoption_stream(decided.rulebook),
        unit_stream(decided.commune),
        *(official_stream(person) for person in actors(history)),
    ]
    for one in wanted:
        if one not in history.streams:
            raise Incomplete(f"{shown(one)} is missing")


def actors(history: History) -> list[UUID]:
    """Everybody who acted, or sits in a council here; not the system."""
    found: dict[UUID, None] = {}
    for line in history.by_position():
        with suppress(ValueError):
            found[UUID(line.said.actor)] = None
        match line.recorded.fact:
            case Council.Constituted(members=members):
                found.update((member.person, None) for member in members)
            case Council.MemberReplaced(member=member):
                found[member.person] = None
            case Recognition.Corrected(signer=Signer(official=official)):
                found[official] = None
    return list(found)


# Parts ------------------------------------------------------------------------------------------------


def _where(line: LoggedFact, people: Mapping[str, str]) -> dict[str, Any]:
    """A fact: where it stands, who acted, and by which leaf."""
    return {
        "position": line.position,
        "at": line.said.at,
        "type": line.said.type,
        "stream": shown(line.recorded.stream),
        "version": line.said.version,
        "actor": line.said.actor,
        "name": people.get(line.said.actor, ""),
        "unit": line.said.unit,
        "leaf_hash": line.hash,
    }


def _people(history: History) -> dict[str, str]:
    return {
        name.subject: line.recorded.fact.name
        for name, lines in history.streams.items()
        for line in lines
        if isinstance(line.recorded.fact, Official.Enrolled)
    }


def _posts(history: History, person: str, day: date) -> list[dict[str, str]]:
    """The mandates that this person held on the day."""
    held: dict[UUID, Official.MandateGranted] = {}
    ended: dict[UUID, date] = {}
    for line in history.streams.get(StreamName("official", "", person), ()):
        match line.recorded.fact:
            case Official.MandateGranted() as granted:
                held[granted.mandate] = granted
            case Official.MandateEnded(mandate=mandate, on=on):
                ended[mandate] = on
    found = []
    for mandate, granted in held.items():
        last = ended.get(mandate, granted.valid_to)
        if granted.valid_from <= day and (last is None or day <= last):
            found.append(
                {
                    "position": granted.position.value,
                    "unit": granted.unit,
                    "from": granted.valid_from.isoformat(),
                    "decision_no": granted.decision_no,
                    **({"to": last.isoformat()} if last else {}),
                }
            )
    return found


def _ballots(history: History, commune: str, people: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for line in history.by_position():
        match line.recorded.fact:
            case (Meeting.BallotCast() | Meeting.WrittenOpinionReceived()) as ballot if ballot.item == commune:
                yield {
                    **_where(line, people),
                    "round": ballot.round,
                    "member": str(ballot.member),
                    "member_name": people.get(str(ballot.member), ""),
                    "choice": ballot.choice.value,
                    **({"reason": ballot.reason} if ballot.reason else {}),
                    **_on_paper(ballot),
                }


def _on_paper(ballot: Meeting.BallotCast | Meeting.WrittenOpinionReceived) -> dict[str, str]:
    """The paper of a ballot and the hash of its file; nothing for the ballots of meetings that kept no file."""
    if isinstance(ballot, Meeting.WrittenOpinionReceived) and ballot.sha256:
        return {"document_no": ballot.document_no, "sha256": ballot.sha256}
    return {}


def _opinions(history: History, commune: str, people: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What absent members wrote where that is no ballot."""
    for line in history.by_position():
        match line.recorded.fact:
            case Meeting.AbsentOpinionReceived() as opinion if opinion.item == commune:
                yield {
                    **_where(line, people),
                    "member": str(opinion.member),
                    "member_name": people.get(str(opinion.member), ""),
                    "choice": opinion.choice.value,
                    "document_no": opinion.document_no,
                    "sha256": opinion.sha256,
                    **({"reason": opinion.reason} if opinion.reason else {}),
                }


def _told(name: str, rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows under their name where there are any: packages of before stay as they are."""
    return {name: rows} if rows else {}


def _since(history: History, decision: LoggedFact, people: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What happened to the decision itself, up to the checkpoint."""
    for line in history.streams[decision.recorded.stream]:
        if line.position <= decision.position:
            continue
        match line.recorded.fact:
            case Recognition.Signed(on=on, sha256=sha256):
                yield {**_where(line, people), "on": on.isoformat(), "sha256": sha256}
            case Recognition.Published(on=on, place=place):
                yield {**_where(line, people), "on": on.isoformat(), "place": place}
            case Recognition.Revoked(on=on, ground=ground, decision_no=decision_no):
                yield {**_where(line, people), "on": on.isoformat(), "ground": ground, "decision_no": decision_no}
            case Recognition.AppealUpheld(on=on, reason=reason, document_no=document_no):
                yield {**_where(line, people), "on": on.isoformat(), "reason": reason, "document_no": document_no}
            case Recognition.Corrected() as corrected:
                yield {**_where(line, people), **_correction(corrected)}
            case Recognition.PublishedTotalNoted() as noted:
                yield {**_where(line, people), **_published_total(noted)}


def _correction(fact: Recognition.Corrected) -> dict[str, Any]:
    return {
        "on": fact.on.isoformat(),
        "reason": fact.reason,
        "document_no": fact.document_no,
        **({"decision_no": fact.decision_no} if fact.decision_no else {}),
        **({"decided_on": fact.decided_on.isoformat()} if fact.decided_on else {}),
        **({"signer": str(fact.signer.official)} if fact.signer else {}),
    }


def _published_total(fact: Recognition.PublishedTotalNoted) -> dict[str, Any]:
    return {
        "on": fact.on.isoformat(),
        "total": str(fact.total),
        "exact": str(fact.exact),
        "published_by": fact.published_by,
        "document_no": fact.document_no,
    }


def _earlier(history: History, decision: LoggedFact, people: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The decisions in whose place this one is."""
    for line in history.streams[decision.recorded.stream]:
        fact = line.recorded.fact
        if isinstance(fact, Decision) and line.position < decision.position:
            yield {
                **_where(line, people),
                "on": fact.on.isoformat(),
                "result": fact.result.value,
                "decision_no": fact.decision_no,
            }


def _streams(history: History, decided: Decision) -> Iterator[dict[str, Any]]:
    """Each stream, in the order of `leaves.ndjson`; only of a bound one is it certain that its end is there."""
    bound = {history.relied_on(one).recorded.stream: one.version for one in decided.relied_on}
    for name, lines in history.streams.items():
        yield {
            "kind": name.kind,
            "season": name.season,
            "subject": name.subject,
            "stream": lines[0].said.stream,
            "versions": len(lines),
            "end": "bound" if bound.get(name) == len(lines) else "not-bound",
        }


def _judged(paper: DecisionDocument) -> dict[str, Any]:
    return {
        "summary": paper.summary,
        "criteria": [_row(row) for row in paper.criteria],
        "total": _row(paper.total),
        "conditions": [_row(row) for row in paper.conditions],
    }


def _row(row: Row) -> dict[str, Any]:
    return {"cells": list(row.cells), "result": row.result, "doubtful": "yes" if row.doubtful else "no"}


# How to verify ----------------------------------------------------------------------------------------


def how_to(head: Checkpoint, decision: str, policy_sha256: str) -> bytes:
    """`VERIFY.txt`."""
    return f"""\
CÁCH KIỂM TRA HỒ SƠ NÀY

Hồ sơ chứa các sự kiện làm căn cứ cho một quyết định, mỗi sự kiện kèm bằng chứng rằng nó nằm trong nhật ký
{head.origin}, điểm kiểm {head.size}. Không cần máy chủ của chúng tôi, không cần mạng.

1. Lấy tệp chính sách tin cậy từ cơ quan thanh tra, KHÔNG lấy từ người đưa hồ sơ. Tệp dùng khi lập hồ sơ có
   SHA-256 {policy_sha256}.
2. Chạy: minhchuan verify-dossier dossier.pdf --policy FILE
   Thêm --checkpoint FILE nếu bạn giữ một điểm kiểm của nhật ký này.
3. Mã băm lá của quyết định: {decision}.

Bằng phần mềm khác: mỗi tệp proofs/*.tlog-proof theo c2sp.org/tlog-proof chứng minh dòng của leaves.ndjson có mã băm
lá (SHA-256 của byte 0 và dòng đó) trùng tên tệp; payload_sha256 trong dòng là SHA-256 của tệp trong payloads/.
Trong mỗi chuỗi (stream) các version phải liên tục từ 1 và prev là mã băm lá của version trước.
previous-checkpoint và consistency.txt (c2sp.org/tlog-checkpoint, RFC 6962) cho thấy nhật ký chỉ được nối thêm.
Hồ sơ không loại trừ được sự kiện xảy ra sau điểm kiểm {head.size}.
PDF được ghi theo PDF/A-3, chưa được kiểm định.

HOW TO VERIFY THIS DOSSIER

It holds the facts that a decision rests on, each with a proof that it is in the log {head.origin}, checkpoint
{head.size}. Neither our server nor a network is needed.

1. Get the trust policy from the inspectorate, NOT from whoever gave you the dossier. The file used when the dossier
   was made has the SHA-256 {policy_sha256}.
2. Run: minhchuan verify-dossier dossier.pdf --policy FILE
   Add --checkpoint FILE if you hold a checkpoint of this log.
3. Leaf hash of the decision: {decision}.

With other software: each proofs/*.tlog-proof (c2sp.org/tlog-proof) proves the line of leaves.ndjson whose leaf hash
(SHA-256 of a zero byte and the line) is the file's name; payload_sha256 in the line is the SHA-256 of the file in
payloads/. In each stream the versions must run from 1 without a gap, and prev is the leaf hash of the version before.
previous-checkpoint and consistency.txt (c2sp.org/tlog-checkpoint, RFC 6962) show that the log was only appended to.
A dossier cannot exclude what happened after checkpoint {head.size}.
The PDF is written as PDF/A-3, not validated.
""".encode()
