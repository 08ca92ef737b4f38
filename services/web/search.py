"""Finding things by name as people type: without marks, in capitals, by initials."""

from domain.vietnamese import search_key


def found(asked: str, name: str) -> bool:
    """Whether the name answers what was asked: a part of it, or its initials."""
    wanted, known = search_key(asked), search_key(name)
    initials = "".join(word[0] for word in known.split())
    return wanted in known or (len(wanted) > 1 and wanted.replace(" ", "") in initials)
