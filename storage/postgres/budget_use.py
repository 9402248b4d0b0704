"""The counters of budgets in PostgreSQL: what is held and spent in each scope and window.

They equal the sum of the jobs' exposures after every commit. Whoever decides by counters locks the
rows of their scopes first, and so does whoever adds to one that a cap limits. They are read by a
later statement: under READ COMMITTED a statement that waited for a lock still sees what was there
before it waited.
https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from psycopg.rows import DictRow

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
    times,
)
from storage.budget_notice import alert_notices
from storage.job import Instant, Job, Price
from storage.postgres import budget_rules, notifications
from storage.postgres.database import Database, clean_text
from storage.rows import amount_of, encode, stage_of
from storage.store import StoreError

EXPOSURE = ("stage", "reserved", "cost_estimate", "cost_actual")
"""The columns that say what a job counts for."""

# Whoever admits a request holds this lock, shared with others who do, until its commit; whoever
# changes rules holds it alone. So no rule changes between its look and its commit.
_LOCK_RULES = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%(team)s, 2))"

# The rules first, and both in one round trip, which each request makes.
_LOCK_PERSON = f"""
    WITH rules AS MATERIALIZED ({_LOCK_RULES})
    SELECT FROM rules, budget_scopes WHERE key = %(key)s FOR UPDATE OF budget_scopes
"""
_ADD_PERSON = f"""
    WITH rules AS MATERIALIZED ({_LOCK_RULES})
    INSERT INTO budget_scopes SELECT %(key)s FROM rules ON CONFLICT DO NOTHING
"""  # noqa: S608 - only constants

# The person's row first, which an admission has locked already.
LOCK_SCOPES = """
    SELECT key FROM budget_scopes WHERE key = ANY(%(keys)s)
    ORDER BY key <> %(first)s, key FOR UPDATE
"""

_USE = """
    SELECT coalesce(sum(held), 0) AS held, coalesce(sum(spent), 0) AS spent FROM budget_use
    WHERE scope = %(scope)s AND day >= %(first)s AND day < %(until)s
"""

# A counter is the sum of up to 16 rows, so that those who lock nothing, as no cap applies, seldom
# wait for each other's commits; in one order, because they may.
_ADD_USE = """
    INSERT INTO budget_use (scope, day, held, spent, part)
    SELECT key, %(day)s, %(held)s, %(spent)s, pg_backend_pid() %% 16
    FROM unnest(%(keys)s::text[]) AS scope (key) ORDER BY key
    ON CONFLICT (scope, day, part) DO UPDATE SET
        held = budget_use.held + excluded.held, spent = budget_use.spent + excluded.spent
"""

_ALL_USE = """
    SELECT scope, day, sum(held) AS held, sum(spent) AS spent FROM budget_use GROUP BY scope, day
"""

_REMOVE_USE = "DELETE FROM budget_use WHERE scope = %(scope)s AND day = %(day)s"

_PUT_USE = "INSERT INTO budget_use VALUES (%(scope)s, %(day)s, %(held)s, %(spent)s)"

_ALERT = """
    INSERT INTO alerts (scope, period, level, "limit", held, spent, at)
    VALUES (%(scope)s, %(period)s, %(level)s, %(limit)s, %(held)s, %(spent)s, %(at)s)
    ON CONFLICT DO NOTHING
"""

# The columns that say where a job counts, and for what; most jobs are like many others.
_ALIKE = (
    'team, "user", channel, model, project, counted_on, stage, reserved, cost_estimate, cost_actual'
)
_COUNTED = f"""
    SELECT {_ALIKE}, count(*) AS jobs FROM jobs WHERE counted_on IS NOT NULL GROUP BY {_ALIKE}
"""  # noqa: S608 - only constants

_PLACE = ("team", "user", "channel", "model", "project")

_PRICES = """
    SELECT coalesce(cost_actual, cost_estimate) AS amount, price_size FROM jobs
    WHERE price_key = %(key)s AND created_at >= %(since)s
        AND (cost_actual IS NOT NULL OR cost_estimate IS NOT NULL)
        AND {of_size}
    ORDER BY created_at DESC LIMIT %(limit)s
"""
# No index finds what IS NOT DISTINCT FROM a value.
PRICES_WITHOUT_SIZE = _PRICES.format(of_size="price_size IS NULL")
PRICES_OF_SIZE = f"""
    WITH same AS MATERIALIZED ({_PRICES.format(of_size="price_size = %(size)s")})
    SELECT * FROM same
    UNION ALL SELECT * FROM (
        {_PRICES.format(of_size="NOT EXISTS (SELECT FROM same)")}
    ) AS others
