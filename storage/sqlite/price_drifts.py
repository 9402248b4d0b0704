"""The drifts of prices in SQLite: the last renders of each price, and the drifts that were told.

Functions that write run inside the writer's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from storage.job import Instant
from storage.notification import Notification
from storage.price_drift import DRIFT_RENDERS, DRIFT_SEARCHED, PriceCheck, PriceChecks, price_check
from storage.rows import amount_of, encode
from storage.sqlite import notifications

_PRICED = "(cost_actual IS NOT NULL OR cost_estimate IS NOT NULL)"
"""The condition of the index of prices."""

# Each key by one seek, however many jobs have it: https://sqlite.org/lang_with.html
KEYS = f"""
    WITH RECURSIVE keys (key) AS (
        SELECT min(price_key) FROM jobs INDEXED BY jobs_prices WHERE {_PRICED}
        UNION ALL
        SELECT (
            SELECT min(price_key) FROM jobs INDEXED BY jobs_prices
            WHERE price_key > key AND {_PRICED}
        )
        FROM keys WHERE key IS NOT NULL
    )
    SELECT key FROM keys WHERE key IS NOT NULL
"""  # noqa: S608 - only constants

# A render that failed is billed by other rules than the one that was forecast.
LAST = f"""
    SELECT forecast_amount, cost_actual FROM (
        SELECT forecast_amount, cost_actual, team, outcome, created_at
        FROM jobs INDEXED BY jobs_prices
        WHERE price_key = :key AND created_at >= :since AND {_PRICED}
        ORDER BY created_at DESC LIMIT {DRIFT_SEARCHED}
    )
    WHERE team = :team AND outcome = 'succeeded'
        AND cost_actual IS NOT NULL AND forecast_amount IS NOT NULL
    ORDER BY created_at DESC LIMIT :limit + 0
"""  # noqa: S608 - only constants


def read(db: Database, team: str, since: Instant) -> PriceChecks:
    """Return the prices of a workspace with enough renders since then, and the drifts told."""
    keys = [row["key"] for row in db.execute(KEYS).fetchall()]
    checks = (_check(db, key, team, since) for key in keys)
    told = db.execute(
        "SELECT price_key, is_above FROM price_drifts WHERE team = :team", {"team": encode(team)}
    )
    return PriceChecks(
        checks=tuple(check for check in checks if check is not None),
        told={row["price_key"]: bool(row["is_above"]) for row in told},
    )


def _check(db: Database, key: str, team: str, since: Instant) -> PriceCheck | None:
    values = {"key": encode(key), "team": encode(team), "since": since, "limit": DRIFT_RENDERS}
    rows = db.execute(LAST, values)
    return price_check(
        key, [(amount_of(row["forecast_amount"]), amount_of(row["cost_actual"])) for row in rows]
    )


def note(
    db: Database, team: str, check: PriceCheck, notices: Sequence[Notification], now: Instant
) -> None:
    """Note that a drift stands, and insert what tells it."""
    db.execute(
        "INSERT OR REPLACE INTO price_drifts VALUES (:team, :key, :is_above, :at)",
        {
            "team": encode(team),
            "key": encode(check.price_key),
            "is_above": check.is_above,
            "at": now,
        },
    )
    for notice in notices:
        notifications.add(db, notice)


def end(db: Database, team: str, keys: Sequence[str]) -> None:
    """Forget drifts that do not stand any more."""
    for key in keys:
        db.execute(
            "DELETE FROM price_drifts WHERE team = :team AND price_key = :key",
            {"team": encode(team), "key": encode(key)},
        )
