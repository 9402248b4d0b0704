"""What a person does to a job that stands: the same from a button, a reply and a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.base.errors import UsageError
from bot.jobs.accept import Answer, Asker, Intake, resent
from bot.options.attachments import Attached
from bot.options.catalog import Catalog
from bot.options.request import changed_ask, check_input
from storage.job import TERMINAL, Event, Instant, Job, Json, Outcome, Stage
from storage.store import Store


class Cancelled(StrEnum):
    """What came of a wish to cancel."""

    FREE = "free"
    """Nothing was sent yet: it ends without a charge."""
    BILLED = "billed"
    """MindVideo has it and bills it either way; it can only be given up."""
    GIVEN_UP = "given up"
    """It is no longer followed up; the bill still comes."""
    OVER = "over"
    """There was nothing left to cancel."""
    NOT_YOURS = "not yours"
    """Only who asked, and admins, may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """Everything that can be done to a job. Raises `StoreError` when it could not be written."""

    intake: Intake
    store: Store
    catalog: Catalog
    now: Callable[[], Instant]
    new_id: Callable[[], str]
    admins: frozenset[str] = frozenset()

    async def again(
        self, job: Job, asker: Asker, changes: str = "", files: Sequence[Attached] = ()
    ) -> Answer:
        """Render the same again, with what words and files change; a new job with a new charge.

        Idempotent by `asker.ask_key`. Raises `UsageError` for changes that cannot be made and for
        a model that left the catalog.
        """
        if changes.strip() or files:
            ask = changed_ask(job, changes, self.catalog, files)
        else:
            ask = check_input(self.catalog.get(job.model), job.input)
        return await self.intake.accept(ask, asker, parent_id=job.id, sure=True)

    async def again_with(self, job: Job, asker: Asker, changes: Mapping[str, Json]) -> Answer:
        """Render the same again with some options set, unless that was asked for a moment ago.

        For buttons, which are easily pressed twice. Idempotent by `asker.ask_key`. Raises
        `UsageError` for options or a model that are not on offer any more.
        """
        ask = check_input(self.catalog.get(job.model), {**job.input, **changes})
        return await self.intake.accept(ask, asker, parent_id=job.id)

    async def cancel(self, job: Job, by: str) -> Cancelled:
        """Cancel while it is free. Idempotent."""
        if not self.may_change(job, by):
            return Cancelled.NOT_YOURS
        row = await self.store.request_cancel(job.id, by, self.now())
        if row is None or row.stage in TERMINAL or row.stage is Stage.FINISHED:
            return Cancelled.OVER
        if row.cancel_requested_at is not None:
            self.intake.wake()
            return Cancelled.FREE
        return Cancelled.GIVEN_UP if row.unfollowed_at is not None else Cancelled.BILLED

    async def give_up(self, job: Job, by: str) -> Cancelled:
        """Stop following a render that MindVideo has, for the person. Idempotent."""
        if not self.may_change(job, by):
            return Cancelled.NOT_YOURS
        row = await self.store.unfollow(job.id, by, self.now())
        if row is None or row.unfollowed_at is None:
            return Cancelled.OVER
        self.intake.wake()
        return Cancelled.GIVEN_UP

    async def resend(self, job: Job, ask_key: str) -> Job:
        """Deliver the files of a finished job again, without rendering or charging again.

        Idempotent by `ask_key`. Raises `UsageError` for a job without files.
        """
        if job.outcome is not Outcome.SUCCEEDED or not job.outputs:
            raise UsageError(f"Job {job.id} has no finished files to send.")
        now = self.now()
        child = resent(job, self.new_id(), ask_key, now)
        event = Event(at=now, name="accepted", detail=f"resend of {job.id}")
        row, is_new = await self.store.insert(child, event)
        if is_new:
            self.intake.wake()
        return row

    def may_change(self, job: Job, user: str) -> bool:
        """Tell whether `user` may cancel the job: who asked for it, and admins."""
        return user == job.user or self.is_admin(user)

    def is_admin(self, user: str) -> bool:
        """Tell whether `user` is one of the operator's admins."""
        return user in self.admins
