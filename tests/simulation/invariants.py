"""What must hold at every instant, and what must hold in the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import inf

from bot.notifications.job_event import NOT_THEIRS
from bot.steps.submit import KEY_LIFETIME_SECONDS
from storage.job import TERMINAL, IllegalTransitionError, Job, Outcome, Stage, check_transition
from storage.notification import Notice, NoticeKind, notice_id
from tests.simulation.video import Charge, MindVideo
from tests.simulation.workspace import Posted, Workspace
from tests.simulation.world import World

# How an amount that was billed is told; an estimate is told in other words.
BILLED = re.compile(r"cost ([0-9.]+) as billed", re.IGNORECASE)
# Brings the files of another job again: it has no charge of its own.
RESEND = "resend"


class Invariants:
    """Checks the promises; keeps the newest known row of each job in `rows`."""

    def __init__(self, world: World, listening: Sequence[str] = ()) -> None:
        self._world = world
        self.listening = listening
        """Channels that want to hear everything."""
        self.video = MindVideo(world, self.after_effect)
        self.slack = Workspace(world=world, audit=self.after_effect)
        self.rows: dict[str, Job] = {}
        self.acknowledged: dict[str, str] = {}
        """The job of each ask that the person heard was taken, by its `ask_key`."""
        self.resumed_at: dict[str, float] = {}
        """When an operator last resumed a job."""
        self.notices: dict[str, Notice] = {}
        """The newest known row of each notice that was ever claimed."""
        self._learned: dict[str, Decimal | None] = {}
        """Of each job: the final cost that the bot heard last and could write down."""
        self._stopped_at: dict[str, float] = {}
        """When a job was last refused or parked: from then on there is a word to be told."""
        self._free: set[str] = set()
        """Jobs whose cancel was on disk before anything was sent: they must cost nothing."""
        self._sent_unknown: set[str] = set()
        """Jobs that were billed after the backup that their rows come from: no row tells."""

    def after_effect(self, job_id: str) -> None:
        """Check what holds at every instant about one job, after something happened outside."""
        charges = self._charges(job_id)
        self._at_most_one("charges", job_id, charges)
        if job_id in self._free and charges:
            self._world.violate("cancelled in time costs nothing", job_id)
        bodies = self.video.bodies.get(job_id, {})
        self._at_most_one("keys", job_id, list(bodies))
        for key, sent in bodies.items():
            self._at_most_one("bodies under a key", f"{job_id} {key}", list(sent))
        self._check_posts(job_id)

    def _check_posts(self, job_id: str) -> None:
        self._at_most_one("messages", job_id, self.slack.live(job_id, is_result=False))
        results = self.slack.live(job_id, is_result=True)
        for place in {said.place for said in results}:
            there = [said for said in results if said.place == place]
            self._at_most_one("results in a thread", job_id, there)
        told = self.notices.get(job_id)
        heard = self.video.heard.get(told.job_id or "" if told else job_id, [])
        for said in self.slack.posts:
            if said.job_id != job_id:
                continue
            for amount in told_amounts(said.text):
                if amount not in heard:
                    self._world.violate("amounts are what was billed", f"{job_id}: {said.text}")
            self._check_files(said)

    def _check_files(self, said: Posted) -> None:
        shared = tuple(self.slack.files[file_id].content for file_id in said.files)
        if not shared:
            return
        row = self.rows.get(said.job_id)
        if row is None:
            return
        maker = row.parent_id if row.surface == RESEND else row.id
        made = [task.files for task in self.video.tasks.values() if task.job_id == maker]
        if shared not in made:
            self._world.violate("the file is the one that was made", said.job_id)

    def after_claim(self, row: Job) -> None:
        """Check a row that a new step begins with: what an earlier one heard last is lost."""
        self.video.forget(row.id)
        self.after_write(row)

    def after_write(self, row: Job) -> None:
        """Check a row that the store has just handed out, against what was known of it."""
        before = self.rows.get(row.id)
        if before is not None:
            self._check_move(before, row)
        elif row.surface == RESEND:
            self.video.heard[row.id] += self.video.heard[row.parent_id or ""]
            self._learned[row.id] = row.cost_actual
        if before is None or before.stage is not row.stage:
            self._stopped_at[row.id] = self._world.age
        self.rows[row.id] = row
        learned = self.video.wrote(row.id)
        if learned is not None:
            self._learned[row.id] = learned
        unknown = row.id in self._sent_unknown
        if row.stage is Stage.REJECTED and self._charges(row.id) and not unknown:
            self._world.violate("a rejected job costs nothing", row.id)

    def _check_move(self, before: Job, row: Job) -> None:
        try:
            check_transition(before, row)
        except IllegalTransitionError as error:
            self._world.violate("only legal moves", str(error))
        if row.fence < before.fence:
            self._world.violate("a fence never falls", row.id)
        if before.stage in TERMINAL and row.outcome is not before.outcome:
            self._world.violate("what is over stays as it is", row.id)
        if before.idempotency_key not in {None, row.idempotency_key}:
            self._world.violate("keys ≤ 1", f"{row.id}: the row's key changed")

    def after_notice(self, row: Notice) -> None:
        """Note a notice that the store has just handed out."""
        before = self.notices.get(row.id)
        if row.posted_ts and (before is None or before.posted_ts is None):
            self._world.counts[f"notice: {row.kind}"] += 1
        self.notices[row.id] = row

    def forget_notice(self, notice: Notice) -> None:
        """Wait no more for a notice that a backup does not know of, unless it was told."""
        if not notice.posted_ts:
            del self.notices[notice.id]

    def promise_free(self, job_id: str) -> None:
        """Note that a person heard that their cancel came in time."""
        if job_id not in self._sent_unknown:
            self._free.add(job_id)
        self.after_effect(job_id)

    def after_restore(self, rows: Mapping[str, Job]) -> None:
        """Take what a backup knows for all that there is: what came after it is not in it."""
        self.rows = dict(rows)
        self.acknowledged = {ask: job for ask, job in self.acknowledged.items() if job in rows}
        self._free = {job for job in self._free if job in rows and rows[job].cancel_requested_at}
        self._sent_unknown = {
            row.id for row in rows.values() if not row.first_sent_at and self._charges(row.id)
        }
        self._learned = {row.id: row.cost_actual for row in rows.values()}

    def after_restart(self, rows: Mapping[str, Job]) -> None:
        """Check what a new process finds on disk."""
        for ask_key, job_id in self.acknowledged.items():
            row = rows.get(job_id)
            if row is None or row.ask_key != ask_key:
                self._world.violate("an acknowledged ask has a row", f"{ask_key} {job_id}")
        for row in rows.values():
            before = self.rows.get(row.id)
            if before is None or before.cost_actual != row.cost_actual:
                # Written down by a commit after which the process died.
                self._learned[row.id] = row.cost_actual
            self.after_claim(row)

    def acknowledge(self, ask_key: str, job: Job) -> None:
        """Note that a person heard that their ask was taken."""
        known = self.acknowledged.setdefault(ask_key, job.id)
        if known != job.id:
            self._world.violate("one ask, one job", f"{ask_key}: {known} and {job.id}")
        if job.id not in self.rows:
            self._world.violate("an acknowledged ask has a row", f"{ask_key} {job.id}")

    def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended, or about which something is still to be done."""
        return [row for row in self.rows.values() if row.due_at is not None]

    def at_rest(self) -> None:
        """Check what must hold once nothing is left to do."""
        for notice in self.notices.values():
            self._check_notice(notice)
        for row in self.rows.values():
            self.after_effect(row.id)
            match row.stage:
                case Stage.DELIVERED:
                    self._check_delivered(row)
                    self._check_heard(row)
                case Stage.REJECTED:
                    self._check_told(row)
                case Stage.PARKED:
                    self._check_parked(row)
                case _:
                    self._world.violate("every job ends", f"{row.id} is {row.stage} and never due")

    def _check_notice(self, notice: Notice) -> None:
        self.after_effect(notice.id)
        posted = any(said.ts == notice.posted_ts for said in self.slack.posts)
        place = self.slack.channels[notice.channel]
        disturbed = notice.channel in self.slack.disturbed or (place.private and not place.member)
        job = self.rows.get(notice.job_id or "")
        theirs = job is not None and self.slack.channels[job.channel].private
        excused = (theirs and notice.problem == NOT_THEIRS) or (disturbed and notice.problem)
        if not posted and not excused:
            self._world.violate("who listens is told", f"{notice.id}: {notice.problem}")

    def _check_heard(self, row: Job) -> None:
        """Check that every channel that listens was told of a video."""
        if row.outcome is Outcome.SUCCEEDED and row.surface != RESEND:
            for channel in self.listening:
                if notice_id(NoticeKind.FINISHED, channel, row.id) not in self.notices:
                    self._world.violate("who listens is told", f"{channel} of {row.id}")

    def _check_delivered(self, row: Job) -> None:
        results = [said for said in self.slack.posts if said.ts == row.result_ts]
        if not results or results[0].taken_back:
            self._world.violate("a delivered job was told", row.id)
        if not self._charges(row.id) and row.surface != RESEND:
            self._world.violate("a delivered job was charged once", row.id)
        learned = self._learned.get(row.id)
        if row.cost_told != learned:
            detail = f"{row.id}: told {row.cost_told}, MindVideo said {learned}"
            self._world.violate("the last amount heard is told", detail)
        for said in self.slack.live(row.id, is_result=True):
            stands = said.ts == row.result_ts and said.place.channel not in self.slack.disturbed
            if learned is not None and stands and learned not in told_amounts(said.text):
                self._world.violate("the result tells the last amount", f"{row.id}: {said.text}")

    def _check_parked(self, row: Job) -> None:
        self._check_told(row)
        heard = {one.channel for one in self.notices.values() if _tells_parking(one, row)}
        if row.surface != RESEND and not heard.issuperset(self.listening):
            self._world.violate("operators hear of a parked job", row.id)
        excused = {
            Stage.ANNOUNCED: self._submit_is_too_old(row),
            Stage.RENDERING: self.video.excuses_parking(row.id),
            Stage.FINISHED: row.user in self.slack.gone_people,
        }
        if not excused.get(row.parked_from or row.stage, False):
            detail = f"{row.id} from {row.parked_from}: {row.problem}"
            self._world.violate("parked only with a reason", detail)

    def _submit_is_too_old(self, row: Job) -> bool:
        return self._world.now() - float(row.message_ts or inf) > KEY_LIFETIME_SECONDS

    def _check_told(self, row: Job) -> None:
        if row.user in self.slack.gone_people:
            return
        since = self._stopped_at[row.id]
        if not any(job == row.id and age >= since for job, _, age in self.slack.whispers):
            self._world.violate(f"who has a {row.stage} job is told", row.id)

    def _charges(self, job_id: str) -> list[Charge]:
        return [charge for charge in self.video.charges if charge.job_id == job_id]

    def _at_most_one(self, what: str, whose: str, found: Sequence[object]) -> None:
        if len(found) > 1:
            self._world.violate(f"{what} ≤ 1", f"{whose}: {found}")


def _tells_parking(notice: Notice, row: Job) -> bool:
    return notice.kind is NoticeKind.PARKED and notice.job_id == row.id


def told_amounts(text: str) -> Iterable[Decimal]:
    """Return the amounts that a text says were billed."""
    return [Decimal(figure) for figure in BILLED.findall(text)]
