"""Finding names as people type them: without marks, in capitals, by initials."""

import unicodedata


def folded(text: str) -> str:
    """Lower case, no marks: `Đồng Nai` and `dong nai` are one. `đ` is a letter of its own, not a d with a mark."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return " ".join(bare.replace("đ", "d").replace("Đ", "D").casefold().split())


def found(asked: str, name: str) -> bool:
    """Whether the name answers what was asked: a part of it, or its initials."""
    wanted, known = folded(asked), folded(name)
    initials = "".join(word[0] for word in known.split())
    return wanted in known or (len(wanted) > 1 and wanted.replace(" ", "") in initials)
