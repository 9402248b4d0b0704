"""A valid ask becomes a row, or the row that stands; the same words twice become a question."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import structlog

from bot.options.request import Ask
from bot.options.schema import PROMPT
from storage.job import Event, Instant, Job, Outcome, Stage
from storage.store import Store

# Somebody who sees an error types the command again at once; after this long they mean it.
TWIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, where, and how Slack will name this very ask if it delivers it again."""

    team: str
    channel: str
    user: str
    surface: str
    ask_key: str
    """The same for every delivery of one ask, and different for any two asks."""
    thread_ts: str | None = None
    response_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The ask is on disk, now or since an earlier delivery (`is_new` tells)."""

    job: Job
    is_new: bool
    left_out: tuple[str, ...] = ()
    """Titles of options of the earlier ask that its model does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBefore:
    """The same person asked for the same a moment ago; nothing was taken. `job` is that ask."""

    job: Job


Answer: TypeAlias = Accepted | AskedBefore


class Intake:
    """The one way in; `make_way` hears that a person waits.

    Raises `StoreError` when an ask could not be written: it was not taken.
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], Instant],
        new_id: Callable[[], str],
        wake: Callable[[], None],
        make_way: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._now = now
        self._new_id = new_id
        self.wake = wake
        self._make_way = make_way
        self._log = structlog.get_logger("intake")

    async def accept(
        self, ask: Ask, asker: Asker, *, parent_id: str | None = None, sure: bool = False
    ) -> Answer:
        """Write the ask down; when this returns `Accepted`, it is on disk.

        Idempotent by `asker.ask_key`. `sure` says that the person knows that they asked before;
        whoever renders `parent_id` again knows that of the parent.
        """
        self._make_way()
        now = self._now()
        job = _due_now(ask, asker, self._new_id(), now, parent_id)
        if not sure:
            twin = await self._store.find_twin(job, now - TWIN_SECONDS)
            if twin is not None and twin.ask_key != job.ask_key and twin.id != parent_id:
                standing = await self._store.find_ask(asker.ask_key)
                if standing is None:
                    return AskedBefore(job=twin)
                return Accepted(job=standing, is_new=False, left_out=ask.left_out)
        row, is_new = await self._store.insert(
            job, Event(at=now, name="accepted", detail=asker.surface)
        )
        if is_new:
            self.wake()
            self._log.info(
                "ask_accepted",
                job=row.id,
                user=row.user,
                by=row.surface,
                prompt=row.input.get(PROMPT),
            )
        return Accepted(job=row, is_new=is_new, left_out=ask.left_out)


def resent(job: Job, new_id: str, ask_key: str, now: Instant) -> Job:
    """Return a job that delivers the files of a finished one again, in the same thread.

    It starts where the render ended, so it has no key and is never sent to MindVideo.
    """
    asker = Asker(
        team=job.team,
        channel=job.channel,
        user=job.user,
        surface="resend",
        ask_key=ask_key,
        thread_ts=job.thread_root,
    )
    return replace(
        _due_now(job, asker, new_id, now, job.id),
        # Since ever: an operator's shell may have a clock that is ahead of the running bot's.
        due_at=0.0,
        stage=Stage.FINISHED,
        outcome=Outcome.SUCCEEDED,
        task_id=job.task_id,
        request_id=job.request_id,
        submitted_at=job.submitted_at,
        finished_at=job.finished_at,
        look_by=job.look_by,
        outputs=job.outputs,
        cost_estimate=job.cost_estimate,
        cost_actual=job.cost_actual,
    )


def _due_now(ask: Ask | Job, asker: Asker, new_id: str, now: Instant, parent: str | None) -> Job:
    """Return a new job for what is asked, or for what an earlier job asked."""
    return Job(
        id=new_id,
        ask_key=asker.ask_key,
        team=asker.team,
        channel=asker.channel,
        user=asker.user,
        surface=asker.surface,
        thread_ts=asker.thread_ts,
        response_url=asker.response_url,
        parent_id=parent,
        model=ask.model,
        input=ask.input,
        kind=ask.kind,
        created_at=now,
        due_at=now,
    )


# Without I, L, O and U an ID can be read aloud and spells nothing.
# https://www.crockford.com/base32.html
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10


def new_id() -> str:
    """Return a new job ID: 50 random bits, short enough to be typed."""
    # One call of the system for all letters: 256 is a multiple of the alphabet's 32.
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(LENGTH))
