"""Reads JSON as the standard has it, where Python's reader is more generous."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from storage.job import Json


def load_json(text: str) -> Json:
    """Return the value of a JSON text.

    Raises `ValueError` with a short reason for what is not JSON, `NaN`, `Infinity`, numbers that
    only infinity could hold, and nesting beyond Python's limit of recursion.
    """
    try:
        value: Json = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}, character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number
