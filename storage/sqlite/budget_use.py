"""The counters of budgets in SQLite: what is held and spent in each scope and window.

They equal the sum of the jobs' exposures after every commit. Functions that write run inside the
writer's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.budget import (
    NO_USE,
    SHARED,
    Alert,
    AppliedCap,
    AuditAction,
    AuditEntry,
    CapUse,
    Mismatch,
    Period,
    Rules,
    Scope,
    Use,
    all_caps,
    applied_caps,
    begins_at,
    day_at,
    exposure,
    exposure_of,
    levels_reached,
    period_of,
    resets_at,
    scope_of,
    scopes_in,
    scopes_of,
)
from storage.budget_notice import alert_notices
from storage.job import Instant, Job, Price
from storage.rows import amount_of, encode, stage_of
from storage.sqlite import budget_rules, notifications

EXPOSURE = ("stage", "reserved", "cost_estimate", "cost_actual")
"""The columns that say what a job counts for."""

_EXPOSURE = f"SELECT {', '.join(EXPOSURE)} FROM jobs WHERE id = :id"  # noqa: S608 - our names

_USE = """
    SELECT held, spent FROM budget_use WHERE scope = :scope AND day >= :first AND day < :until
"""

_DAY = "SELECT scope, held, spent FROM budget_use WHERE day = ? AND scope IN ({keys})"

_PUT_USE = "INSERT OR REPLACE INTO budget_use VALUES (?, ?, ?, ?)"

_ALERT = """
    INSERT INTO alerts (scope, period, level, "limit", held, spent, at)
    VALUES (:scope, :period, :level, :limit, :held, :spent, :at)
    ON CONFLICT DO NOTHING
"""

# The columns that say where a job counts, and for what.
_COUNTED = """
    SELECT team, user, channel, model, project, counted_on,
        stage, reserved, cost_estimate, cost_actual
    FROM jobs WHERE counted_on IS NOT NULL
"""

_PLACE = ("team", "user", "channel", "model", "project")

# `{condition}` is NOT or nothing. Renders of one price mostly cost the same.
_PRICES = """
    SELECT DISTINCT amount, price_size FROM (
        SELECT coalesce(cost_actual, cost_estimate) AS amount, price_size
        FROM jobs INDEXED BY {index}
        WHERE price_key = :key AND created_at >= :since
            AND (cost_actual IS NOT NULL OR cost_estimate IS NOT NULL)
            AND price_size IS {condition} :size
        ORDER BY created_at DESC LIMIT :limit + 0
    )
"""

# Of a size that hardly anybody has, the other index would read all renders to find the few.
OF_SAME_SIZE = _PRICES.format(index="jobs_prices_of_size", condition="")
OF_OTHER_SIZES = _PRICES.format(index="jobs_prices", condition="NOT")


def exposure_before(db: Database, job_id: str) -> Use:
    """Return what the row of a job counts for now, before a write."""
    row = db.execute(_EXPOSURE, {"id": encode(job_id)}).fetchone()
    return NO_USE if row is None else _exposure_in(row)


class Uses:
    """The uses of periods, each read once in a transaction, and kept in step with its counts."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._found: dict[tuple[str, Period], Use] = {}

    def of(self, scope: Scope, period: Period) -> Use:
        """Return what is held and spent in a scope within a period."""
        place = scope.key, period
        if place not in self._found:
            self._found[place] = use_of(self._db, *place)
        return self._found[place]

    def add(self, scopes: Collection[str], day: str, change: Use) -> None:
        """Add what was counted in scopes, by their keys, on a day."""
        for (scope, period), use in self._found.items():
            if scope in scopes and period.first <= day < period.until:
                self._found[scope, period] = use + change


def count(
    db: Database,
    before: Use,
    job: Job,
    at: Instant,
    rules: Rules | None = None,
    *,
    uses: Uses | None = None,
) -> None:
    """Add what a write changed of a job's exposure to all its counters, and note due alerts.

    The one place that changes counters; `job` is the row after the write. `rules` and `uses` are
    read if they are needed and not given; those that are given were read in this transaction.
    """
    change = exposure(job) - before
    if change == NO_USE or job.counted_on is None:
        return
    scopes = [scope.key for scope in scopes_of(job)]
    day, keys = job.counted_on, [encode(scope) for scope in scopes]
    rows = db.conn.execute(_DAY.format(keys=", ".join("?" * len(keys))), (day, *keys))
    before_it = {row["scope"]: _use_in(row) for row in rows}
    now = ((key, before_it.get(key, NO_USE) + change) for key in keys)
    db.conn.executemany(_PUT_USE, [(key, day, str(u.held), str(u.spent)) for key, u in now])
    uses = uses or Uses(db)
    uses.add(scopes, day, change)
    if change.total > 0:
        _note_alerts(db, job, at, rules or budget_rules.rules(db, job.team, at), uses)


def use_of(db: Database, scope: str, period: Period) -> Use:
    """Return what is held and spent in a scope, by its key, within a period."""
    values = {"scope": encode(scope), "first": period.first, "until": period.until}
    return sum(map(_use_in, db.execute(_USE, values)), NO_USE)


def cap_uses(db: Database, job: Job, now: Instant) -> list[CapUse]:
    """Return the caps that would apply to a job accepted now, and what is used of them."""
    rules = budget_rules.rules(db, job.team, now)
    return _uses_of(db, applied_caps(rules, job, now), rules, now)


def shared_cap_uses(db: Database, team: str, now: Instant) -> list[CapUse]:
    """Return the caps that several people share, and what is used of them."""
    rules = budget_rules.rules(db, team, now)
    shared = [one for one in all_caps(rules, now) if one.cap.scope.kind in SHARED]
    return _uses_of(db, shared, rules, now)