"""  # noqa: S608 - only constants


async def lock_person(db: Database, job: Job) -> None:
    """Lock what each admission of a person's request locks first, until the end of the transaction.

    The row of an existing job is locked before.
    """
    values = {"team": job.team, "key": scopes_of(job)[0].key}
    if await db.row(_LOCK_PERSON, values) is not None:
        return
    # Whoever inserts the row has it locked.
    if not await db.change(_ADD_PERSON, values):
        await db.row(_LOCK_PERSON, values)


async def lock_caps(db: Database, jobs: Sequence[Job], rules: Rules, at: Instant) -> None:
    """Lock the scopes of all caps that apply to jobs of one person, in the order of all."""
    counted = {applied.counted.key for job in jobs for applied in applied_caps(rules, job, at)}
    keys = sorted(map(clean_text, counted))
    if not keys:
        return
    first = clean_text(scopes_of(jobs[0])[0].key)
    locked = await db.rows(LOCK_SCOPES, {"keys": keys, "first": first})
    if len(locked) != len(keys):
        raise StoreError("the rows of budgets' scopes are not there: they must not be removed")


def exposure_before(row: DictRow) -> Use:
    """Return what a job counted for before a write that returned its columns as `held_…`."""
    return _exposure_in({name: row[f"held_{name}"] for name in EXPOSURE})


class LockedUses:
    """The uses of periods, each read once in a transaction, and kept in step with its counts.

    They are read before a decision, because that is a pure function.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._found: dict[tuple[str, Period], Use] = {}

    async def read(self, scope: Scope, period: Period) -> Use:
        """Return what is held and spent in a scope within a period."""
        place = scope.key, period
        if place not in self._found:
            self._found[place] = await use_of(self._db, *place)
        return self._found[place]

    async def read_for(self, job: Job, rules: Rules, at: Instant, day: str) -> None:
        """Read the uses that caps limit in which a job counts on a day."""
        calendar = rules.policy.calendar
        for applied in applied_caps(rules, job, at):
            await self.read(applied.counted, period_of(applied.cap.window, day, calendar))

    def of(self, scope: Scope, period: Period) -> Use:
        """Return what was read. Raises `KeyError` for what was not."""
        return self._found[scope.key, period]

    def add(self, scopes: Sequence[str], day: str, change: Use) -> None:
        """Add what was counted in scopes, by their keys, on a day."""
        for (scope, period), use in self._found.items():
            if scope in scopes and period.first <= day < period.until:
                self._found[scope, period] = use + change


async def count(
    db: Database,
    before: Use,
    job: Job,
    at: Instant,
    rules: Rules | None = None,
    *,
    uses: LockedUses | None = None,
) -> None:
    """Add what a write changed of a job's exposure to all its counters, and note due alerts.

    The one place that changes counters; `job` is the row after the write. It locks the scopes of
    caps that more of it may reach a level of, unless `uses` and `rules` are given, which were read
    after they were locked in this transaction. The counters' rows are locked by the commit, or by
    the next read of a use.
    """
    change = exposure(job) - before
    if change == NO_USE or job.counted_on is None:
        return
    if change.total > 0 and uses is None:
        rules = await budget_rules.rules(db, job.team, at)
        await lock_caps(db, [job], rules, at)
    uses = uses or LockedUses(db)
    scopes = [scope.key for scope in scopes_of(job)]
    values = {
        "keys": scopes,
        "day": job.counted_on,
        "held": change.held,
        "spent": change.spent,
    }
    if change.total <= 0 or rules is None:
        db.postpone(_ADD_USE, values)
        return
    # Alerts need the uses. To read them later would run the postponed statement, which locks the
    # counters, before the commit.
    await uses.read_for(job, rules, at, job.counted_on)
    db.postpone(_ADD_USE, values)
    uses.add(scopes, job.counted_on, change)
    await _note_alerts(db, job, at, rules, uses)


async def use_of(db: Database, scope: str, period: Period) -> Use:
    """Return what is held and spent in a scope, by its key, within a period."""
    await db.run_postponed()
    values = {"scope": scope, "first": period.first, "until": period.until}
    row = await db.row(_USE, values)
    return NO_USE if row is None else _use_in(row)


async def cap_uses(db: Database, job: Job, now: Instant) -> list[CapUse]:
    """Return the caps that would apply to a job accepted now, and what is used of them."""
    rules = await budget_rules.rules(db, job.team, now)
    return await _uses_of(db, applied_caps(rules, job, now), rules, now)


async def shared_cap_uses(db: Database, team: str, now: Instant) -> list[CapUse]:
    """Return the caps that several people share, and what is used of them."""
    rules = await budget_rules.rules(db, team, now)
    shared = [one for one in all_caps(rules, now) if one.cap.scope.kind in SHARED]
    return await _uses_of(db, shared, rules, now)


