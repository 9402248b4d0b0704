"""What must hold after any number of kills, read from the two ledgers and the store."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from sandbox.mindvideo.faults import Call
from sandbox.sandbox import API_KEY, Sandbox
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import TEAM, Kind
from storage.job import Job, Outcome, Stage
from storage.rows import JOBS
from storage.sqlite.connection import connect_reader

PROMPT = "a lake"
"""The beginning of each prompt of a run."""


def rows(path: Path) -> list[Job]:
    """Return all jobs of a store, the oldest first."""
    if not path.exists():
        return []
    db = connect_reader(str(path))
    try:
        return [JOBS.from_row(row) for row in db.execute("SELECT * FROM jobs ORDER BY seq")]
    finally:
        db.close()


def acknowledged(asked: Iterable[Delivery]) -> set[str]:
    """Return the dedup keys of the commands that were accepted: an empty body says so."""
    return {
        f"command:{TEAM}:{delivery.payload['trigger_id']}"
        for delivery in asked
        if any(ack.problem is None and not ack.body for ack in delivery.acks)
    }


def check_log(sandbox: Sandbox, lines: Iterable[str]) -> None:
    """Assert that prompts and keys stay out of the log."""
    token = sandbox.slack.credentials.bot_token
    assert token is not None
    logged = "\n".join(lines)
    assert [word for word in (PROMPT, API_KEY, token) if word in logged] == []


def check(sandbox: Sandbox, jobs: list[Job], acknowledged: set[str]) -> None:
    """Assert that nothing was lost, charged twice or posted twice, and that all has ended."""
    assert acknowledged <= {job.dedup_key for job in jobs}
    charges = Counter(charge.key for charge in sandbox.video.charges)
    assert set(charges.values()) <= {1}
    assert set(charges) <= {job.idempotency_key for job in jobs}
    bodies = defaultdict(set)
    for seen in sandbox.video.calls(Call.SUBMIT):
        bodies[seen.key].add(seen.body)
    assert all(len(sent) == 1 for sent in bodies.values())
    amounts = {charge.key: charge.amount for charge in sandbox.video.charges}
    for job in jobs:
        assert (job.stage, job.outcome) == (Stage.DELIVERED, Outcome.SUCCEEDED), job
        assert job.cost_shown == amounts[job.idempotency_key]
        _check_told(sandbox, job)
    _check_nothing_else_stands(sandbox, jobs)


def _check_told(sandbox: Sandbox, job: Job) -> None:
    """Assert that one message and one result of the job stand, and that they agree."""
    workspace = sandbox.slack.world.workspace
    (message,) = workspace.posts_of(job.id)
    assert message.ts == job.message_ts
    assert message.thread_ts is None
    assert "Done in" in message.text
    (result,) = workspace.shares_of(job.id)
    assert result.ts == job.delivery.ts
    (file_id,) = result.files
    file = sandbox.slack.world.files.file(file_id)
    assert file.size == file.path.stat().st_size


def _check_nothing_else_stands(sandbox: Sandbox, jobs: list[Job]) -> None:
    workspace = sandbox.slack.world.workspace
    stands = [
        said
        for channel in workspace.channels.values()
        for said in workspace.all_in(channel.id)
        if said.ephemeral_for is None
    ]
    public = [said.ts for said in stands if workspace.channels[said.channel].kind != Kind.DIRECT]
    ours = [ts for job in jobs for ts in (job.message_ts, job.delivery.ts)]
    assert sorted(public) == sorted(str(ts) for ts in ours)
    # What is told to a person alone, such as an alert of a budget, has the ID of its row as well.
    told = Counter((said.channel, said.job_id) for said in stands if said.ts not in public)
    assert [one for one, times in told.items() if times > 1] == []
