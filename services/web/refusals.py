"""Refusals in words, and the status that says the same to programs.

A refusal of the rules (`domain.errors.Refused`) carries a code and details. Its sentences have the keys
`refused.<code>` (what happened) and `refused.<code>.next` (what to do), in both languages; details fill their slots.
"""

from http import HTTPStatus
from typing import Any, NamedTuple

from domain.errors import ReasonMissing, Refused
from domain.official import Office
from services.i18n import Words

#: Where a code has a better status than 409 (the act is against the rules as things stand).
STATUS = {
    "sign-in-needed": HTTPStatus.UNAUTHORIZED,
    "not-permitted": HTTPStatus.FORBIDDEN,
    "not-enrolled": HTTPStatus.FORBIDDEN,
    "foreign-request": HTTPStatus.FORBIDDEN,
    "sign-in-refused": HTTPStatus.FORBIDDEN,
    "not-found": HTTPStatus.NOT_FOUND,
    "not-there-then": HTTPStatus.NOT_FOUND,
    "unknown-indicator": HTTPStatus.NOT_FOUND,
    "unknown-commune": HTTPStatus.NOT_FOUND,
    "unknown-evidence": HTTPStatus.NOT_FOUND,
    "text-too-long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "sign-not-allowed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "marks-piled-up": HTTPStatus.UNPROCESSABLE_ENTITY,
    "code-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "number-too-large": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too-many": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not-recordable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "stale": HTTPStatus.PRECONDITION_FAILED,
    "not-a-number": HTTPStatus.UNPROCESSABLE_ENTITY,
    "address-unreadable": HTTPStatus.BAD_REQUEST,
    "form-unreadable": HTTPStatus.BAD_REQUEST,
    "text-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "form-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too-many-fields": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body-too-slow": HTTPStatus.REQUEST_TIMEOUT,
    "too-many-bodies": HTTPStatus.SERVICE_UNAVAILABLE,
    "not-a-moment": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not-a-day-of-year": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not-a-date": HTTPStatus.UNPROCESSABLE_ENTITY,
    "day-out-of-range": HTTPStatus.UNPROCESSABLE_ENTITY,
    "year-out-of-range": HTTPStatus.UNPROCESSABLE_ENTITY,
    "year-gone": HTTPStatus.UNPROCESSABLE_ENTITY,
    "period-reversed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "units-unsuitable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "deadline-outside-term": HTTPStatus.UNPROCESSABLE_ENTITY,
    "search-too-long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "search-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "line-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "field-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "source-not-chosen": HTTPStatus.UNPROCESSABLE_ENTITY,
    "form-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "measure-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "reason-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "what-if-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "score-above-maximum": HTTPStatus.UNPROCESSABLE_ENTITY,
    "score-below-minimum": HTTPStatus.UNPROCESSABLE_ENTITY,
    "command-reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "keys-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "key-destroyed": HTTPStatus.GONE,
    "too-many-questions": HTTPStatus.TOO_MANY_REQUESTS,
    "questions-waiting": HTTPStatus.SERVICE_UNAVAILABLE,
    "question-too-long": HTTPStatus.SERVICE_UNAVAILABLE,
    "question-failed": HTTPStatus.SERVICE_UNAVAILABLE,
    "too-often": HTTPStatus.TOO_MANY_REQUESTS,
    "too-fast": HTTPStatus.TOO_MANY_REQUESTS,
    "file-damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
    "file-missing": HTTPStatus.INTERNAL_SERVER_ERROR,
    "uploads-exhausted": HTTPStatus.TOO_MANY_REQUESTS,
    "no-space": HTTPStatus.INSUFFICIENT_STORAGE,
    "attendance-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "broadcasts-too-few": HTTPStatus.UNPROCESSABLE_ENTITY,
    "day-in-the-future": HTTPStatus.UNPROCESSABLE_ENTITY,
    "posting-place-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "posting-too-short": HTTPStatus.UNPROCESSABLE_ENTITY,
    "sheets-tally-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-empty": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-not-chosen": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-name-hostile": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not-signed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "rulebook-file-unusable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-type-forbidden": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


#: By act: the field in which its reason is written, as the page calls it.
REASONS = {
    "score": "reason",
    "cast-ballot": "reason",
    "decide": "reason",
    "appraise": "cham-reason",
    "return": "tra-reason",
    "conclude-appraisal": "kl-reason",
    "resume-appraisal": "lai-reason",
    "return-rulebook-draft": "reason",
    "correct-rulebook": "reason",
    "correct-decision": "dc-reason",
    "uphold-appeal": "kn-reason",
    "authorise": "note",
}

#: What the words of a type are called in the catalogues, where that is older than its name.
KEYS: dict[type, str] = {Office: "position"}


class Refusal(NamedTuple):
    """A refusal in words."""

    code: str
    status: int
    sentence: str
    advice: str
    #: The field it concerns, "" where it concerns none or several.
    field: str
    details: dict[str, Any]


def explain(refused: Refused, words: Words) -> Refusal:
    """The refusal in this language. A detail whose value is a known term (a state, a step) is said by its word."""
    code = refused.code
    slots = {name: _in_words(name, value, words) for name, value in refused.details.items()}
    key = _key(code, refused.details, words)
    advice = next((words.say(one) for one in (f"{key}.next", f"refused.{code}.next") if words.knows(one)), "")
    return Refusal(
        code=code,
        status=STATUS.get(code, HTTPStatus.CONFLICT),
        sentence=_fill(words.say(key), slots),
        advice=_fill(advice, slots),
        field=str(refused.details.get("field") or _field_of_reason(refused)),
        details=refused.details,
    )


def _field_of_reason(refused: Refused) -> str:
    return REASONS.get(str(refused.details.get("act")), "") if isinstance(refused, ReasonMissing) else ""


def _key(code: str, details: dict[str, Any], words: Words) -> str:
    """A refusal with a reason of its own (`measure-invalid` / `off-step`), or of a thing found, may have a sentence."""
    narrow = f"refused.{code}.{details.get('reason') or details.get('found', '')}"
    return narrow if words.knows(narrow) else f"refused.{code}"


def _in_words(name: str, value: Any, words: Words) -> str:
    if isinstance(value, (tuple, list, set, frozenset)):
        return ", ".join(_in_words(name, item, words) for item in value)
    if name == "season":
        return words.season(str(value))
    kind = KEYS.get(type(value), type(value).__name__.lower())
    for key in (f"{name}.{value}", f"{kind}.{value}"):
        if words.knows(key):
            return words.say(key)
    return words.listed(value)


class _Slots(dict[str, str]):
    """A sentence may name a detail that this time is not there."""

    def __missing__(self, key: str) -> str:
        return "–"


def plain(code: str, status: int, words: Words, *, key: str = "") -> Refusal:
    """A refusal that no rule made: no such address, a crash. `key` names its sentence where the code does not."""
    key = f"refused.{key or code}"
    advice = _fill(words.say(f"{key}.next"), {}) if words.knows(f"{key}.next") else ""
    return Refusal(code, status, _fill(words.say(key), {}), advice, "", {})


def _fill(sentence: str, slots: dict[str, str]) -> str:
    return sentence % _Slots(slots) if "%(" in sentence else sentence
