"""The tables as the first version makes them.

Texts are compared by their bytes, so that a prefix is a range of an index. Times are seconds since
1970, amounts of jobs are decimal numbers as text, as the provider wrote them.
"""

from __future__ import annotations

_COLLATED = """
CREATE FUNCTION bot_now() RETURNS DOUBLE PRECISION LANGUAGE sql VOLATILE AS $$
    -- The time for all processes; a test sets its own.
    SELECT coalesce(
        nullif(current_setting('slack_video_bot.now', true), '')::double precision,
        extract(epoch FROM clock_timestamp())::double precision
    )
$$;

CREATE TABLE jobs (
    seq                     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                      TEXT NOT NULL UNIQUE,
    dedup_key               TEXT NOT NULL UNIQUE,
    team                    TEXT NOT NULL,
    channel                 TEXT NOT NULL,
    "user"                  TEXT NOT NULL,
    surface                 TEXT NOT NULL,
    model                   TEXT NOT NULL,
    input                   TEXT NOT NULL,  -- JSON object
    kind                    TEXT NOT NULL,
    created_at              DOUBLE PRECISION NOT NULL,
    names                   TEXT NOT NULL,  -- JSON object
    thread_ts               TEXT,
    response_url            TEXT,
    channel_defaults        TEXT NOT NULL,  -- JSON list
    parent_id               TEXT,
    question_kind           TEXT,
    question_about          TEXT,
    question_expires_at     DOUBLE PRECISION,
    question_asked_at       DOUBLE PRECISION,
    question_approvers      TEXT,  -- JSON list of users
    question_fallback       TEXT,  -- JSON list of users
    question_place          TEXT,
    question_reminders      INTEGER,
    decision_kind           TEXT,
    decision_by             TEXT,
    decision_at             DOUBLE PRECISION,
    decision_because        TEXT,
    project                 TEXT,
    price_key               TEXT,
    price_size              TEXT,  -- decimal number, exact
    forecast_kind           TEXT,
    forecast_amount         TEXT,  -- decimal number, exact
    reserved                TEXT,  -- decimal number, exact
    counted_on              TEXT,  -- ISO date
    stage                   TEXT NOT NULL,
    due_at                  DOUBLE PRECISION,
    lease_until             DOUBLE PRECISION,
    holder                  TEXT,  -- the process that claimed it last
    fence                   BIGINT NOT NULL,
    attempts                INTEGER NOT NULL,
    crashes                 INTEGER NOT NULL,
    parked_from             TEXT,
    problem                 TEXT,
    failure                 TEXT,
    post_intent_at          DOUBLE PRECISION,
    message_ts              TEXT,
    posted_at               DOUBLE PRECISION,
    shown                   TEXT,
    shown_at                DOUBLE PRECISION,
    idempotency_key         TEXT UNIQUE,
    request_body            BYTEA,
    first_sent_at           DOUBLE PRECISION,
    chargeable_since        DOUBLE PRECISION,
    confirmed_absent_at     DOUBLE PRECISION,
    request_id              TEXT,
    task_id                 TEXT,
    submitted_at            DOUBLE PRECISION,
    provider_state          TEXT,
    provider_memo           TEXT NOT NULL,  -- JSON object
    started_at              DOUBLE PRECISION,
    missing_since           DOUBLE PRECISION,
    missing_at              DOUBLE PRECISION,
    late_notified_at        DOUBLE PRECISION,
    cost_estimate           TEXT,  -- decimal number, exact
    cost_actual             TEXT,  -- decimal number, exact
    outputs                 TEXT NOT NULL,  -- JSON list of objects
    outcome                 TEXT,
    finished_at             DOUBLE PRECISION,
    delivery_channel        TEXT,
    uploads                 TEXT NOT NULL,  -- JSON list of objects
    link_only               BOOLEAN NOT NULL,
    delivery_failing_since  DOUBLE PRECISION,
    delivery_intent_at      DOUBLE PRECISION,
    delivery_ts             TEXT,
    cost_shown              TEXT,  -- decimal number, exact
    delivered_at            DOUBLE PRECISION,
    cost_checks             INTEGER NOT NULL,
    cancel_requested_at     DOUBLE PRECISION,
    cancel_requested_by     TEXT,
    given_up_at             DOUBLE PRECISION,
    given_up_by             TEXT,
    pressed                 TEXT NOT NULL,  -- JSON object
    erased_at               DOUBLE PRECISION
-- Room in each page for the next version of a row, so that it needs no new entry in an index; what
-- is dead is removed before it is a fifth of a large table.
-- https://www.postgresql.org/docs/current/storage-hot.html
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- Nearly every row is finished and never due again: an index over the few others stays small.
CREATE INDEX jobs_due_in_stage ON jobs (stage, due_at, seq) WHERE due_at IS NOT NULL;
-- Finds each person who has a due job by a seek, however many jobs the others have.
CREATE INDEX jobs_due_by_person ON jobs (stage, team, "user", due_at, seq)
    WHERE due_at IS NOT NULL;
CREATE INDEX jobs_suspects ON jobs (due_at) WHERE crashes >= 2 AND due_at IS NOT NULL;
-- A reply or a click identifies a job by a message.
CREATE INDEX jobs_message ON jobs (message_ts, channel) WHERE message_ts IS NOT NULL;
CREATE INDEX jobs_thread ON jobs (thread_ts, channel) WHERE thread_ts IS NOT NULL;
CREATE INDEX jobs_result ON jobs (delivery_ts) WHERE delivery_ts IS NOT NULL;
CREATE INDEX jobs_task ON jobs (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX jobs_user ON jobs ("user", created_at);
CREATE INDEX jobs_channel ON jobs (channel, created_at);
CREATE INDEX jobs_created ON jobs (created_at);
CREATE INDEX jobs_under_way ON jobs (stage, created_at)
    WHERE stage NOT IN ('delivered', 'rejected', 'unconfirmed');
CREATE INDEX jobs_durations ON jobs (kind, finished_at)
    WHERE outcome = 'succeeded' AND first_sent_at IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (submitted_at, created_at)
    WHERE stage = 'rendering' AND started_at IS NULL;
CREATE INDEX jobs_active ON jobs ("user", team)
    WHERE stage IN ('accepted', 'announced', 'finished', 'rendering');
CREATE INDEX jobs_prices ON jobs (price_key, created_at)
    WHERE cost_actual IS NOT NULL OR cost_estimate IS NOT NULL;
CREATE INDEX jobs_counted ON jobs (counted_on) WHERE counted_on IS NOT NULL;
-- What is not erased yet, so that a look for it reads nothing else.
CREATE INDEX jobs_response_url ON jobs (created_at) WHERE response_url IS NOT NULL;
CREATE INDEX jobs_request_body ON jobs (stage, parked_from) WHERE request_body IS NOT NULL;
CREATE INDEX jobs_not_erased ON jobs (created_at) WHERE erased_at IS NULL;

-- How many jobs there are in each stage is the sum of the changes. Only rows are added, because two
-- processes that change one row would wait for each other; a read adds them up into fewer.
CREATE TABLE stage_changes (
    stage TEXT NOT NULL,
    jobs  BIGINT NOT NULL
);
CREATE FUNCTION note_stage() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN INSERT INTO stage_changes VALUES (old.stage, -1); END IF;
    IF TG_OP <> 'DELETE' THEN INSERT INTO stage_changes VALUES (new.stage, 1); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_counted AFTER INSERT OR DELETE ON jobs
    FOR EACH ROW EXECUTE FUNCTION note_stage();
CREATE TRIGGER jobs_recounted AFTER UPDATE OF stage ON jobs
    FOR EACH ROW WHEN (old.stage <> new.stage) EXECUTE FUNCTION note_stage();

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

CREATE TABLE job_events (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    at     DOUBLE PRECISION NOT NULL,
    name   TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX job_events_job ON job_events (job_id);
CREATE INDEX job_events_detail ON job_events (at) WHERE detail <> '';
-- Support relies on the timeline, so it stays as it is; only the detail of an event may be erased.
CREATE TRIGGER job_events_no_delete BEFORE DELETE ON job_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER job_events_no_update BEFORE UPDATE ON job_events
    FOR EACH ROW WHEN (
        (new.seq, new.job_id, new.at, new.name, new.detail)
            IS DISTINCT FROM (old.seq, old.job_id, old.at, old.name, '')
        AND coalesce(current_setting('slack_video_bot.moves_back', true), '') <> 'on'
    )
    EXECUTE FUNCTION refuse_change();

CREATE TABLE settings (
    scope TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,  -- JSON
    PRIMARY KEY (scope, name)
);

CREATE TABLE notifications (
    seq                     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                      TEXT NOT NULL UNIQUE,
    team                    TEXT NOT NULL,
    channel                 TEXT NOT NULL,
    kind                    TEXT NOT NULL,
    happened_at             DOUBLE PRECISION NOT NULL,
    thread_ts               TEXT,
    job_id                  TEXT REFERENCES jobs (id),
    detail                  TEXT NOT NULL,
    due_at                  DOUBLE PRECISION,
    lease_until             DOUBLE PRECISION,
    holder                  TEXT,
    fence                   BIGINT NOT NULL,
    attempts                INTEGER NOT NULL,
    crashes                 INTEGER NOT NULL,
    delivery_channel        TEXT,
    uploads                 TEXT NOT NULL,  -- JSON list of objects
    link_only               BOOLEAN NOT NULL,
    delivery_failing_since  DOUBLE PRECISION,
    delivery_intent_at      DOUBLE PRECISION,
    delivery_ts             TEXT,
    problem                 TEXT,
    changed_at              DOUBLE PRECISION
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX notifications_due ON notifications (channel, seq) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_suspects ON notifications (due_at)
    WHERE crashes >= 2 AND due_at IS NOT NULL;
-- To look whether the same problem was told within the last hour.
CREATE INDEX notifications_told ON notifications (channel, kind, happened_at);
CREATE INDEX notifications_job ON notifications (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX notifications_resent ON notifications (delivery_ts) WHERE kind = 'resent';

CREATE TABLE home_views (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    team         TEXT NOT NULL,
    "user"       TEXT NOT NULL,
    opened_at    DOUBLE PRECISION NOT NULL,
    changed_at   DOUBLE PRECISION NOT NULL,
    pages        INTEGER NOT NULL,
    published_at DOUBLE PRECISION NOT NULL,
    due_at       DOUBLE PRECISION,
    lease_until  DOUBLE PRECISION,
    holder       TEXT,
    fence        BIGINT NOT NULL,
    attempts     INTEGER NOT NULL,
    crashes      INTEGER NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX home_views_due ON home_views (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX home_views_suspects ON home_views (due_at)
    WHERE crashes >= 2 AND due_at IS NOT NULL;

-- A row of each process that stopped in order, and has not started again.
CREATE TABLE orderly_stops (
    holder TEXT PRIMARY KEY,
    at     DOUBLE PRECISION NOT NULL
);

CREATE TABLE unreadable_rows (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    of_table TEXT NOT NULL,
    row_id   TEXT NOT NULL,
    columns  TEXT NOT NULL,  -- separated by spaces
    UNIQUE (of_table, row_id)
);

-- Which database these tables were made in; and the restores of which budgets may count too little.
CREATE TABLE store_identity (
    identity TEXT NOT NULL
);
CREATE TABLE restores (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    known_until DOUBLE PRECISION NOT NULL
);
-- The last restore after which somebody checked what the budgets of a workspace count.
CREATE TABLE restore_checks (
    team TEXT PRIMARY KEY,
    seq  BIGINT NOT NULL
);
-- The drifts that were told and still stand.
CREATE TABLE price_drifts (
    team      TEXT NOT NULL,
    price_key TEXT NOT NULL,
    is_above  BOOLEAN NOT NULL,
    told_at   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (team, price_key)
);

-- A row of each person, and of each scope with a cap, which whoever decides by its use locks first.
CREATE TABLE budget_scopes (
    key TEXT PRIMARY KEY
);
CREATE TABLE budget_use (
    scope TEXT NOT NULL,
    day   TEXT NOT NULL,  -- ISO date
    held  NUMERIC NOT NULL,
    spent NUMERIC NOT NULL,
    part  INTEGER NOT NULL DEFAULT 0,  -- a counter is the sum of its parts
    PRIMARY KEY (scope, day, part)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE caps (
    team     TEXT NOT NULL,
    scope    TEXT NOT NULL,
    "window" TEXT NOT NULL,
    "limit"  TEXT NOT NULL,  -- decimal number, exact
    is_hard  BOOLEAN NOT NULL,
    PRIMARY KEY (team, scope, "window")
);
CREATE TABLE raises (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team     TEXT NOT NULL,
    scope    TEXT NOT NULL,
    amount   TEXT NOT NULL,  -- decimal number, exact
    until_at DOUBLE PRECISION NOT NULL,
    by       TEXT NOT NULL,
    because  TEXT NOT NULL,
    at       DOUBLE PRECISION NOT NULL
);
-- To find the few that have not ended, however many there were.
CREATE INDEX raises_until ON raises (team, until_at);
CREATE TABLE stops (
    team    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    by      TEXT NOT NULL,
    because TEXT NOT NULL,
    at      DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (team, scope)
);
CREATE TABLE budget_policies (
    team          TEXT PRIMARY KEY,
    confirm_above TEXT,  -- decimal number, exact
    unknown_price TEXT NOT NULL,
    unknown_hold  TEXT,  -- decimal number, exact
    zone          TEXT NOT NULL,
    first_weekday INTEGER NOT NULL
);
CREATE TABLE approval_rules (
    team       TEXT NOT NULL,
    channel    TEXT NOT NULL,  -- empty: the workspace's rule
    above      TEXT,           -- decimal number, exact
    approvers  TEXT NOT NULL,  -- JSON list of users
    place      TEXT,
    seconds    DOUBLE PRECISION,
    allows_own BOOLEAN,
    PRIMARY KEY (team, channel)
);
CREATE TABLE alerts (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope   TEXT NOT NULL,
    period  TEXT NOT NULL,
    level   INTEGER NOT NULL,  -- percent
    "limit" TEXT NOT NULL,     -- decimal number, exact
    held    TEXT NOT NULL,     -- decimal number, exact
    spent   TEXT NOT NULL,     -- decimal number, exact
    at      DOUBLE PRECISION NOT NULL,
    UNIQUE (scope, period, level)
);
CREATE TABLE audit (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        DOUBLE PRECISION NOT NULL,
    team      TEXT NOT NULL,
    by        TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    before    TEXT NOT NULL,
    after     TEXT NOT NULL,
    because   TEXT NOT NULL,
    dedup_key TEXT NOT NULL
);
CREATE UNIQUE INDEX audit_dedup_key ON audit (dedup_key) WHERE dedup_key <> '';
CREATE INDEX audit_credit ON audit (team) WHERE action = 'credit booked';
CREATE INDEX audit_at ON audit (at);
-- Nobody's decision about money can be changed afterwards, not even by hand.
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

TABLES = _COLLATED.replace(" TEXT", ' TEXT COLLATE "C"')
"""The statements that make all tables."""

PACE = """
-- When the next call of a service may be made, by what limits it. All that a loss of it could do is
-- that calls are made too early.
CREATE TABLE pace (
    key        TEXT COLLATE "C" PRIMARY KEY,
    next_at    DOUBLE PRECISION NOT NULL DEFAULT 0,
    called_at  DOUBLE PRECISION NOT NULL DEFAULT 0,
    valid_at   DOUBLE PRECISION NOT NULL DEFAULT 0,
    held_until DOUBLE PRECISION NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
-- The last moment for which a chore was begun, so that one of several processes does it.
CREATE TABLE chores (
    name   TEXT COLLATE "C" PRIMARY KEY,
    moment DOUBLE PRECISION NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE jobs ADD COLUMN paced_at DOUBLE PRECISION;
ALTER TABLE notifications ADD COLUMN paced_at DOUBLE PRECISION;
"""
"""The migration that lets processes share limits and chores."""

PACE_AGAIN = "ALTER TABLE pace ADD COLUMN again_at DOUBLE PRECISION NOT NULL DEFAULT 0"
"""The migration that keeps when calls that have missed their times are asked for again."""

TRACES = """
ALTER TABLE jobs ADD COLUMN traceparent TEXT COLLATE "C";
ALTER TABLE notifications ADD COLUMN traceparent TEXT COLLATE "C";
"""
"""The migration that lets processes continue each other's traces."""

PRICES_OF_SIZE = """ON jobs (price_key, price_size, created_at)
    WHERE cost_actual IS NOT NULL OR cost_estimate IS NOT NULL
"""
"""The index of the last amounts of one length of video, which may be a rare one."""

SAVED = """
CREATE TABLE saved (
    kind       TEXT COLLATE "C" NOT NULL,
    scope      TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    made_by    TEXT COLLATE "C" NOT NULL,
    made_at    DOUBLE PRECISION NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    value      TEXT COLLATE "C" NOT NULL,  -- JSON
    PRIMARY KEY (kind, scope, name)
);
ALTER TABLE jobs ADD COLUMN style_name TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN style_words TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN style_prompt TEXT COLLATE "C";
"""
"""The migration that keeps what people save, and the style of a job."""

WORDS = """
CREATE TABLE job_words (
    seq   BIGINT PRIMARY KEY,  -- of the job
    words TSVECTOR             -- NULL: not indexed yet
);
CREATE INDEX job_words_words ON job_words USING gin (words);
CREATE INDEX job_words_missing ON job_words (seq) WHERE words IS NULL;
-- A version that knows no words inserts jobs while this one is deployed, and erases texts.
CREATE FUNCTION note_job_without_words() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_words (seq) VALUES (new.seq) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE FUNCTION erase_words() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM job_words WHERE seq = new.seq;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_without_words AFTER INSERT ON jobs
    FOR EACH ROW EXECUTE FUNCTION note_job_without_words();
CREATE TRIGGER jobs_words_erased AFTER UPDATE OF erased_at ON jobs
    FOR EACH ROW WHEN (new.erased_at IS NOT NULL) EXECUTE FUNCTION erase_words();
ALTER TABLE jobs ADD COLUMN kept_by TEXT COLLATE "C";
ALTER TABLE home_views ADD COLUMN kept_only BOOLEAN NOT NULL DEFAULT false;
"""
"""The migration that indexes the words of new jobs, and lets people keep some."""

# In a statement of its own, which keeps nobody waiting; the words follow in small writes.
WORDS_OF_EARLIER_JOBS = """
    INSERT INTO job_words (seq) SELECT seq FROM jobs WHERE erased_at IS NULL ON CONFLICT DO NOTHING
"""

KEPT = "ON jobs (team, seq) WHERE kept_by IS NOT NULL"
"""The index of what is kept, which are few of many jobs."""

FILMS = """
ALTER TABLE jobs ADD COLUMN film_width INTEGER;
ALTER TABLE jobs ADD COLUMN film_height INTEGER;
ALTER TABLE jobs ADD COLUMN film_seconds DOUBLE PRECISION;
ALTER TABLE jobs ADD COLUMN film_has_sound BOOLEAN;
ALTER TABLE jobs ADD COLUMN film_poster TEXT COLLATE "C";
"""
"""The migration that keeps what the file of a finished video tells, and its poster."""

SETS = """
ALTER TABLE jobs ADD COLUMN set_id TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN part INTEGER;
"""
"""The migration that lets several jobs be the parts of a set."""

PARTS = "ON jobs (set_id, part) WHERE set_id IS NOT NULL"
"""The index of the parts of sets, which are few of many jobs."""

PLANNED = """
ALTER TABLE jobs ADD COLUMN starts_at DOUBLE PRECISION;
ALTER TABLE jobs ADD COLUMN repeat_id TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN repeat_every TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN repeat_first TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN repeat_zone TEXT COLLATE "C";
"""
"""The migration that lets a job start at a later time, and repeats it."""

NOTES = """
CREATE TABLE notes (
    dedup_key TEXT COLLATE "C" NOT NULL,
    number    INTEGER NOT NULL,  -- of the notes of one interaction
    job_id    TEXT COLLATE "C" NOT NULL,
    by_user   TEXT COLLATE "C" NOT NULL,
    at        DOUBLE PRECISION NOT NULL,
    second    DOUBLE PRECISION,  -- NULL: about all of the video
    words     TEXT COLLATE "C" NOT NULL,
    review    TEXT COLLATE "C",  -- NULL: a note
    PRIMARY KEY (dedup_key, number)
);
CREATE INDEX notes_of_job ON notes (job_id, at);
ALTER TABLE jobs ADD COLUMN review_kind TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN reviewed_by TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN reviewed_at DOUBLE PRECISION;
ALTER TABLE jobs ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
"""
"""The migration that keeps what people say of results."""

REVIEWED = "ON jobs (team, seq) WHERE review_kind IS NOT NULL"
"""The index of results that were reviewed, which are few of many jobs."""

UNDER_WAY = """ON jobs ("user", created_at)
    WHERE stage NOT IN ('delivered', 'rejected', 'unconfirmed')"""
"""The index of a person's jobs that are not over, in the order of lists."""

WITH_FILES = """ON notifications (delivery_ts)
    WHERE kind IN ('followed', 'resent', 'shared', 'stitched')"""
"""The index of messages with files of a result."""

DELETED = """
ALTER TABLE jobs ADD COLUMN deleted_at DOUBLE PRECISION;
ALTER TABLE jobs ADD COLUMN deleted_by TEXT COLLATE "C";
"""
"""The migration that lets people delete results."""

FEEDBACK = """
CREATE TABLE feedback (
    job_id  TEXT COLLATE "C" NOT NULL,
    by_user TEXT COLLATE "C" NOT NULL,
    is_good BOOLEAN NOT NULL,
    at      DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (job_id, by_user)
);
-- A digest reads what was given in its time.
CREATE INDEX feedback_at ON feedback (at);
"""
"""The migration that keeps what people think of results by one press."""

TAKES = """
ALTER TABLE jobs ADD COLUMN take_of TEXT COLLATE "C";
"""
"""The migration that tells of which place a job is a take."""

TAKES_OF_PLACE = "ON jobs (take_of, seq) WHERE take_of IS NOT NULL"
"""The index of the takes of places, which are few of many jobs."""

# A crash of the server may lose it: at worst somebody reads an answer twice.
ANSWERS = """
CREATE UNLOGGED TABLE answers (
    key      TEXT COLLATE "C" PRIMARY KEY,
    begun_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX answers_begun ON answers (begun_at);
"""
"""The statements that make the table of requests that are answered by a message to one user."""