def _uses_of(db: Database, caps: Iterable[AppliedCap], rules: Rules, now: Instant) -> list[CapUse]:
    calendar = rules.policy.calendar
    day = day_at(now, calendar)
    return [
        CapUse(
            applied=applied,
            use=use_of(db, applied.counted.key, period_of(applied.cap.window, day, calendar)),
            resets_at=resets_at(applied.cap.window, now, calendar),
        )
        for applied in caps
    ]


def prices(
    db: Database, price: Price, since: Instant, limit: int
) -> list[tuple[Decimal | None, Decimal]]:
    """Return size and amount of the last renders of a price, of its size, else of others.

    Those that are alike are returned once.
    """
    values = {"key": price.key, "since": since, "limit": limit, "size": encode(price.size)}
    rows = db.execute(OF_SAME_SIZE, values).fetchall()
    if not rows and price.size is not None:
        rows = db.execute(OF_OTHER_SIZES, values).fetchall()
    found = [(amount_of(row["price_size"]), amount_of(row["amount"])) for row in rows]
    return [(size, amount) for size, amount in found if amount is not None]


def alerts(db: Database) -> list[Alert]:
    """Return all alerts, the oldest first."""
    return [
        Alert(
            scope=scope_of(row["scope"]),
            period=row["period"],
            level=row["level"],
            limit=Decimal(row["limit"]),
            use=_use_in(row),
            at=row["at"],
        )
        for row in db.execute("SELECT * FROM alerts ORDER BY seq")
    ]


def mismatches(db: Database) -> list[Mismatch]:
    """Return the counters that differ from the sum over the jobs. A read of all jobs."""
    with _one_view(db):
        return _mismatches(db)


@contextmanager
def _one_view(db: Database) -> Iterator[None]:
    """Let several queries see one state, whatever others commit meanwhile."""
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("BEGIN")
    try:
        yield
    finally:
        db.conn.execute("COMMIT")


def _mismatches(db: Database) -> list[Mismatch]:
    summed = _summed(db.execute(_COUNTED))
    counted = {
        (row["scope"], row["day"]): _use_in(row) for row in db.execute("SELECT * FROM budget_use")
    }
    return [
        Mismatch(
            scope=place[0],
            day=place[1],
            counted=counted.get(place, NO_USE),
            summed=summed.get(place, NO_USE),
        )
        for place in sorted(summed.keys() | counted.keys())
        if counted.get(place, NO_USE) != summed.get(place, NO_USE)
    ]


def recompute(db: Database, by: str, now: Instant) -> list[Mismatch]:
    """Set the counters to the sum over the jobs; return those that were wrong."""
    found = mismatches(db)
    for wrong in found:
        use = wrong.summed
        values = (encode(wrong.scope), wrong.day, str(use.held), str(use.spent))
        db.conn.execute(_PUT_USE, values)
        entry = AuditEntry(
            at=now,
            team=scope_of(wrong.scope).team,
            by=by,
            action=AuditAction.RECOMPUTED,
            subject=f"{wrong.scope} {wrong.day}",
            before=f"held {wrong.counted.held}, spent {wrong.counted.spent}",
            after=f"held {use.held}, spent {use.spent}",
        )
        budget_rules.add_audit(db, entry)
    return found


def _summed(rows: Iterable[SqlRow]) -> dict[tuple[str, str], Use]:
    """Return the sum of the exposures of jobs, by the key of the scope and the day."""
    summed: dict[tuple[str, str], Use] = {}
    for row in rows:
        use = _exposure_in(row)
        for scope in scopes_in(**{name: row[name] for name in _PLACE}):
            place = scope.key, row["counted_on"]
            summed[place] = summed.get(place, NO_USE) + use
    return summed


def _exposure_in(row: SqlRow) -> Use:
    return exposure_of(
        stage_of(row["stage"]),
        amount_of(row["reserved"]),
        amount_of(row["cost_estimate"]),
        amount_of(row["cost_actual"]),
    )


def _use_in(row: SqlRow) -> Use:
    return Use(held=Decimal(row["held"]), spent=Decimal(row["spent"]))


def _note_alerts(db: Database, job: Job, at: Instant, rules: Rules, uses: Uses) -> None:
    """Note each level of a cap that a use has reached, once for each scope, period and level.

    The highest of those that are new is told.
    """
    calendar = rules.policy.calendar
    for applied in applied_caps(rules, job, at):
        window = applied.cap.window
        period = period_of(window, job.counted_on or "", calendar)
        use = uses.of(applied.counted, period)
        reached = [
            Alert(
                scope=applied.counted,
                period=period.key,
                level=level,
                limit=applied.limit,
                use=use,
                at=at,
            )
            for level in levels_reached(applied.limit, use)
        ]
        new = [alert for alert in reached if _add_alert(db, alert)]
        if not new:
            continue
        # An amount that comes late is counted in a period that may be over.
        is_current = period == period_of(window, day_at(at, calendar), calendar)
        for alert in new[-1:] if is_current else ():
            in_charge = budget_rules.in_charge(db, job.team)
            notices = alert_notices(
                alert,
                applied.cap,
                in_charge,
                began_at=begins_at(window, at, calendar),
                resets_at=resets_at(window, at, calendar),
            )
            for notice in notices:
                notifications.add(db, notice)


def _add_alert(db: Database, alert: Alert) -> bool:
    """Insert an alert; return whether it is new."""
    values = {
        "scope": encode(alert.scope.key),
        "period": alert.period,
        "level": alert.level,
        "limit": str(alert.limit),
        "held": str(alert.use.held),
        "spent": str(alert.use.spent),
        "at": alert.at,
    }
    return bool(db.execute(_ALERT, values).rowcount)
