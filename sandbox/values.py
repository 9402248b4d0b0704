"""The types of values that both simulated services share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""A value that JSON can hold, never changed in place."""

Instant: TypeAlias = float
"""A moment: seconds since 1970-01-01 UTC."""


class Media(StrEnum):
    """The kind of file that a render produces."""

    VIDEO = "video"
    IMAGE = "image"
