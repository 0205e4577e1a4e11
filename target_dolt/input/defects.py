"""Where a line that is no JSON goes wrong, for messages alone.

Taps that write JSON carelessly write numbers and texts that JSON does not have: NaN, an integer of
thousands of digits, half of a surrogate pair, bytes that are no UTF-8. A parser that takes these
finds the property that holds one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from target_dolt.errors import MessageError, RecordError

_INTEGER_DIGITS = 4300
"""What Python turns into an integer: https://docs.python.org/3/library/stdtypes.html#int-max-str-digits"""

NO_NUMBER = "NaN and Infinity are no numbers of JSON"
_LONG_NUMBER = "a number with too many digits"
_NO_UTF8 = "invalid UTF-8"
_LONE_SURROGATE = "half of a surrogate pair"


class _Defect:
    """What stands where a value should."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def _integer(text: str) -> int | _Defect:
    return int(text) if len(text) <= _INTEGER_DIGITS else _Defect(_LONG_NUMBER)


def _fraction(text: str) -> Decimal | _Defect:
    try:
        return Decimal(text)
    except ArithmeticError:
        return _Defect(_LONG_NUMBER)


_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_fraction, parse_constant=lambda _: _Defect(NO_NUMBER)
)


def defect(line: bytes, keys: Mapping[str, Sequence[str]]) -> MessageError | None:
    """Return the error of a line that holds something that JSON does not have.

    Args:
        line: The line, which is no JSON.
        keys: The key properties of each stream.

    Returns:
        An error that names, for a RECORD, stream, column and key; None where the line is worse
        than that.
    """
    text = line.decode("utf-8", "surrogateescape")
    surrogate = _LONE_SURROGATE if _is_utf8(line) else _NO_UTF8
    try:
        message = _DECODER.decode(text)
        if "record" not in message:
            reason = _find(message, surrogate)
            return None if reason is None else MessageError(f"not valid JSON: {reason}")
        stream, record = message["stream"], message["record"]
        for name, value in record.items():
            reason = _find(value, surrogate)
            if reason is not None:
                key = {one: record.get(one) for one in keys.get(stream, ()) if one != name}
                return RecordError(stream, name, f"not valid JSON: {reason}", key)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    return None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _find(value: Any, surrogate: str) -> str | None:
    """Return what is wrong with a value or in it, or None."""
    if isinstance(value, _Defect):
        return value.reason
    if isinstance(value, str):
        return surrogate if any("\ud800" <= one <= "\udfff" for one in value) else None
    inner: Any = ()
    if isinstance(value, dict):
        inner = [*value, *value.values()]
    elif isinstance(value, list):
        inner = value
    return next((found for one in inner if (found := _find(one, surrogate))), None)
