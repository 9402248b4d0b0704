"""Limits on the rate of calls that all processes share: when the next call may be made.

The arithmetic is that of GCRA, the generic cell rate algorithm, as pure functions. `LocalPacing`
keeps the state in memory, for a store that one process owns; a shared store keeps it in a table,
and computes the same in SQL. https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from cachetools import LRUCache

from storage.job import Instant

EARLY_SECONDS = 0.6
"""How long before its permit is valid a row is due: the tick that finds it may be half a second
late."""

LONGEST_WAIT_SECONDS = 3.0
"""A call whose permit is valid later is not waited for: it is asked for again at that time. Where
the calls of a key are late, because a service has asked for a pause, each of them is so by as much;
what is waited for keeps their order, and to ask again takes a commit."""

MOST_KEYS = 4096
"""The keys that are kept in memory; the one that was used longest ago is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The rate of calls of one kind, such as posts in one channel."""

    key: str
    interval: float
    """Seconds between two calls in the long run; 0: any number of calls."""
    tolerance: float = 0.0
    """By how many seconds calls may be ahead of that rate: with `n * interval`, `n` more at once.
    """
    gap: float = 0.0
    """The shortest time between two calls, also if one comes late, in seconds."""
    late: float = 1.0
    """How many seconds after its time a reserved permit can still be used. A busy process comes
    late; where no gap keeps them apart, late calls would come together."""
    held_by: str
    """The key whose holds apply: a service that asks for a pause may mean more than one key."""


NextPermit: TypeAlias = Instant | Limit | None
"""The permit that a row keeps for its next call: the time from which it is valid, or the limit from
which the row's commit takes it. `None`: the row keeps no permit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A request for a permit to make one call."""

    limit: Limit
    at: Instant
    """The present time."""
    reserved_at: Instant | None = None
    """When the permit is valid that was reserved for this call before, if one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCall:
    """A call that was not made when its permit was valid, because its process was busy."""

    limit: Limit
    valid_at: Instant
    at: Instant
    """The present time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceState:
    """The state of one key."""

    next_at: Instant = 0.0
    """When the next call would be made at exactly the limit's rate; it never decreases."""
    called_at: Instant = 0.0
    """When the last call is made that is not asked for again."""
    again_at: Instant = 0.0
    """When the last of those is asked for again that could not be made at their time."""
    held_until: Instant = 0.0
    """No call is made before, because the service asked for a pause."""


def reserve(pace: PaceState, held_until: Instant, permit: Permit) -> tuple[PaceState, Instant]:
    """Return the state after one more call, and when that call may be made.

    `held_until` is of the key that holds the limit. A call that cannot be made now has its place
    behind those before it, and finds it again with the permit that it has reserved. Those that have
    missed their places, in a pause or because their processes were busy, are asked for again one by
    one: at one time they would all be put back again but the few that are waited for.
    """
    limit, now, reserved = permit.limit, permit.at, permit.reserved_at
    earliest = max(now, held_until, pace.called_at + limit.gap)
    next_at, again_at = pace.next_at, pace.again_at
    if reserved is not None and now - limit.late <= reserved:
        at = max(earliest, reserved)
        if at > reserved and at - now > LONGEST_WAIT_SECONDS:
            at = again_at = max(at, again_at + limit.gap)
    else:
        in_step = max(next_at, now, held_until)
        at = max(earliest, in_step - limit.tolerance)
        next_at = in_step + limit.interval
    called_at = at if at - now <= LONGEST_WAIT_SECONDS else pace.called_at
    return replace(pace, next_at=next_at, called_at=called_at, again_at=again_at), at


def postponed(pace: PaceState, late: LateCall) -> tuple[PaceState, Instant]:
    """Return the state with a late call, and when that may be made.

    That is now, unless others have their time behind it already: then it goes behind those, since
    they would follow it too closely.
    """
    is_last = pace.called_at <= late.valid_at
    at = late.at if is_last else max(late.at, pace.called_at + late.limit.gap)
    return replace(pace, called_at=at), at


def has_room(pace: PaceState, held_until: Instant, permit: Permit) -> bool:
    """Return whether a call may be made now."""
    limit = permit.limit
    free_at = max(held_until, pace.next_at - limit.tolerance, pace.called_at + limit.gap)
    return free_at <= permit.at


class Pacing(Protocol):
    """Gives out permits for calls, to all processes that share a store.

    `Queue.apply` takes one within a commit.
    """

    async def take(self, permit: Permit) -> Instant:
        """Reserve a permit; return when it is valid, which may be now."""

    async def try_take(self, permit: Permit) -> bool:
        """Take a permit if it is valid now; else return `False` and reserve none."""

    async def hold(self, key: str, until: Instant) -> None:
        """Let no process make a call before `until`, because the service asked for a pause."""

    async def postpone(self, late: LateCall) -> Instant:
        """Return when a late call may be made, and keep the next away from it."""

    async def refresh(self, now: Instant) -> None:
        """Learn of the holds of other processes. Cheap."""

    def not_before(self, limit: Limit, reserved_at: Instant | None = None) -> Instant:
        """Return a time before which, as this process knows, no call can be made.

        `reserved_at` is that of the permit that was reserved for the call.
        """


class LocalPacing:
    """Implements `Pacing` in the memory of the one process that has the store.

    A restart forgets everything, which may let through one call too early.
    """

    def __init__(self) -> None:
        self._paces: LRUCache[str, PaceState] = LRUCache(MOST_KEYS)

    async def take(self, permit: Permit) -> Instant:
        """Reserve a permit; return when it is valid."""
        return self.take_now(permit)

    def take_now(self, permit: Permit) -> Instant:
        """Do the same, within a write."""
        key = permit.limit.key
        self._paces[key], at = reserve(self._of(key), self._held(permit.limit), permit)
        return at

    async def try_take(self, permit: Permit) -> bool:
        """Take a permit if it is valid now."""
        limit = permit.limit
        if not has_room(self._of(limit.key), self._held(limit), permit):
            return False
        self.take_now(permit)
        return True

    async def hold(self, key: str, until: Instant) -> None:
        """Let nobody make a call before `until`."""
        self.merge(key, PaceState(held_until=until))

    async def postpone(self, late: LateCall) -> Instant:
        """Return when a late call may be made."""
        key = late.limit.key
        self._paces[key], at = postponed(self._of(key), late)
        return at

    async def refresh(self, now: Instant) -> None:
        """Do nothing: there are no other processes."""

    def not_before(self, limit: Limit, reserved_at: Instant | None = None) -> Instant:
        """Return a time before which no call can be made."""
        pace = self._of(limit.key)
        own = pace.next_at - limit.tolerance if reserved_at is None else reserved_at
        return max(self._held(limit), pace.called_at + limit.gap, own)

    def merge(self, key: str, pace: PaceState) -> None:
        """Keep what is later: of what is known, and of what another process wrote."""
        known = self._of(key)
        self._paces[key] = PaceState(
            next_at=max(known.next_at, pace.next_at),
            called_at=max(known.called_at, pace.called_at),
            again_at=max(known.again_at, pace.again_at),
            held_until=max(known.held_until, pace.held_until),
        )

    def _of(self, key: str) -> PaceState:
        return self._paces.get(key, PaceState())

    def _held(self, limit: Limit) -> Instant:
        return self._of(limit.held_by).held_until
