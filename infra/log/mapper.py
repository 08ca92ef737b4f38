"""Facts to payloads and back, by the annotations of each fact.

The payload of a fact is canonical JSON of its own fields: stream, version and time are columns of the log
and stand in the leaf. Readers and writers are built once per fact from its type hints, so that a field whose
type has no single spelling is refused when the program starts and not when a province works.
"""

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from eventsourcing.domain import CanInitAggregate, CanMutateAggregate
from eventsourcing.utils import get_topic

from domain.fact import Fact
from domain.personal import EncryptedValue, Personal
from infra.ledger.canonical_json import NotCanonical, check_integer, check_text, encode_checked, instant
from infra.ledger.leaf import PAYLOAD_LIMIT

#: Fields of every fact that are columns of the log, not payload.
COLUMNS = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})

#: What an aggregate hands over when its facts are collected: the library types it a little wider than a Fact.
Decided: TypeAlias = CanMutateAggregate[UUID]

Spell = Callable[[Any, str], Any]


class UnknownTopic(LookupError):
    """The log holds a fact that this program's catalogue does not list."""


class Unmappable(TypeError):
    """A fact has a field that the log cannot hold; said when the mapper is built."""


class Payload(NamedTuple):
    """A fact as it is stored: its eternal name, the version of its form, its canonical JSON."""

    topic: str
    schema: int
    data: bytes


class _Form(NamedTuple):
    fact: type[Fact]
    topic: str
    schema: int
    spell: tuple[tuple[str, Spell], ...]
    decoder: msgspec.json.Decoder[dict[str, Any]]
    shape: Any
    optional: frozenset[str]
    absent: dict[str, Any]  # what an absent key means where the class does not say it itself


class Mapper:
    """The one door between facts and stored payloads.

    `facts` maps every stored topic to its fact (an old name may point to a renamed fact), `aggregates` maps
    the kind of a stream to its aggregate: both stand in domain/catalogue.py.
    """

    def __init__(self, facts: Mapping[str, type[Fact]], aggregates: Mapping[str, type]) -> None:
        owners = {
            fact: owner for owner in aggregates.values() for fact in vars(owner).values() if isinstance(fact, type)
        }
        self._by_topic = {topic: _form(fact, owners.get(fact)) for topic, fact in facts.items()}
        self._by_fact: dict[type[Decided], _Form] = {form.fact: form for form in self._by_topic.values()}

    @property
    def topics(self) -> Collection[str]:
        """Every name under which a fact may stand in the log."""
        return self._by_topic.keys()

    def topics_of(self, facts: Collection[type[Fact]]) -> list[str]:
        """The names, old ones included, under which these facts stand in the log."""
        return [topic for topic, form in self._by_topic.items() if form.fact in facts]

    def payload(self, fact: Decided) -> Payload:
        """What is stored of the fact. Raises NotCanonical when a value has no canonical spelling."""
        try:
            form = self._by_fact[type(fact)]
        except KeyError:
            raise UnknownTopic(f"{type(fact).__qualname__} is not in the catalogue") from None
        state = vars(fact)
        document = {}
        for name, spell in form.spell:
            value = state.get(name)
            if value is not None:
                document[name] = spell(value, name)
            elif name not in form.optional:
                raise NotCanonical(name, "a value is required")
        data = encode_checked(document)
        if len(data) > PAYLOAD_LIMIT:
            raise NotCanonical("", f"payload of {len(data)} bytes, more than {PAYLOAD_LIMIT}")
        return Payload(form.topic, form.schema, data)

    def fact(self, topic: str, schema: int, data: str | bytes, stream: UUID, version: int, at: datetime) -> Fact:
        """The fact that a stored row says, in the form of today.

        An older form passes the fact's own `upcast_v1_v2(state)` … first; `state` is the payload as JSON says it.
        """
        form = self._by_topic.get(topic)
        if form is None:
            raise UnknownTopic(topic)
        state = form.decoder.decode(data) if schema == form.schema else _upcast(form, schema, data)
        if form.absent:
            state = {**form.absent, **state}
        state["originator_id"] = stream
        state["originator_version"] = version
        state["timestamp"] = at
        fact = object.__new__(form.fact)
        object.__setattr__(fact, "__dict__", state)
        return fact


def _upcast(form: _Form, schema: int, data: str | bytes) -> dict[str, Any]:
    if schema > form.schema:
        raise UnknownTopic(f"{form.topic} of version {schema}; this program knows versions up to {form.schema}")
    state = msgspec.json.decode(data)
    for version in range(schema, form.schema):
        getattr(form.fact, f"upcast_v{version}_v{version + 1}")(state)
    upcast: dict[str, Any] = msgspec.convert(state, form.shape)
    return upcast


