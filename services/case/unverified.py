"""What a result rests on that was never compared with the original text."""

from collections import Counter

from domain.rulebook import ConditionKind, Rulebook
from services.i18n import Words

#: The ends of the paths of values that a result rests on, and the sentence that counts them.
SENTENCES = {
    "name": "%(count)s tên tiêu chí, chỉ tiêu",
    "points": "%(count)s mức điểm",
    "pass_level": "%(count)s mức đạt",
    "at_least": "%(count)s mức đạt",
    "bands": "%(count)s mức điểm",
    "measure": "%(count)s cách tính",
    "not_arisen": "%(count)s cách tính",
    "text": "%(count)s nội dung không xét",
}
CONDITIONS = "%(count)s điều kiện công nhận"


def unverified_words(rulebook: Rulebook, words: Words) -> str:
    """How many names, points, levels and conditions have no original text to be compared with; "" where all have.

    The procedure (terms, council) is not counted: a result does not rest on it.
    """
    conditions = {one.code for one in rulebook.conditions}
    left_out = {one.code for one in rulebook.conditions if one.kind is ConditionKind.VETO and not one.text}
    counts: Counter[str] = Counter()
    for path, _ in rulebook.unverified:
        if path in conditions:
            counts[SENTENCES["text"] if path in left_out else CONDITIONS] += 1
        elif path.startswith("TC"):
            ends = [end for end in path.split(".") if end in SENTENCES]
            counts.update(SENTENCES[end] for end in ends[:1])
    return ", ".join(words.say(sentence, count=words.number(count)) for sentence, count in counts.items())
