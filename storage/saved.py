"""What people save under a name, to use it in requests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from storage.job import Instant, Json
from storage.notification import Notification

MOST_SAVED = 100
"""The most of one kind in one scope: a menu of Slack's holds as many."""


class SavedKind(StrEnum):
    """What is saved. The values are stored and never change."""

    STYLE = "style"
    CAST = "cast"


class Written(StrEnum):
    """What became of a change of what is saved."""

    NEW = "new"
    CHANGED = "changed"
    MISSING = "missing"
    """Nothing was written: there is nothing of this name."""
    NOT_YOURS = "not yours"
    """Nothing was written: somebody else made it, and it was no admin who tried."""
    TAKEN = "taken"
    """Nothing was written: the new name has another one."""
    TOO_MANY = "too many"
    """Nothing was written: the scope holds `MOST_SAVED` of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedKey:
    """The kind, the scope and the name, which are unique together."""

    kind: SavedKind
    scope: str
    """A person's, a channel's or a workspace's, as settings have it."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Something that was saved: a row."""

    key: SavedKey
    made_by: str
    """Slack's ID of the user who saved it first; an admin who overwrites it does not become it."""
    made_at: Instant
    changed_at: Instant
    value: Mapping[str, Json]
    """Its meaning depends on the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """The user who changes something that is saved."""

    user: str
    is_admin: bool


class SavedStore(Protocol):
    """What people save. Only its maker, or an admin, changes what stands under a name.

    In each method that writes, the check and the write are one transaction: of two people who save
    one name at one instant, the second is refused. Committed when it returns.
    """

    async def within(self, kinds: Collection[SavedKind], scopes: Collection[str]) -> list[Saved]:
        """Return what is saved of these kinds in these scopes, ordered by name and scope.

        Rows that cannot be read are left out, and set aside.
        """

    async def save(
        self,
        key: SavedKey,
        value: Mapping[str, Json],
        by: Editor,
        now: Instant,
        *,
        told: Notification | None = None,
    ) -> Written:
        """Save a value under a name, in place of an earlier one.

        If it is saved, the same commit inserts the notification `told`. If its ID exists, the
        change was made before: nothing is written, and `CHANGED` is returned. Returns `NEW`,
        `CHANGED`, `NOT_YOURS` or `TOO_MANY`. Idempotent.
        """

    async def replace_value(
        self,
        kind: SavedKind,
        scope: str,
        before: Mapping[str, Json],
        after: Mapping[str, Json] | None,
    ) -> bool:
        """Put `after` in the place of exactly the value `before`, whatever its name is now.

        `None` deletes what has it. Returns whether there was one. For the bot itself: nobody's
        right is looked at.
        """

    async def rename(self, key: SavedKey, name: str, by: Editor, now: Instant) -> Written:
        """Give something another name in its scope.

        Returns `CHANGED`, `MISSING`, `NOT_YOURS` or `TAKEN`.
        """

    async def delete(self, key: SavedKey, by: Editor) -> Written:
        """Delete something. Returns `CHANGED`, `MISSING` or `NOT_YOURS`."""
