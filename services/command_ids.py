"""Under which id a command is recorded. An id is taken once in a province, so nobody may take that of another.

What a client sends is never an id itself: it is made into one together with who sent it. So two people who send the
same are two commands, and nobody reaches the ids that the system derives for its own commands, although all that they
are made of is public.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid5

#: The name spaces of what clients send, and of what the system derives.
CLIENTS = UUID("6d696e68-6368-5561-8e00-636c69656e74")
OWN = UUID("6d696e68-6368-5561-8e00-00006f776e21")


class CommandId(NamedTuple):
    """The id of a command, and the one under which earlier versions of the program recorded the same command.

    A log keeps what it has: a command is known again by its former id as well, if its actor and its body are the same.
    """

    id: UUID
    former: UUID | None = None


def sent_by(person: str, sent: UUID) -> CommandId:
    """Of the command that this person asks for with a form of this number."""
    return CommandId(uuid5(CLIENTS, f"{person}\n{sent}"), former=sent)


def derived(deed: str, *, former: UUID | None = None) -> CommandId:
    """Of a command that there is once only, named by what it does and to what."""
    return CommandId(uuid5(OWN, deed), former)