async def _uses_of(
    db: Database, caps: Iterable[AppliedCap], rules: Rules, now: Instant
) -> list[CapUse]:
    calendar = rules.policy.calendar
    day = day_at(now, calendar)
    return [
        CapUse(
            applied=applied,
            use=await use_of(db, applied.counted.key, period_of(applied.cap.window, day, calendar)),
            resets_at=resets_at(applied.cap.window, now, calendar),
        )
        for applied in caps
    ]


async def prices(
    db: Database, price: Price, since: Instant, limit: int
) -> list[tuple[Decimal | None, Decimal]]:
    """Return size and amount of the last renders of a price, of its size, else of others.

    Those that are alike are returned once.
    """
    query = PRICES_WITHOUT_SIZE if price.size is None else PRICES_OF_SIZE
    values = {"key": price.key, "since": since, "limit": limit, "size": encode(price.size)}
    rows = await db.rows(query, values)
    texts = dict.fromkeys((row["price_size"], row["amount"]) for row in rows)
    found = [(amount_of(size), amount_of(amount)) for size, amount in texts]
    return [(size, amount) for size, amount in found if amount is not None]


async def alerts(db: Database) -> list[Alert]:
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
        for row in await db.rows("SELECT * FROM alerts ORDER BY seq")
    ]


async def mismatches(db: Database) -> list[Mismatch]:
    """Return the counters that differ from the sum over the jobs. A read of all jobs.

    Both are read in one transaction that sees one state, or while nothing is written.
    """
    await db.change("SET LOCAL statement_timeout = 0")
    summed = _summed(await db.rows(_COUNTED))
    counted = {(row["scope"], row["day"]): _use_in(row) for row in await db.rows(_ALL_USE)}
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


async def recompute(db: Database, by: str, now: Instant) -> list[Mismatch]:
    """Set the counters to the sum over the jobs; return those that were wrong.

    No job is written meanwhile: writes wait, for a read of all jobs.
    """
    await db.change("LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE")
    found = await mismatches(db)
    for wrong in found:
        use = wrong.summed
        values = {"scope": wrong.scope, "day": wrong.day, "held": use.held, "spent": use.spent}
        await db.change(_REMOVE_USE, values)
        await db.change(_PUT_USE, values)
        entry = AuditEntry(
            at=now,
            team=scope_of(wrong.scope).team,
            by=by,
            action=AuditAction.RECOMPUTED,
            subject=f"{wrong.scope} {wrong.day}",
            before=f"held {wrong.counted.held}, spent {wrong.counted.spent}",
            after=f"held {use.held}, spent {use.spent}",
        )
        await budget_rules.add_audit(db, entry)
    return found


def _summed(rows: Iterable[DictRow]) -> dict[tuple[str, str], Use]:
    """Return the sum of the exposures of jobs, by the key of the scope and the day."""
    summed: dict[tuple[str, str], Use] = {}
    for row in rows:
        one = _exposure_in(row)
        use = Use(held=times(one.held, row["jobs"]), spent=times(one.spent, row["jobs"]))
        for scope in scopes_in(**{name: row[name] for name in _PLACE}):
            place = scope.key, row["counted_on"]
            summed[place] = summed.get(place, NO_USE) + use
    return summed


def _exposure_in(row: DictRow) -> Use:
    return exposure_of(
        stage_of(row["stage"]),
        amount_of(row["reserved"]),
        amount_of(row["cost_estimate"]),
        amount_of(row["cost_actual"]),
    )


def _use_in(row: DictRow) -> Use:
    return Use(held=Decimal(row["held"]), spent=Decimal(row["spent"]))


async def _note_alerts(db: Database, job: Job, at: Instant, rules: Rules, uses: LockedUses) -> None:
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
        new = [alert for alert in reached if await _add_alert(db, alert)]
        if not new:
            continue
        # An amount that comes late is counted in a period that may be over.
        is_current = period == period_of(window, day_at(at, calendar), calendar)
        for alert in new[-1:] if is_current else ():
            notices = alert_notices(
                alert,
                applied.cap,
                await budget_rules.in_charge(db, job.team),
                began_at=begins_at(window, at, calendar),
                resets_at=resets_at(window, at, calendar),
            )
            for notice in notices:
                await notifications.add(db, notice)


async def _add_alert(db: Database, alert: Alert) -> bool:
    """Insert an alert; return whether it is new."""
    values = {
        "scope": alert.scope.key,
        "period": alert.period,
        "level": alert.level,
        "limit": str(alert.limit),
        "held": str(alert.use.held),
        "spent": str(alert.use.spent),
        "at": alert.at,
    }
    return bool(await db.change(_ALERT, values))
