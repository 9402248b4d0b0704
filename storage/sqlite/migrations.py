"""The migrations of the schema, in order. A migration that was released is never edited."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

from sqlite_utils import Database, Migrations

from storage.sqlite.ownership import real_path
from storage.store import StoreError

MIGRATIONS = Migrations("slack-video-bot")


@MIGRATIONS(name="0001_jobs")
def _jobs(db: Database) -> None:
    # `seq` keeps the order of insertion; VACUUM may renumber a bare rowid.
    # https://sqlite.org/lang_vacuum.html
    db.execute("""
        CREATE TABLE jobs (
            seq                 INTEGER PRIMARY KEY,
            id                  TEXT NOT NULL UNIQUE,
            ask_key             TEXT NOT NULL UNIQUE,
            team                TEXT NOT NULL,
            channel             TEXT NOT NULL,
            user                TEXT NOT NULL,
            surface             TEXT NOT NULL,
            model               TEXT NOT NULL,
            input               TEXT NOT NULL,  -- JSON object
            kind                TEXT NOT NULL,
            created_at          REAL NOT NULL,
            thread_ts           TEXT,
            response_url        TEXT,
            parent_id           TEXT,
            stage               TEXT NOT NULL,
            due_at              REAL,
            lease_until         REAL,
            fence               INTEGER NOT NULL,
            attempts            INTEGER NOT NULL,
            parked_from         TEXT,
            problem             TEXT,
            post_intent_at      REAL,
            message_ts          TEXT,
            shown               TEXT,
            shown_at            REAL,
            idempotency_key     TEXT UNIQUE,
            request_body        BLOB,
            first_sent_at       REAL,
            request_id          TEXT,
            task_id             TEXT,
            submitted_at        REAL,
            look_by             TEXT NOT NULL,
            provider_state      TEXT,
            started_at          REAL,
            missing_since       REAL,
            late_told_at        REAL,
            cost_estimate       TEXT,           -- decimal number, exact
            cost_actual         TEXT,           -- decimal number, exact
            outputs             TEXT NOT NULL,  -- JSON list of objects
            outcome             TEXT,
            finished_at         REAL,
            link_only           INTEGER NOT NULL,  -- 0 or 1
            uploads             TEXT NOT NULL,  -- JSON list of objects
            result_intent_at    REAL,
            result_ts           TEXT,
            result_channel      TEXT,
            cost_told           TEXT,           -- decimal number, exact
            delivered_at        REAL,
            settle_tries        INTEGER NOT NULL,
            cancel_requested_at REAL,
            cancel_requested_by TEXT,
            unfollowed_at       REAL,
            unfollowed_by       TEXT
        ) STRICT
    """)
    # To find due rows. Nearly every row is finished and never due again: an index over the few
    # others stays small however long the history grows, and is empty when no row is due.
    # https://sqlite.org/partialindex.html
    db.execute("CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL")
    # A reply or a click identifies a job by a message. With the channel in them, SQLite prefers
    # these indexes to the channel's own, which holds every job that was ever made there.
    db.execute("""
        CREATE INDEX jobs_message ON jobs (message_ts, channel) WHERE message_ts IS NOT NULL
    """)
    db.execute("""
        CREATE INDEX jobs_thread ON jobs (thread_ts, channel) WHERE thread_ts IS NOT NULL
    """)
    db.execute("CREATE INDEX jobs_result ON jobs (result_ts) WHERE result_ts IS NOT NULL")
    # For a user's list of jobs, and for the search for a duplicate of a recent request.
    db.execute("CREATE INDEX jobs_user ON jobs (user, created_at)")
    db.execute("CREATE INDEX jobs_channel ON jobs (channel, created_at)")
    db.execute("CREATE INDEX jobs_created ON jobs (created_at)")
    # Counting jobs by stage reads this index alone, never the wide rows.
    db.execute("CREATE INDEX jobs_stage ON jobs (stage, created_at)")
    # The durations of a kind are read from this index alone.
    db.execute("""
        CREATE INDEX jobs_durations ON jobs (kind, finished_at, submitted_at, first_sent_at)
        WHERE outcome = 'succeeded' AND first_sent_at IS NOT NULL
    """)


@MIGRATIONS(name="0002_job_events")
def _job_events(db: Database) -> None:
    db.execute("""
        CREATE TABLE job_events (
            seq    INTEGER PRIMARY KEY AUTOINCREMENT,
            job_id TEXT NOT NULL REFERENCES jobs (id),
            at     REAL NOT NULL,
            name   TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX job_events_job ON job_events (job_id)")
    # Support relies on the timeline, so it cannot be changed afterwards, not even by hand.
    for verb in ("UPDATE", "DELETE"):
        db.execute(f"""
            CREATE TRIGGER job_events_no_{verb.lower()} BEFORE {verb} ON job_events
            BEGIN SELECT RAISE(ABORT, 'job_events is append-only'); END
        """)


@MIGRATIONS(name="0004_settings_and_notices")
def _settings_and_notices(db: Database) -> None:
    db.execute("""
        CREATE TABLE settings (
            scope TEXT NOT NULL,
            name  TEXT NOT NULL,
            value TEXT NOT NULL,  -- JSON
            PRIMARY KEY (scope, name)
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE notices (
            seq         INTEGER PRIMARY KEY,
            id          TEXT NOT NULL UNIQUE,
            team        TEXT NOT NULL,
            channel     TEXT NOT NULL,
            kind        TEXT NOT NULL,
            happened_at REAL NOT NULL,
            job_id      TEXT REFERENCES jobs (id),
            detail      TEXT NOT NULL,
            due_at      REAL,
            lease_until REAL,
            fence       INTEGER NOT NULL,
            attempts    INTEGER NOT NULL,
            file_id     TEXT,
            plain       INTEGER NOT NULL,  -- 0 or 1
            intent_at   REAL,
            posted_ts   TEXT,
            problem     TEXT
        ) STRICT
    """)
    # To find due rows, as for jobs.
    db.execute("CREATE INDEX notices_due ON notices (due_at) WHERE due_at IS NOT NULL")
    # To check whether the same problem was posted to a channel within the last hour.
    db.execute("CREATE INDEX notices_channel ON notices (channel, kind, happened_at)")


@MIGRATIONS(name="0005_waiting")
def _waiting(db: Database) -> None:
    # To count the jobs that wait before a job, for each update of its progress message.
    db.execute("""
        CREATE INDEX jobs_waiting ON jobs (created_at)
        WHERE stage IN ('accepted', 'announced', 'rendering') AND started_at IS NULL
    """)


@MIGRATIONS(name="0006_due_in_stage")
def _due_in_stage(db: Database) -> None:
    # To find due rows of one stage; it replaces the index over all stages.
    db.execute("CREATE INDEX jobs_due_in_stage ON jobs (stage, due_at) WHERE due_at IS NOT NULL")
    db.execute("DROP INDEX jobs_due")


@MIGRATIONS(name="0007_vouched")
def _vouched(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN vouched_at REAL")


@MIGRATIONS(name="0008_missing_at")
def _missing_at(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN missing_at REAL")


@MIGRATIONS(name="0009_outbox")
def _outbox(db: Database) -> None:
    db.execute("ALTER TABLE notices RENAME TO notifications")
    db.execute("DROP INDEX notices_due")
    db.execute("CREATE INDEX notifications_due ON notifications (due_at) WHERE due_at IS NOT NULL")
    db.execute("DROP INDEX notices_channel")
    db.execute("CREATE INDEX notifications_told ON notifications (channel, kind, happened_at)")
    db.execute("ALTER TABLE notifications ADD COLUMN thread_ts TEXT")
    db.execute("ALTER TABLE notifications ADD COLUMN delivery_channel TEXT")
    db.execute("ALTER TABLE notifications ADD COLUMN uploads TEXT NOT NULL DEFAULT '[]'")
    # The old column was set only after the bytes were sent.
    db.execute("""
        UPDATE notifications
        SET uploads = json_array(json_object('file_id', file_id, 'sent', json('true')))
        WHERE file_id IS NOT NULL
    """)
    db.execute("ALTER TABLE notifications DROP COLUMN file_id")
    db.execute("ALTER TABLE notifications RENAME COLUMN plain TO link_only")
    db.execute("ALTER TABLE notifications RENAME COLUMN intent_at TO delivery_intent_at")
    db.execute("ALTER TABLE notifications RENAME COLUMN posted_ts TO delivery_ts")
    for old, new in (
        ("ask_key", "dedup_key"),
        ("result_channel", "delivery_channel"),
        ("result_intent_at", "delivery_intent_at"),
        ("result_ts", "delivery_ts"),
    ):
        db.execute(f"ALTER TABLE jobs RENAME COLUMN {old} TO {new}")


@MIGRATIONS(name="0010_resends")
def _resends(db: Database) -> None:
    # A job whose parent is a resend gets the resent job as its parent, and so do resends.
    stale = "parent_id IN (SELECT id FROM jobs WHERE surface = 'resend')"
    while db.execute(f"SELECT 1 FROM jobs WHERE {stale} LIMIT 1").fetchone():  # noqa: S608 - ours
        db.execute(f"""
            UPDATE jobs SET parent_id = (
                SELECT resend.parent_id FROM jobs AS resend WHERE resend.id = jobs.parent_id
            ) WHERE {stale}
        """)  # noqa: S608 - only constants
    # Before this migration, a resend was a job that began at the stage `finished`. Its ID is kept,
    # because its message at Slack has it in the metadata, for searches, and in the buttons.
    db.execute("""
        INSERT INTO notifications (
            id, team, channel, kind, happened_at, thread_ts, job_id, detail,
            due_at, lease_until, fence, attempts,
            delivery_channel, uploads, link_only, delivery_intent_at, delivery_ts, problem
        )
        SELECT
            id, team, channel, 'resent', created_at, thread_ts, parent_id, user,
            iif(stage = 'finished', due_at, NULL), NULL, fence, attempts,
            delivery_channel, uploads, link_only, delivery_intent_at, delivery_ts, problem
        FROM jobs WHERE surface = 'resend'
    """)
    # The resend's own events are deleted with it; the timeline of the resent job is kept.
    db.execute("DROP TRIGGER job_events_no_delete")
    db.execute("""
        DELETE FROM job_events WHERE job_id IN (SELECT id FROM jobs WHERE surface = 'resend')
    """)
    db.execute("""
        CREATE TRIGGER job_events_no_delete BEFORE DELETE ON job_events
        BEGIN SELECT RAISE(ABORT, 'job_events is append-only'); END
    """)
    # Notifications about a resend refer to the resent job from now on.
    db.execute("""
        UPDATE notifications SET job_id = (SELECT parent_id FROM jobs WHERE id = job_id)
        WHERE job_id IN (SELECT id FROM jobs WHERE surface = 'resend')
    """)
    db.execute("DELETE FROM jobs WHERE surface = 'resend'")
    # A reply or a click identifies a delivery by its message.
    db.execute("""
        CREATE INDEX notifications_resent ON notifications (delivery_ts) WHERE kind = 'resent'
    """)


@MIGRATIONS(name="0011_provider_clock_and_names")
def _provider_clock_and_names(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN posted_at REAL")
    # Slack's `ts` of a message is the time at which it was posted.
    db.execute("UPDATE jobs SET posted_at = CAST(message_ts AS REAL) WHERE message_ts IS NOT NULL")
    db.execute("ALTER TABLE jobs ADD COLUMN provider_memo TEXT NOT NULL DEFAULT '{}'")
    db.execute("UPDATE jobs SET provider_memo = json_object('look_by', look_by)")
    db.execute("ALTER TABLE jobs DROP COLUMN look_by")
    for old, new in (
        ("unfollowed_at", "given_up_at"),
        ("unfollowed_by", "given_up_by"),
        ("vouched_at", "confirmed_absent_at"),
        ("late_told_at", "late_notified_at"),
        ("cost_told", "cost_shown"),
        ("settle_tries", "cost_checks"),
    ):
        db.execute(f"ALTER TABLE jobs RENAME COLUMN {old} TO {new}")


@MIGRATIONS(name="0012_home_views")
def _home_views(db: Database) -> None:
    db.execute("""
        CREATE TABLE home_views (
            seq          INTEGER PRIMARY KEY,
            id           TEXT NOT NULL UNIQUE,
            team         TEXT NOT NULL,
            user         TEXT NOT NULL,
            opened_at    REAL NOT NULL,
            changed_at   REAL NOT NULL,
            published_at REAL NOT NULL,
            due_at       REAL,
            lease_until  REAL,
            fence        INTEGER NOT NULL,
            attempts     INTEGER NOT NULL
        ) STRICT
    """)
    # To find due rows, as for jobs.
    db.execute("CREATE INDEX home_views_due ON home_views (due_at) WHERE due_at IS NOT NULL")


@MIGRATIONS(name="0013_questions")
def _questions(db: Database) -> None:
    for column in ("question_kind TEXT", "question_about TEXT", "question_expires_at REAL"):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")
    db.execute("ALTER TABLE jobs ADD COLUMN chargeable_since REAL")
    # Before this migration every job that was sent counted as one that may be charged.
    db.execute("UPDATE jobs SET chargeable_since = first_sent_at")


@MIGRATIONS(name="0014_failures_and_further_deliveries")
def _failures_and_further_deliveries(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN failure TEXT")
    db.execute("ALTER TABLE jobs ADD COLUMN channel_defaults TEXT NOT NULL DEFAULT '[]'")
    for table in ("jobs", "notifications"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN delivery_failing_since REAL")


@MIGRATIONS(name="0015_waiting_at_provider")
def _waiting_at_provider(db: Database) -> None:
    # Only a job that waits at the provider is ahead of another one there.
    db.execute("DROP INDEX jobs_waiting")
    db.execute("""
        CREATE INDEX jobs_waiting ON jobs (submitted_at)
        WHERE stage = 'rendering' AND started_at IS NULL
    """)


@MIGRATIONS(name="0016_pressed_buttons")
def _pressed_buttons(db: Database) -> None:
    # A button that was pressed is replaced by who pressed it, whenever the message is drawn.
    db.execute("ALTER TABLE jobs ADD COLUMN pressed TEXT NOT NULL DEFAULT '{}'")


@MIGRATIONS(name="0017_pages_of_home")
def _pages_of_home(db: Database) -> None:
    # A tab is drawn anew whenever something changes, and must then show what was asked for.
    db.execute("ALTER TABLE home_views ADD COLUMN pages INTEGER NOT NULL DEFAULT 1")


@MIGRATIONS(name="0018_names")
def _names(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN names TEXT NOT NULL DEFAULT '{}'")


@MIGRATIONS(name="0019_counts_of_stages")
def _counts_of_stages(db: Database) -> None:
    # Counting a million jobs takes tenths of a second, whenever metrics are asked for. The triggers
    # belong to the commit that changes a stage, whoever writes it.
    db.execute("CREATE TABLE stage_counts (stage TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT")
    db.execute("INSERT INTO stage_counts SELECT stage, count(*) FROM jobs GROUP BY stage")
    one_more = """
        INSERT INTO stage_counts VALUES (new.stage, 1)
        ON CONFLICT (stage) DO UPDATE SET jobs = jobs + 1;
    """
    one_less = "UPDATE stage_counts SET jobs = jobs - 1 WHERE stage = old.stage;"
    db.execute(f"CREATE TRIGGER jobs_counted AFTER INSERT ON jobs BEGIN {one_more} END")
    db.execute(f"CREATE TRIGGER jobs_uncounted AFTER DELETE ON jobs BEGIN {one_less} END")
    db.execute(f"""
        CREATE TRIGGER jobs_recounted AFTER UPDATE OF stage ON jobs WHEN new.stage <> old.stage
        BEGIN {one_less} {one_more} END
    """)


@MIGRATIONS(name="0020_crashes")
def _crashes(db: Database) -> None:
    for table in ("jobs", "notifications", "home_views"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0")
        # Nearly always empty, so that each claim can look into it.
        db.execute(f"""
            CREATE INDEX {table}_suspects ON {table} (due_at)
            WHERE crashes >= 2 AND due_at IS NOT NULL
        """)
    # A row, if the owner of the store stops in order.
    db.execute("CREATE TABLE orderly_stops (at REAL NOT NULL) STRICT")


@MIGRATIONS(name="0020_unreadable_rows")
def _unreadable_rows(db: Database) -> None:
    db.execute("""
        CREATE TABLE unreadable_rows (
            seq      INTEGER PRIMARY KEY,
            of_table TEXT NOT NULL,
            row_id   TEXT NOT NULL,
            columns  TEXT NOT NULL,  -- separated by spaces
            UNIQUE (of_table, row_id)
        ) STRICT
    """)


@MIGRATIONS(name="0022_retention")
def _retention(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN erased_at REAL")
    # A timeline stays as it is, but the detail of an event may be erased, which is final.
    db.execute("DROP TRIGGER job_events_no_update")
    db.execute("""
        CREATE TRIGGER job_events_no_update BEFORE UPDATE ON job_events
        WHEN NOT (
            NEW.detail = '' AND NEW.seq IS OLD.seq AND NEW.job_id IS OLD.job_id
            AND NEW.at IS OLD.at AND NEW.name IS OLD.name
        )
        BEGIN SELECT RAISE(ABORT, 'job_events is append-only'); END
    """)
    # What is not erased yet, so that a look for it reads nothing else. Three of them are nearly
    # empty: an address lives for an hour, and a body until its answer.
    db.execute("""
        CREATE INDEX jobs_response_url ON jobs (created_at) WHERE response_url IS NOT NULL
    """)
    db.execute("""
        CREATE INDEX jobs_request_body ON jobs (stage, parked_from) WHERE request_body IS NOT NULL
    """)
    db.execute("CREATE INDEX jobs_not_erased ON jobs (created_at) WHERE erased_at IS NULL")
    db.execute("CREATE INDEX job_events_detail ON job_events (at) WHERE detail <> ''")
    # To find what was told of a job.
    db.execute("CREATE INDEX notifications_job ON notifications (job_id) WHERE job_id IS NOT NULL")


@MIGRATIONS(name="0023_budgets")
def _budgets(db: Database) -> None:
    for column in (
        "project TEXT",
        "price_key TEXT",
        "price_size TEXT",  # decimal number, exact
        "forecast_kind TEXT",
        "forecast_amount TEXT",  # decimal number, exact
        "reserved TEXT",  # decimal number, exact
        "counted_on TEXT",  # ISO date
    ):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")
    # To count a person's jobs that are under way, for each new one.
    db.execute("""
        CREATE INDEX jobs_active ON jobs (user, team)
        WHERE stage IN ('accepted', 'announced', 'finished', 'rendering')
    """)
    # The last amounts of a price are read from this index alone.
    db.execute("""
        CREATE INDEX jobs_prices ON jobs (price_key, created_at, price_size, cost_actual,
            cost_estimate)
        WHERE cost_actual IS NOT NULL OR cost_estimate IS NOT NULL
    """)
    db.execute("""
        CREATE TABLE budget_use (
            scope TEXT NOT NULL,
            day   TEXT NOT NULL,  -- ISO date
            held  TEXT NOT NULL,  -- decimal number, exact
            spent TEXT NOT NULL,  -- decimal number, exact
            PRIMARY KEY (scope, day)
        ) STRICT, WITHOUT ROWID
    """)
    db.execute("""
        CREATE TABLE caps (
            team    TEXT NOT NULL,
            scope   TEXT NOT NULL,
            window  TEXT NOT NULL,
            "limit" TEXT NOT NULL,     -- decimal number, exact
            is_hard INTEGER NOT NULL,  -- 0 or 1
            PRIMARY KEY (team, scope, window)
        ) STRICT, WITHOUT ROWID
    """)
    db.execute("""
        CREATE TABLE raises (
            seq      INTEGER PRIMARY KEY,
            team     TEXT NOT NULL,
            scope    TEXT NOT NULL,
            amount   TEXT NOT NULL,  -- decimal number, exact
            until_at REAL NOT NULL,
            by       TEXT NOT NULL,
            because  TEXT NOT NULL,
            at       REAL NOT NULL
        ) STRICT
    """)
    # To find the few that have not ended, however many there were.
    db.execute("CREATE INDEX raises_until ON raises (team, until_at)")
    db.execute("""
        CREATE TABLE stops (
            team    TEXT NOT NULL,
            scope   TEXT NOT NULL,
            by      TEXT NOT NULL,
            because TEXT NOT NULL,
            at      REAL NOT NULL,
            PRIMARY KEY (team, scope)
        ) STRICT, WITHOUT ROWID
    """)
    db.execute("""
        CREATE TABLE budget_policies (
            team          TEXT PRIMARY KEY,
            confirm_above TEXT,  -- decimal number, exact
            unknown_price TEXT NOT NULL,
            unknown_hold  TEXT,  -- decimal number, exact
            zone          TEXT NOT NULL,
            first_weekday INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
    """)
    db.execute("""
        CREATE TABLE alerts (
            seq     INTEGER PRIMARY KEY,
            scope   TEXT NOT NULL,
            period  TEXT NOT NULL,
            level   INTEGER NOT NULL,  -- percent
            "limit" TEXT NOT NULL,     -- decimal number, exact
            held    TEXT NOT NULL,     -- decimal number, exact
            spent   TEXT NOT NULL,     -- decimal number, exact
            at      REAL NOT NULL,
            UNIQUE (scope, period, level)
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE audit (
            seq     INTEGER PRIMARY KEY AUTOINCREMENT,
            at      REAL NOT NULL,
            team    TEXT NOT NULL,
            by      TEXT NOT NULL,
            action  TEXT NOT NULL,
            subject TEXT NOT NULL,
            before  TEXT NOT NULL,
            after   TEXT NOT NULL,
            because TEXT NOT NULL
        ) STRICT
    """)
    # Nobody's decision about money can be changed afterwards, not even by hand.
    for verb in ("UPDATE", "DELETE"):
        db.execute(f"""
            CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit
            BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END
        """)
    _count_earlier_jobs(db)


@MIGRATIONS(name="0024_decisions_once")
def _decisions_once(db: Database) -> None:
    # A raise that is delivered twice must not raise twice.
    db.execute("ALTER TABLE audit ADD COLUMN dedup_key TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE UNIQUE INDEX audit_dedup_key ON audit (dedup_key) WHERE dedup_key <> ''")


def _count_earlier_jobs(db: Database) -> None:
    """Count the jobs of before, on the day of their request by UTC.

    An amount is spent; a job without one holds its estimate, unless it cannot cost anything.
    """
    db.execute("""
        UPDATE jobs SET counted_on = date(created_at, 'unixepoch')
        WHERE stage NOT IN ('waiting', 'unconfirmed')
    """)
    rows = db.execute("""
        SELECT team, user, channel, model, counted_on,
            coalesce(cost_actual, cost_estimate) AS amount, cost_actual IS NOT NULL AS is_spent
        FROM jobs
        WHERE counted_on IS NOT NULL
            AND (cost_actual IS NOT NULL OR (cost_estimate IS NOT NULL AND stage <> 'rejected'))
    """).fetchall()
    used: dict[tuple[str, str], list[Decimal]] = {}
    for row in rows:
        team, channel = row["team"], row["channel"]
        scopes = [f"person:{team}:{row['user']}", f"model:{team}:{row['model']}"]
        scopes.append(f"workspace:{team}:")
        if not channel.startswith("D"):
            scopes.append(f"channel:{team}:{channel}")
        for scope in scopes:
            use = used.setdefault((scope, row["counted_on"]), [Decimal(0), Decimal(0)])
            use[row["is_spent"]] += Decimal(row["amount"])
    for (scope, day), (held, spent) in used.items():
        values = {"scope": scope, "day": day, "held": str(held), "spent": str(spent)}
        db.execute("INSERT INTO budget_use VALUES (:scope, :day, :held, :spent)", values)


@MIGRATIONS(name="0026_approvals")
def _approvals(db: Database) -> None:
    for column in (
        "question_asked_at REAL",
        "question_approvers TEXT",  # JSON list of users
        "question_fallback TEXT",  # JSON list of users
        "question_place TEXT",
        "question_reminders INTEGER",
        "decision_kind TEXT",
        "decision_by TEXT",
        "decision_at REAL",
        "decision_because TEXT",
    ):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")
    db.execute("""
        UPDATE jobs SET
            question_approvers = '[]', question_fallback = '[]', question_reminders = 0
        WHERE question_kind IS NOT NULL
    """)
    db.execute("ALTER TABLE notifications ADD COLUMN changed_at REAL")
    db.execute("""
        CREATE TABLE approval_rules (
            team       TEXT NOT NULL,
            channel    TEXT NOT NULL,  -- empty: the workspace's rule
            above      TEXT,           -- decimal number, exact
            approvers  TEXT NOT NULL,  -- JSON list of users
            place      TEXT,
            seconds    REAL,
            allows_own INTEGER,        -- 0 or 1
            PRIMARY KEY (team, channel)
        ) STRICT, WITHOUT ROWID
    """)


@MIGRATIONS(name="0027_turns")
def _turns(db: Database) -> None:
    # Finds each person who has a due job by a seek, however many jobs the others have.
    db.execute("""
        CREATE INDEX jobs_due_by_person ON jobs (stage, team, user, due_at)
        WHERE due_at IS NOT NULL
    """)


@MIGRATIONS(name="0028_costs_by_day")
def _costs_by_day(db: Database) -> None:
    # A report is about the days on which jobs count, of a million jobs a few thousand.
    db.execute("CREATE INDEX jobs_counted ON jobs (counted_on) WHERE counted_on IS NOT NULL")


@MIGRATIONS(name="0029_book_of_credit")
def _book_of_credit(db: Database) -> None:
    # The few bookings among all decisions about money.
    db.execute("CREATE INDEX audit_credit ON audit (team) WHERE action = 'credit booked'")


@MIGRATIONS(name="0031_restores")
def _restores(db: Database) -> None:
    db.execute("""
        CREATE TABLE restores (
            seq         INTEGER PRIMARY KEY AUTOINCREMENT,
            known_until REAL NOT NULL
        ) STRICT
    """)
    # The last restore after which somebody checked what the budgets of a workspace count.
    db.execute("""
        CREATE TABLE restore_checks (
            team TEXT PRIMARY KEY,
            seq  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
    """)


@MIGRATIONS(name="0032_price_drifts")
def _price_drifts(db: Database) -> None:
    # The drifts that were told and still stand.
    db.execute("""
        CREATE TABLE price_drifts (
            team      TEXT NOT NULL,
            price_key TEXT NOT NULL,
            is_above  INTEGER NOT NULL,  -- 0 or 1
            told_at   REAL NOT NULL,
            PRIMARY KEY (team, price_key)
        ) STRICT, WITHOUT ROWID
    """)


@MIGRATIONS(name="0035_pace")
def _pace(db: Database) -> None:
    for table in ("jobs", "notifications"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN paced_at REAL")


@MIGRATIONS(name="0036_traces")
def _traces(db: Database) -> None:
    for table in ("jobs", "notifications"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN traceparent TEXT")


@MIGRATIONS(name="0037_reads_of_a_long_history")
def _reads_of_a_long_history(db: Database) -> None:
    # The last amounts of one length of video, which may be a rare one.
    db.execute("""
        CREATE INDEX jobs_prices_of_size
        ON jobs (price_key, price_size, created_at, cost_actual, cost_estimate)
        WHERE cost_actual IS NOT NULL OR cost_estimate IS NOT NULL
    """)
    # A person's jobs that are not over, those on hold too, and in the order of lists.
    db.execute("DROP INDEX jobs_active")
    db.execute("""
        CREATE INDEX jobs_active ON jobs (user, created_at, team, stage)
        WHERE stage NOT IN ('delivered', 'rejected', 'unconfirmed')
    """)


@MIGRATIONS(name="0038_saved")
def _saved(db: Database) -> None:
    db.execute("""
        CREATE TABLE saved (
            kind       TEXT NOT NULL,
            scope      TEXT NOT NULL,
            name       TEXT NOT NULL,
            made_by    TEXT NOT NULL,
            made_at    REAL NOT NULL,
            changed_at REAL NOT NULL,
            value      TEXT NOT NULL,  -- JSON
            PRIMARY KEY (kind, scope, name)
        ) STRICT, WITHOUT ROWID
    """)
    for column in ("style_name", "style_words", "style_prompt"):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column} TEXT")


@MIGRATIONS(name="0039_find")
def _find(db: Database) -> None:
    # A table of its own, because a job's row is written a dozen times, and its words once or twice.
    db.execute("""
        CREATE TABLE job_words (
            seq   INTEGER PRIMARY KEY,  -- of the job
            words TEXT                  -- NULL: not indexed yet
        ) STRICT
    """)
    db.execute("CREATE INDEX job_words_missing ON job_words (seq) WHERE words IS NULL")
    # The words have been read by the program, so that nothing is left to do for a tokenizer.
    db.table("job_words").enable_fts(["words"], tokenize="ascii", create_triggers=True)
    # Otherwise erased words would stay in the index's pages until these are merged.
    # https://sqlite.org/fts5.html#the_secure_delete_configuration_option
    db.execute("INSERT INTO job_words_fts (job_words_fts, rank) VALUES ('secure-delete', 1)")
    # The jobs of before are indexed in small writes while the bot runs.
    db.execute("INSERT INTO job_words (seq) SELECT seq FROM jobs WHERE erased_at IS NULL")
    # In the commit of the erasure, whoever makes it.
    db.execute("""
        CREATE TRIGGER jobs_words_erased AFTER UPDATE OF erased_at ON jobs
        WHEN new.erased_at IS NOT NULL
        BEGIN DELETE FROM job_words WHERE seq = new.seq; END
    """)
    db.execute("ALTER TABLE jobs ADD COLUMN kept_by TEXT")
    # Of many jobs few are kept; the entries are in the order of the jobs' numbers.
    db.execute("CREATE INDEX jobs_kept ON jobs (team) WHERE kept_by IS NOT NULL")
    db.execute("ALTER TABLE home_views ADD COLUMN kept_only INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0040_films")
def _films(db: Database) -> None:
    for column in (
        "film_width INTEGER",
        "film_height INTEGER",
        "film_seconds REAL",
        "film_has_sound INTEGER",  # 0 or 1
        "film_poster TEXT",
    ):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")


@MIGRATIONS(name="0041_sets")
def _sets(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN set_id TEXT")
    db.execute("ALTER TABLE jobs ADD COLUMN part INTEGER")
    # Of many jobs few are parts of a set.
    db.execute("CREATE INDEX jobs_parts ON jobs (set_id, part) WHERE set_id IS NOT NULL")


@MIGRATIONS(name="0044_planned")
def _planned(db: Database) -> None:
    for column in (
        "starts_at REAL",
        "repeat_id TEXT",
        "repeat_every TEXT",
        "repeat_first TEXT",
        "repeat_zone TEXT",
    ):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")


@MIGRATIONS(name="0045_notes")
def _notes(db: Database) -> None:
    db.execute("""
        CREATE TABLE notes (
            dedup_key TEXT NOT NULL,
            number    INTEGER NOT NULL,  -- of the notes of one interaction
            job_id    TEXT NOT NULL,
            by_user   TEXT NOT NULL,
            at        REAL NOT NULL,
            second    REAL,              -- NULL: about all of the video
            words     TEXT NOT NULL,
            review    TEXT,              -- NULL: a note
            PRIMARY KEY (dedup_key, number)
        ) STRICT, WITHOUT ROWID
    """)
    db.execute("CREATE INDEX notes_of_job ON notes (job_id, at)")
    for column in (
        "review_kind TEXT",
        "reviewed_by TEXT",
        "reviewed_at REAL",
        "notes INTEGER NOT NULL DEFAULT 0",
    ):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")
    # Of many jobs few are reviewed; the entries are in the order of the jobs' numbers.
    db.execute("CREATE INDEX jobs_reviewed ON jobs (team) WHERE review_kind IS NOT NULL")


@MIGRATIONS(name="0046_deleted")
def _deleted(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN deleted_at REAL")
    db.execute("ALTER TABLE jobs ADD COLUMN deleted_by TEXT")


@MIGRATIONS(name="0047_feedback")
def _feedback(db: Database) -> None:
    db.execute("""
        CREATE TABLE feedback (
            job_id  TEXT NOT NULL,
            by_user TEXT NOT NULL,
            is_good INTEGER NOT NULL,  -- 0 or 1
            at      REAL NOT NULL,
            PRIMARY KEY (job_id, by_user)
        ) STRICT, WITHOUT ROWID
    """)
    # A digest reads what was given in its time.
    db.execute("CREATE INDEX feedback_at ON feedback (at)")


@MIGRATIONS(name="0048_takes")
def _takes(db: Database) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN take_of TEXT")
    # Of many jobs few share a place; the entries are in the order of the jobs' numbers.
    db.execute("CREATE INDEX jobs_takes ON jobs (take_of) WHERE take_of IS NOT NULL")


@MIGRATIONS(name="0049_files_of_results")
def _files_of_results(db: Database) -> None:
    # A reply to a message with files of a result names that message alone.
    db.execute("DROP INDEX notifications_resent")
    db.execute("""
        CREATE INDEX notifications_with_files ON notifications (delivery_ts)
        WHERE kind IN ('followed', 'resent', 'shared', 'stitched')
    """)


def upgrade_copy(path: str, migration: str) -> str:
    """Return where the copy of a store is that is made before this migration is applied."""
    return f"{real_path(path)}.before-{migration}"


def migrate(db: Database, migrations: Migrations = MIGRATIONS) -> None:
    """Apply the pending migrations in one transaction: all, or if the process is killed none.

    Idempotent. A commit for each would wait for the disk thirty times at the first start.
    """
    with db.atomic():
        migrations.apply(db)


def first_upgrade(db: Database) -> str | None:
    """Return the first pending migration of a file that an earlier version wrote, or `None`.

    `None` also for a new file. A read.
    """
    pending = MIGRATIONS.pending(db)
    return pending[0].name if pending and MIGRATIONS.applied(db) else None


def check_origin(db: Database, path: str) -> None:
    """Raise `StoreError` if a newer version, or another program, wrote the file. A read."""
    if db.table_names() and not MIGRATIONS.applied(db):
        raise StoreError(
            f"{path} holds the tables of another program: name another file in DATABASE_URL"
        )
    with closing(Database(memory=True, execute_plugins=False)) as empty:
        known = [migration.name for migration in MIGRATIONS.pending(empty)]
    unknown = [one.name for one in MIGRATIONS.applied(db) if one.name not in known]
    if not unknown:
        return
    copy = upgrade_copy(path, unknown[0])
    raise StoreError(
        f"{path} was written by a newer version of the program: its tables have the change"
        f" {unknown[-1]}, and this version knows none after {known[-1]}. Start the newer version"
        " again. To go back to this one, stop the bot, put the copy that the newer version made"
        f" ({copy}) in the place of {path}, and remove the files beside it that end in -wal and"
        " -shm. What was asked since that copy is not in it."
    )


def check_migrated(db: Database) -> None:
    """Raise `StoreError` unless every migration is applied. A read."""
    if MIGRATIONS.pending(db):
        raise StoreError(
            "the tables are older than this version of the program: start the service once,"
            " which brings them up to date"
        )
