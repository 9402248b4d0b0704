"""The statements that take permits of `storage.pace` from a table: each is one upsert.

The row of a key is locked while a permit of it is taken, so that no two processes get the same one.
"""

from __future__ import annotations

from storage.pace import LONGEST_WAIT_SECONDS, Permit

NUMBER = "::double precision"
_AT = f"%(pace_at)s{NUMBER}"
_RESERVED = f"%(pace_reserved_at)s{NUMBER}"
_INTERVAL = f"%(pace_interval)s{NUMBER}"
_TOLERANCE = f"%(pace_tolerance)s{NUMBER}"
_GAP = f"%(pace_gap)s{NUMBER}"
_HELD = "(SELECT until FROM hold)"
# NULL, and so false, without a reserved permit.
_IS_RESERVED = f"({_AT} - %(pace_late)s{NUMBER} <= {_RESERVED})"

_HOLD = """
    hold AS (
        SELECT coalesce(max(held_until), 0) AS until FROM pace WHERE key = %(pace_held_by)s
    )
"""


def _reserved(next_at: str, called_at: str, again_at: str) -> tuple[str, str, str, str]:
    """Return the expressions for the columns after a call, as `storage.pace.reserve` has them."""
    in_step = f"greatest({next_at}, {_AT}, {_HELD})"
    earliest = f"greatest({_AT}, {_HELD}, {called_at} + {_GAP})"
    own = f"greatest({earliest}, {_RESERVED})"
    is_missed = f"{_IS_RESERVED} AND {own} > {_RESERVED} AND {own} - {_AT} > {LONGEST_WAIT_SECONDS}"
    again = f"CASE WHEN {is_missed} THEN greatest({own}, {again_at} + {_GAP}) ELSE {again_at} END"
    valid_at = f"""
        CASE WHEN {is_missed} THEN {again}
        WHEN {_IS_RESERVED} THEN {own}
        ELSE greatest({earliest}, {in_step} - {_TOLERANCE}) END
    """
    following = f"CASE WHEN {_IS_RESERVED} THEN {next_at} ELSE {in_step} + {_INTERVAL} END"
    called = f"""
        CASE WHEN {valid_at} - {_AT} <= {LONGEST_WAIT_SECONDS} THEN {valid_at}
        ELSE {called_at} END
    """
    return following, called, again, valid_at


_COLUMNS = "next_at, called_at, again_at, valid_at"
_FIRST = _reserved("0", "0", "0")
_NEXT = _reserved("known.next_at", "known.called_at", "known.again_at")

TAKE = f"""
    {_HOLD},
    permit AS (
        INSERT INTO pace AS known (key, {_COLUMNS}) VALUES (%(pace_key)s, {", ".join(_FIRST)})
        ON CONFLICT (key) DO UPDATE SET ({_COLUMNS}) = ROW({", ".join(_NEXT)})
        RETURNING next_at, called_at, valid_at, {_HELD} AS held_until
    )
"""  # noqa: S608 - only constants
"""Parts of a WITH that reserve a permit as `reserve` says; `permit` has one row."""

# The commit need not wait for the disk: a setting that ends with the statement's transaction.
# https://www.postgresql.org/docs/current/wal-async-commit.html
TAKE_ALONE = f"""
    WITH {TAKE}, quick AS (SELECT set_config('synchronous_commit', 'off', true))
    SELECT permit.*, true AS is_taken FROM permit, quick
"""  # noqa: S608 - only constants
"""Reserves a permit in a transaction of its own."""

TRY_TAKE = f"""
    WITH {_HOLD},
    permit AS (
        INSERT INTO pace AS known (key, next_at, called_at)
        SELECT %(pace_key)s, {_AT} + {_INTERVAL}, {_AT}
        WHERE {_HELD} <= {_AT} OR EXISTS (SELECT FROM pace WHERE key = %(pace_key)s)
        ON CONFLICT (key) DO UPDATE SET
            next_at = greatest(known.next_at, {_AT}) + {_INTERVAL}, called_at = {_AT}
            WHERE greatest({_HELD}, known.next_at - {_TOLERANCE}, known.called_at + {_GAP}) <= {_AT}
        RETURNING next_at
    ),
    quick AS (SELECT set_config('synchronous_commit', 'off', true))
    SELECT
        permit.next_at, {_AT} AS called_at, {_HELD} AS held_until, {_AT} AS valid_at,
        true AS is_taken
    FROM permit, quick
    UNION ALL
    SELECT
        coalesce((SELECT next_at FROM pace WHERE key = %(pace_key)s), 0), 0, {_HELD}, {_AT}, false
    WHERE NOT EXISTS (SELECT FROM permit)
"""  # noqa: S608 - only constants
"""Reserves a permit if it is valid now."""


def values_of(permit: Permit) -> dict[str, object]:
    """Return the values of the parameters of a statement that takes a permit."""
    limit = permit.limit
    return {
        "pace_key": limit.key,
        "pace_held_by": limit.held_by,
        "pace_interval": limit.interval,
        "pace_tolerance": limit.tolerance,
        "pace_gap": limit.gap,
        "pace_late": limit.late,
        "pace_at": permit.at,
        "pace_reserved_at": permit.reserved_at,
    }
