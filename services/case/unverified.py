"""What a result rests on that was never compared with the original text."""

from collections import Counter

from domain.rulebook import Rulebook
from services.i18n import Words

#: The ends of the paths of values that a result rests on, and what they are counted as.
COUNTED_AS = {
    "name": "name",
    "points": "points",
    "bands": "points",
    "pass_level": "level",
    "at_least": "level",
    "measure": "measure",
    "not_arisen": "measure",
    "text": "left-out",
}


def unverified_words(rulebook: Rulebook, words: Words) -> str:
    """How many names, points, levels and conditions have no original text to be compared with; "" where all have.

    The procedure (terms, council) is not counted: a result does not rest on it.
    """
    counts = Counter(filter(None, (_kind(path, rulebook) for path, _ in rulebook.unverified)))
    return ", ".join(_counted(kind, words.number(count), words) for kind, count in counts.items())


def _kind(path: str, rulebook: Rulebook) -> str | None:
    if path in rulebook.without_text:
        return "left-out"
    if any(path == condition.code for condition in rulebook.conditions):
        return "condition"
    if path.startswith("TC"):
        return next((COUNTED_AS[end] for end in path.split(".") if end in COUNTED_AS), None)
    return None


def _counted(kind: str, count: str, words: Words) -> str:
    match kind:
        case "name":
            return words.say("%(count)s tên tiêu chí, chỉ tiêu", count=count)
        case "points":
            return words.say("%(count)s mức điểm", count=count)
        case "level":
            return words.say("%(count)s mức đạt", count=count)
        case "measure":
            return words.say("%(count)s cách tính", count=count)
        case "condition":
            return words.say("%(count)s điều kiện công nhận", count=count)
        case _:
            return words.say("%(count)s nội dung không xét", count=count)
