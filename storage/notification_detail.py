"""The details of notifications that are more than a sentence: dataclasses, stored as JSON."""

from __future__ import annotations

from typing import Self

from pydantic import TypeAdapter, ValidationError

from storage.notification import Notification


class NotificationDetail:
    """The base of a dataclass that a notification's `detail` holds as JSON."""

    __slots__ = ()

    def to_text(self) -> str:
        """Return the detail as JSON."""
        return _adapter(type(self)).dump_json(self).decode()

    @classmethod
    def of(cls, row: Notification) -> Self | None:
        """Return the detail of a notification, or `None` if it holds none."""
        try:
            found = _adapter(cls).validate_json(row.detail)
        except ValidationError:
            return None
        return found if isinstance(found, cls) else None


_ADAPTERS: dict[type, TypeAdapter[object]] = {}


def _adapter(kind: type) -> TypeAdapter[object]:
    """Return the converter of a class, made at its first detail: each takes 3 ms of a start."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
