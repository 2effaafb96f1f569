"""Encodes values between a worker and its parsers: frames of JSON, and dataclasses as JSON."""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

HEAD = struct.Struct(">I")  # a frame's length in bytes, then its JSON
LONGEST = 64 * 1024 * 1024  # bytes


def frame(value: Any) -> bytes:
    """The value as a frame: the length of its JSON in bytes, then the JSON. Raises ValueError above
    64 MiB."""
    body = json.dumps(value).encode()
    if len(body) > LONGEST:
        raise ValueError(f"a frame of {len(body):,} bytes is too long")
    return HEAD.pack(len(body)) + body


def pack(value: Any) -> Any:
    """Convert the value to JSON types. It may contain dataclasses, tuples, decimals, dates and
    patterns, which `unpack` restores."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: pack(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {name: pack(item) for name, item in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    return value.isoformat() if isinstance(value, date) else value


def unpack(hint: Any, value: Any) -> Any:
    """Restore a value of the type `hint` from the JSON types that `pack` returned. Raises TypeError
    for a type that is not supported."""
    return _unpacker(hint)(value)


@cache
def _unpacker(hint: Any) -> Callable[[Any], Any]:
    """The function that restores a value of this type from JSON types. Raises TypeError for a type
    that is not supported."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _optional(arguments)
    if origin is tuple:
        return _of_tuple(arguments)
    if origin is list:
        unpack_item = _unpacker(arguments[0])
        return lambda value: [unpack_item(one) for one in value]
    if origin is re.Pattern:
        return lambda value: re.compile(value[0], value[1])
    if isinstance(hint, type) and is_dataclass(hint):
        return _of_dataclass(hint)
    simple: dict[Any, Callable[[Any], Any]] = {
        Decimal: Decimal,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
    }
    return simple.get(hint, lambda value: value)


def _optional(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    inner = [argument for argument in arguments if argument is not NoneType]
    if len(inner) == 2 and str in inner and any(map(is_dataclass, inner)):
        record: Any = next(argument for argument in inner if argument is not str)
        rule = _unpacker(record)
        return lambda value: rule(value) if isinstance(value, dict) else value
    if len(inner) != 1:
        raise TypeError(f"{arguments} cannot cross to a parser")
    convert = _unpacker(inner[0])
    return lambda value: None if value is None else convert(value)


def _of_tuple(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        convert_one = _unpacker(arguments[0])
        return lambda value: tuple(convert_one(one) for one in value)
    converts = [_unpacker(argument) for argument in arguments]
    return lambda value: tuple(convert(one) for convert, one in zip(converts, value, strict=True))


def _of_dataclass(kind: type[Any]) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    converts = {field.name: _unpacker(hints[field.name]) for field in fields(kind) if field.init}
    return lambda value: kind(**{name: convert(value[name]) for name, convert in converts.items()})