def _form(fact: type[Fact], owner: type | None) -> _Form:
    # The library replaces nested facts by subclasses with empty __annotations__: only the whole MRO knows them.
    hints = typing.get_type_hints(fact)
    fields = {field.name: field for field in dataclasses.fields(fact) if field.name not in COLUMNS}
    if missing := fields.keys() - hints.keys():
        raise Unmappable(f"{fact.__qualname__}: no type known for {sorted(missing)}")
    topic = getattr(fact, "TOPIC", None)
    if not isinstance(topic, str):
        raise Unmappable(f"{fact.__qualname__} has no TOPIC")
    defaults = {name: _default(field) for name, field in fields.items()}
    absent: dict[str, Any] = {
        name: None for name, value in defaults.items() if value is _REQUIRED and _is_optional(hints[name])
    }
    if issubclass(fact, CanInitAggregate):
        if owner is None:
            raise Unmappable(f"{fact.__qualname__} begins a stream but belongs to no aggregate of the catalogue")
        # The library makes the aggregate from the instance's own dictionary.
        absent |= {name: value for name, value in defaults.items() if value is not _REQUIRED}
        absent["originator_topic"] = get_topic(owner)
    where = fact.__qualname__
    keys = {name: _key(hints[name], field) for name, field in fields.items()}
    shape = typing.TypedDict("Shape", keys)  # type: ignore[misc]  # the keys are known only here
    return _Form(
        fact=fact,
        topic=topic,
        schema=getattr(fact, "class_version", 1),
        spell=tuple((name, _speller(hints[name], f"{where}.{name}")) for name in sorted(fields)),
        decoder=msgspec.json.Decoder(shape),
        shape=shape,
        optional=frozenset(name for name, hint in keys.items() if typing.get_origin(hint) is typing.NotRequired),
        absent=absent,
    )


_REQUIRED: Any = object()


def _default(field: dataclasses.Field[Any]) -> Any:
    """What an absent key means. Defaults are values, never factories: a fold must not make new ones."""
    if field.default_factory is not dataclasses.MISSING:
        raise Unmappable(f"{field.name} has a default factory; write the value, such as ()")
    return field.default if field.default is not dataclasses.MISSING else _REQUIRED


def _key(hint: Any, field: dataclasses.Field[Any]) -> Any:
    optional = _is_optional(hint) or _default(field) is not _REQUIRED
    return typing.NotRequired[_without_none(hint)] if optional else hint


def _is_optional(hint: Any) -> bool:
    return _without_none(hint) is not hint


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [part for part in typing.get_args(hint) if part is not types.NoneType]
        if len(rest) < len(typing.get_args(hint)):
            return functools.reduce(operator.or_, rest)
    return hint


# Spelling: one function per type ----------------------------------------------------------------------


def _speller(hint: Any, where: str) -> Spell:
    """How a value of this type is spelled in a payload; raises Unmappable where there is no one spelling."""
    hint = _without_none(hint)
    if isinstance(hint, typing.NewType):
        return _speller(hint.__supertype__, where)
    if spell := _SPELLERS.get(hint):
        return spell
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum(hint)
    if typing.get_origin(hint) is tuple:
        return _tuple(typing.get_args(hint), where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _record(hint, where)
    raise Unmappable(f"{where}: {hint} has no one spelling (maps are tuples of small frozen dataclasses)")


def _text(value: Any, path: str) -> str:
    return check_text(_of(str, value, path), path)


def _integer(value: Any, path: str) -> int:
    return check_integer(_of(int, value, path), path)


def _decimal(value: Any, path: str) -> str:
    number: Decimal = _of(Decimal, value, path)
    if not number.is_finite():
        raise NotCanonical(path, f"{value} is not a finite number")
    text = str(number)
    return format(number, "f") if "E" in text else text


def _moment(value: Any, path: str) -> str:
    if _of(datetime, value, path).tzinfo is None:
        raise NotCanonical(path, "a moment without a time zone")
    return instant(value)


def _day(value: Any, path: str) -> str:
    day: date = _of(date, value, path)
    return day.isoformat()


def _uuid(value: Any, path: str) -> str:
    if not isinstance(value, UUID):
        raise NotCanonical(path, f"{type(value).__name__} where a UUID belongs")
    return str(value)


def _of(kind: type, value: Any, path: str) -> Any:
    # Exactly the type: a bool is an int to Python, a datetime a date, and an enum member a str.
    if type(value) is not kind:
        raise NotCanonical(path, f"{type(value).__name__} where {kind.__name__} belongs")
    return value


def _sealed(value: Any, path: str) -> dict[str, Any]:
    # Never the plain text of a fact from before: nobody may write one again.
    seal: EncryptedValue = _of(EncryptedValue, value, path)
    return {"commit": _text(seal.commit, path), "ct": _text(seal.ct, path), "sealed": 1, "subject": str(seal.subject)}


_SPELLERS: dict[Any, Spell] = {
    str: _text,
    int: _integer,
    Decimal: _decimal,
    datetime: _moment,
    date: _day,
    UUID: _uuid,
    Personal: _sealed,
}


def _enum(kind: type[StrEnum]) -> Spell:
    def spell(value: Any, path: str) -> str:
        return str(_of(kind, value, path).value)

    return spell


def _tuple(arguments: tuple[Any, ...], where: str) -> Spell:
    if len(arguments) != 2 or arguments[1] is not Ellipsis:
        raise Unmappable(f"{where}: only tuple[X, ...]; name the places of a fixed tuple in a dataclass")
    inner = _speller(arguments[0], where)

    def spell(value: Any, path: str) -> list[Any]:
        return [inner(item, f"{path}[{number}]") for number, item in enumerate(_of(tuple, value, path))]

    return spell


def _record(kind: type, where: str) -> Spell:
    hints = typing.get_type_hints(kind)
    if not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise Unmappable(f"{where}: {kind.__name__} is not frozen")
    for field in dataclasses.fields(kind):
        if _is_optional(hints[field.name]) and _default(field) is _REQUIRED:
            raise Unmappable(f"{where}.{field.name}: an absent key needs a default of None")
    fields = [(field.name, _speller(hints[field.name], f"{where}.{field.name}")) for field in dataclasses.fields(kind)]

    def spell(value: Any, path: str) -> dict[str, Any]:
        _of(kind, value, path)
        return {
            name: inner(item, f"{path}.{name}") for name, inner in fields if (item := getattr(value, name)) is not None
        }

    return spell
