"""Drifts of prices in PostgreSQL: what the last renders of each price cost, and what was told."""

from __future__ import annotations

from collections.abc import Sequence

from storage.job import Instant
from storage.notification import Notification
from storage.postgres import notifications
from storage.postgres.database import Database
from storage.price_drift import DRIFT_RENDERS, DRIFT_SEARCHED, PriceCheck, PriceChecks, price_check
from storage.rows import amount_of

_PRICED = "(cost_actual IS NOT NULL OR cost_estimate IS NOT NULL)"
"""The condition of the index of prices."""

# Each key by one seek, however many jobs have it.
KEYS = f"""
    WITH RECURSIVE keys (key) AS (
        (SELECT price_key FROM jobs WHERE {_PRICED} ORDER BY price_key LIMIT 1)
        UNION ALL
        SELECT (
            SELECT price_key FROM jobs WHERE price_key > key AND {_PRICED}
            ORDER BY price_key LIMIT 1
        )
        FROM keys WHERE key IS NOT NULL
    )
    SELECT key FROM keys WHERE key IS NOT NULL
"""  # noqa: S608 - only constants

# A render that failed is billed by other rules than the one that was forecast.
LAST = f"""
    SELECT forecast_amount, cost_actual FROM (
        SELECT forecast_amount, cost_actual, team, outcome, created_at FROM jobs
        WHERE price_key = %(key)s AND created_at >= %(since)s AND {_PRICED}
        ORDER BY created_at DESC LIMIT {DRIFT_SEARCHED}
    ) AS last
    WHERE team = %(team)s AND outcome = 'succeeded'
        AND cost_actual IS NOT NULL AND forecast_amount IS NOT NULL
    ORDER BY created_at DESC LIMIT %(limit)s
"""  # noqa: S608 - only constants

_NOTE = """
    INSERT INTO price_drifts VALUES (%(team)s, %(key)s, %(is_above)s, %(at)s)
    ON CONFLICT (team, price_key) DO UPDATE SET
        is_above = excluded.is_above, told_at = excluded.told_at
"""


async def read(db: Database, team: str, since: Instant) -> PriceChecks:
    """Return the prices of a workspace with enough renders since then, and the drifts told."""
    keys = [row["key"] for row in await db.rows(KEYS)]
    checks = [await _check(db, key, team, since) for key in keys]
    query = "SELECT price_key, is_above FROM price_drifts WHERE team = %(team)s"
    return PriceChecks(
        checks=tuple(check for check in checks if check is not None),
        told={row["price_key"]: row["is_above"] for row in await db.rows(query, {"team": team})},
    )


async def _check(db: Database, key: str, team: str, since: Instant) -> PriceCheck | None:
    values = {"key": key, "team": team, "since": since, "limit": DRIFT_RENDERS}
    rows = await db.rows(LAST, values)
    return price_check(
        key, [(amount_of(row["forecast_amount"]), amount_of(row["cost_actual"])) for row in rows]
    )


async def note(
    db: Database, team: str, check: PriceCheck, notices: Sequence[Notification], now: Instant
) -> None:
    """Note that a drift stands, and insert what tells it."""
    values = {"team": team, "key": check.price_key, "is_above": check.is_above, "at": now}
    await db.change(_NOTE, values)
    for notice in notices:
        await notifications.add(db, notice)


async def end(db: Database, team: str, keys: Sequence[str]) -> None:
    """Forget drifts that do not stand any more."""
    await db.change(
        "DELETE FROM price_drifts WHERE team = %(team)s AND price_key = ANY(%(keys)s)",
        {"team": team, "keys": list(keys)},
    )
