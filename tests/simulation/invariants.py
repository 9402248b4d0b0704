"""What must hold at every instant, and what must hold in the end."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import inf

from bot.jobs.accept import DUPLICATE_SECONDS
from bot.jobs.deliveries import follows_later, poster_row
from bot.messages.job import is_cancelled
from bot.mindvideo.protocol import KEY_LIFETIME_SECONDS
from bot.notifications.approval import DECIDED
from bot.notifications.job_event import NOT_THEIRS
from bot.options.continuation import continued
from bot.worker.engine import CRASHED
from storage.budget import ZERO, total
from storage.job import (
    NOT_REQUESTED,
    REQUESTED,
    TERMINAL,
    IllegalTransitionError,
    Job,
    Media,
    Outcome,
    Stage,
    check_transition,
)
from storage.notification import (
    APPROVAL_KINDS,
    OF_RESULT,
    Notification,
    NotificationKind,
    notification_id,
)
from storage.store import MOST_CRASHES
from tests.simulation.approvals import ApprovalBook
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.films import are_posters_made, film_of, picture_of
from tests.simulation.names import GUEST, TEAM
from tests.simulation.plans import check_moments, check_start
from tests.simulation.sets import SetBook, in_one_set
from tests.simulation.video import Charge, MindVideo
from tests.simulation.workspace import Channel, PostedMessage, Workspace
from tests.simulation.world import World
from tests.support.services import CATALOG

# How an amount that was billed is told; an estimate is told in other words.
FREE = "Nothing was charged"
# A step that was under way at a deletion may wait for Slack, which shows a share late.
LATEST_POST_SECONDS = 1500.0
BILLED = re.compile(r"cost (\d+(?:\.\d+)?)", re.IGNORECASE)


class Invariants:
    """Checks the promises; keeps the newest known row of each job in `rows`."""

    def __init__(self, world: World, subscribed: Sequence[str] = ()) -> None:
        self._world = world
        self.subscribed = subscribed
        """Channels that want to hear everything."""
        self.video = MindVideo(world, self.after_effect)
        self.slack = Workspace(world=world, audit=self.after_effect)
        budgets = world.budgets
        self.books = None if budgets is None else Bookkeeper(world, self.video, budgets)
        """`None` in a world without budgets."""
        if self.books is not None:
            self.video.before_send = self.books.before_send
        self.approvals = ApprovalBook(world)
        self.sets = SetBook(world, self.slack)
        self.rows: dict[str, Job] = {}
        self.acknowledged: dict[str, str] = {}
        """The job of each ask that the person heard was taken, by its `dedup_key`."""
        self._asked: dict[str, str] = {}
        """The job of each ask that the person was asked about, by its `dedup_key`."""
        self._confirmed: set[str] = set()
        """Jobs that their asker confirmed, or tried to."""
        self.resumed_at: dict[str, float] = {}
        """When an operator last resumed a job."""
        self.notifications: dict[str, Notification] = {}
        """The newest known row of each notification."""
        self._about: dict[str, str] = {}
        """The job that each notification is about, those that a backup forgot too."""
        self._promised: set[str] = set()
        """Notifications of which a person heard that they come."""
        self._costs_read: dict[str, Decimal | None] = {}
        """Of each job: the final cost that the bot heard last and could write down."""
        self._stopped_at: dict[str, float] = {}
        """When a job was last refused or parked: from then on there is a word to be told."""
        self._parts_of: defaultdict[str, set[str]] = defaultdict(set)
        """The jobs of each set, those too that a backup does not know: its message may still tell
        what they cost."""
        self._free: set[str] = set()
        """Jobs whose cancel was on disk before anything was sent: they must cost nothing."""
        self._killers: set[str] = set()
        """Rows that were in flight at three deaths of the process: as good as its cause."""
        self._posters_before: set[str] = set()
        """Files of posters from before the last restore: the backup may not know them."""
        self._sent_unknown: set[str] = set()
        """Jobs that were billed after the backup that their rows come from: no row tells."""
        self._posted_unknown: set[str] = set()
        """Those that a backup knows as waiting: they were confirmed and announced since."""

    def after_effect(self, job_id: str) -> None:
        """Check what holds at every instant about one job, after something happened outside."""
        charges = self._charges(job_id)
        self._at_most_one("charges", job_id, charges)
        row = self.rows.get(job_id)
        if row is not None and row.user == GUEST and charges:
            self._world.violate("who may not use the bot is charged nothing", job_id)
        if job_id in self._free and charges:
            self._world.violate("cancelled in time costs nothing", job_id)
        if charges and self._waits(job_id):
            self._world.violate("what waits is not billed", job_id)
        bodies = self.video.bodies.get(job_id, {})
        self._at_most_one("keys", job_id, list(bodies))
        for key, sent in bodies.items():
            self._at_most_one("bodies under a key", f"{job_id} {key}", list(sent))
        self._check_posts(job_id)
        self._check_late_posts(job_id)
        if row is not None:
            self.sets.check_posts(row)
        self._at_most_one("posters", job_id, self._posters_of(job_id))

    def _check_late_posts(self, row_id: str) -> None:
        """Check that nothing new stands of a result that was deleted long ago."""
        job = self.rows.get(self._about.get(row_id, row_id))
        if job is None or job.deleted_at is None or self.video.clock_errs:
            return
        for said in self.slack.posts:
            is_late = float(said.ts) > job.deleted_at + LATEST_POST_SECONDS
            if said.job_id == row_id and said.files and is_late:
                self._world.violate("nothing comes of what was deleted", f"{job.id}: {said.ts}")

    def _check_deleted(self, row: Job) -> None:
        """Check that nothing stands of a result that was deleted, but what was charged for it."""
        self._world.counts["deleted"] += 1
        brought = {
            one.id
            for one in self.notifications.values()
            if one.job_id == row.id and one.kind in OF_RESULT
        }
        if notification_id(NotificationKind.DELETED, row.channel, row.id) not in brought:
            self._world.violate("what was deleted has a row that takes it back", row.id)
        for said in self.slack.posts:
            is_of_result = said.job_id in brought or (said.job_id == row.id and said.is_result)
            # Slack refuses to take something back where the bot is not a member any more.
            excused = said.place.channel in self.slack.disturbed or said.job_id in self._killers
            if is_of_result and not said.deleted and not excused:
                self._world.violate("what was deleted is taken back", f"{row.id}: {said.ts}")
        for file_id, file in self.slack.files.items():
            is_there = file.completed and not file.deleted and file.job_id not in self._killers
            if is_there and file.job_id in {row.id, *brought}:
                self._world.violate("what was deleted is taken back", f"{row.id}: {file_id}")
        for said in self.slack.live(row.id, is_result=False):
            excused = row.id in self._killers or said.place.channel in self.slack.disturbed
            if (said.pictures or "Deleted" not in said.text) and not excused:
                self._world.violate("the message tells of the deletion", f"{row.id}: {said.text}")

    def _posters_of(self, row_id: str) -> list[str]:
        """Return the files that were completed for a row of the outbox, and shared by no message.

        Nobody sees another one: but it would take the workspace's storage.
        """
        return [
            file_id
            for file_id, file in self.slack.files.items()
            if file.job_id == row_id
            and file.known_at is not None
            and not file.deleted
            and file_id not in self._posters_before
        ]

    def _waits(self, job_id: str) -> bool:
        """Return whether the asker was asked and has not confirmed."""
        row = self.rows.get(job_id)
        is_known = job_id not in self._confirmed and job_id not in self._sent_unknown
        return row is not None and row.question is not None and is_known

    def _check_delay(self, row: Job) -> None:
        """Check that nothing is sent before the delay ends; a wrong clock may end it early."""
        waited = self._world.now() - (row.posted_at or inf)
        is_due = row.question is not None or row.cancel_requested_at is not None
        if row.chargeable_since is None or is_due or self.video.clock_errs:
            return
        if waited < self._world.submit_delay - 0.001 and row.id not in self._sent_unknown:
            self._world.violate("nothing is sent before the delay ends", row.id)

    def _check_new(self, row: Job) -> None:
        """Check that an equal request is a question, however close the two are."""
        if row.question is not None or row.stage is not Stage.ACCEPTED:
            return
        for other in self.rows.values():
            is_equal = (other.user, other.channel, other.input) == (
                row.user,
                row.channel,
                row.input,
            )
            if in_one_set(other, row):
                continue
            is_recent = other.created_at >= row.created_at - DUPLICATE_SECONDS
            counts = other.stage in REQUESTED - {Stage.REJECTED} and other.question is None
            if is_equal and is_recent and counts:
                self._world.violate("the same words at once are a question", row.id)

    def set_of(self, job: Job) -> list[Job]:
        """Return all parts of the set of a job in their order; the job alone, if it is of none."""
        parts = [row for row in self.rows.values() if in_one_set(job, row)]
        return sorted(parts, key=lambda row: row.part or 0) or [job]

    def ask(self, dedup_key: str, job: Job) -> None:
        """Note that a person was asked about an ask."""
        if self._asked.setdefault(dedup_key, job.id) != job.id:
            self._world.violate("one ask, one job", f"{dedup_key}: {job.id}")

    def confirm(self, job_id: str) -> None:
        """Note that the asker presses the button of a question."""
        self._confirmed.add(job_id)

    def _check_posts(self, job_id: str) -> None:
        self._at_most_one("messages", job_id, self.slack.live(job_id, is_result=False))
        about = self._about.get(job_id)
        films = (said for said in self.slack.posts if not said.deleted and self._is_film(said))
        self._at_most_one(
            "films", job_id, [said for said in films if self._about.get(said.job_id) == about]
        )
        results = self.slack.live(job_id, is_result=True)
        for place in {said.place for said in results}:
            there = [said for said in results if said.place == place]
            self._at_most_one("results in a thread", job_id, there)
        heard = self._heard(job_id)
        for said in self.slack.posts:
            if said.job_id != job_id:
                continue
            for amount in told_amounts(said.text):
                if amount not in heard:
                    self._world.violate("amounts are what was billed", f"{job_id}: {said.text}")
            self._check_files(said)

    def _is_film(self, said: PostedMessage) -> bool:
        row = self.notifications.get(said.job_id)
        return row is not None and row.kind is NotificationKind.STITCHED

    def _heard(self, row_id: str) -> Collection[Decimal]:
        """Return the amounts that a message may tell: for a set, what its parts cost together."""
        parts = self._parts_of.get(row_id)
        if parts is None:
            return self.video.heard.get(self._about.get(row_id, row_id), [])
        each = [[ZERO, *self.video.heard.get(part, [])] for part in parts]
        return {total(amounts) for amounts in product(*each)}

    def _check_files(self, said: PostedMessage) -> None:
        shared = tuple(self.slack.files[file_id].content for file_id in said.files)
        if not shared:
            return
        maker = self._about.get(said.job_id, said.job_id)
        if maker not in self.rows:
            return
        if self._is_film(said):
            self._world.counts["films"] += 1
            made: list[tuple[bytes, ...]] = [(film_of(self._clips_up_to(maker)),)]
        else:
            made = [task.files for task in self.video.tasks.values() if task.job_id == maker]
        if shared not in made:
            self._world.violate("the file is the one that was made", said.job_id)

    def _clips_up_to(self, job_id: str) -> list[tuple[bytes, float | None]]:
        """Return the videos of a chain with the seconds at which each ends, the first one first."""
        clips: list[tuple[bytes, float | None]] = []
        until = None
        while row := self.rows.get(job_id):
            made = (task.files[0] for task in self.video.tasks.values() if task.job_id == row.id)
            clips.insert(0, (next(made), until))
            frame = continued(CATALOG.default, row.input)
            if frame is None:
                break
            job_id, until = frame.job_id, frame.seconds
        return clips

    def after_claim(self, row: Job) -> None:
        """Check a row that a new step begins with: what an earlier one heard last is lost."""
        self.video.forget(row.id)
        self.after_write(row)

    def after_write(self, row: Job) -> None:
        """Check a row that the store has just handed out, against what was known of it."""
        before = self.rows.get(row.id)
        if before is not None:
            self._check_move(before, row)
        else:
            self._check_new(row)
        check_moments(self._world, row, self.rows.values())
        self.approvals.check(before, row, clock_errs=self.video.clock_errs)
        if row.stage in REQUESTED and self._waits(row.id):
            self._world.violate("only what was confirmed is accepted", row.id)
        if row.stage is Stage.ANNOUNCED:
            self._check_delay(row)
        self._check_crashes(row)
        if before is None or before.stage is not row.stage:
            self._stopped_at[row.id] = self._world.age
        self.rows[row.id] = row
        if row.set_id is not None:
            self._parts_of[row.set_id].add(row.id)
        cost = self.video.wrote(row.id)
        if cost is not None:
            self._costs_read[row.id] = cost
        unknown = row.id in self._sent_unknown
        if row.stage is Stage.REJECTED and self._charges(row.id) and not unknown:
            self._world.violate("a rejected job costs nothing", row.id)

    def _check_move(self, before: Job, row: Job) -> None:
        try:
            check_transition(before, row)
        except IllegalTransitionError as error:
            self._world.violate("only legal moves", str(error))
        if before.stage is Stage.WAITING and row.stage is Stage.ACCEPTED and row.question:
            is_late = self._world.now() > row.question.expires_at + 1
            if is_late and not self.video.clock_errs:
                self._world.violate("a question is answered in time", row.id)
        check_start(self._world, before, row)
        if row.fence < before.fence:
            self._world.violate("a fence never falls", row.id)
        if before.stage in TERMINAL and row.outcome is not before.outcome:
            self._world.violate("what is over stays as it is", row.id)
        if before.idempotency_key not in {None, row.idempotency_key}:
            self._world.violate("keys ≤ 1", f"{row.id}: the row's key changed")

    def _check_crashes(self, row: Job | Notification) -> None:
        """Check that nothing is blamed for deaths at which it was not in flight."""
        if row.crashes > self._world.deaths:
            self._world.violate("only deaths are counted", f"{row.id}: {row.crashes}")
        if row.crashes >= MOST_CRASHES:
            self._world.counts["blamed for three deaths"] += row.id not in self._killers
            self._killers.add(row.id)

    def after_notification(self, row: Notification) -> None:
        """Note a notification that the store has just handed out."""
        self._check_crashes(row)
        before = self.notifications.get(row.id)
        if row.delivery.ts and (before is None or before.delivery.ts is None):
            self._world.counts[f"posted: {row.kind}"] += 1
        self.notifications[row.id] = row
        self._about[row.id] = row.job_id or ""

    def after_restart_of_outbox(
        self, found: Mapping[str, Notification | None], *, is_restored: bool
    ) -> None:
        """Check the notifications that a new process finds: none is gone, unless to a backup."""
        for row_id, row in found.items():
            if row is not None:
                self.after_notification(row)
                continue
            if row_id in self._promised and not is_restored:
                self._world.violate("a promised notification has a row", row_id)
            self._promised.discard(row_id)
            if self.notifications[row_id].delivery.ts is None:
                del self.notifications[row_id]

    def promise_notification(self, row_id: str) -> None:
        """Note that a person heard that something will be posted."""
        self._promised.add(row_id)
        if row_id not in self.notifications:
            self._world.violate("a promised notification has a row", row_id)

    def promise_free(self, job_id: str) -> None:
        """Note that a person heard that their cancel came in time."""
        if job_id not in self._sent_unknown:
            self._free.add(job_id)
        self.after_effect(job_id)

    def after_restore(self, rows: Mapping[str, Job]) -> None:
        """Take what a backup knows for all that there is: what came after it is not in it."""
        self.rows = dict(rows)
        self._posters_before = set(self.slack.files)
        self.acknowledged = {
            ask: job
            for ask, job in self.acknowledged.items()
            if job in rows and rows[job].stage in REQUESTED
        }
        self._asked = {ask: job for ask, job in self._asked.items() if job in rows}
        self._free = {job for job in self._free if job in rows and rows[job].cancel_requested_at}
        self._sent_unknown = {
            row.id for row in rows.values() if not row.chargeable_since and self._charges(row.id)
        }
        waiting = {row.id for row in rows.values() if row.stage is Stage.WAITING}
        self._posted_unknown = {said.job_id for said in self.slack.posts} & waiting
        self._costs_read = {row.id: row.cost_actual for row in rows.values()}

    def after_restart(self, rows: Mapping[str, Job], *, is_alone: bool = True) -> None:
        """Check what a new process finds on disk; if it `is_alone`, no step goes on elsewhere."""
        for dedup_key, job_id in self.acknowledged.items():
            row = rows.get(job_id)
            if row is None or row.dedup_key != dedup_key:
                self._world.violate("an acknowledged ask has a row", f"{dedup_key} {job_id}")
        self.sets.check_whole(rows)
        for row in rows.values():
            before = self.rows.get(row.id)
            if before is None or before.cost_actual != row.cost_actual:
                # Written down by a commit after which the process died.
                self._costs_read[row.id] = row.cost_actual
            if is_alone:
                self.after_claim(row)
            else:
                self.after_write(row)

    def acknowledge(self, dedup_key: str, job: Job) -> None:
        """Note that a person heard that their ask was taken."""
        if dedup_key in self._asked and job.id not in self._confirmed:
            self._world.violate("a question is remembered", f"{dedup_key}: {job.id}")
        known = self.acknowledged.setdefault(dedup_key, job.id)
        if known != job.id:
            self._world.violate("one ask, one job", f"{dedup_key}: {known} and {job.id}")
        if job.id not in self.rows:
            self._world.violate("an acknowledged ask has a row", f"{dedup_key} {job.id}")

    def check_amounts(self) -> None:
        """Check that each job has the amount that the bot heard last, before a bill mends it."""
        for row in self.rows.values():
            heard = self._costs_read.get(row.id)
            if row.stage is Stage.DELIVERED and row.cost_actual != heard:
                detail = f"{row.id}: has {row.cost_actual}, heard {heard}"
                self._world.violate("the last amount heard is kept", detail)

    def settle(self, job_id: str, amount: Decimal) -> None:
        """Note that an operator is about to name what a job has cost."""
        self.video.heard[job_id].append(amount)
        if self.books is not None:
            self.books.name_amount(job_id, amount)

    def after_settlement(self, row: Job) -> None:
        """Note that what a job has cost is on disk, as an operator named it."""
        self._costs_read[row.id] = row.cost_actual

    def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended, or about which something is still to be done."""
        return [row for row in self.rows.values() if row.due_at is not None]

    def at_rest(self) -> None:
        """Check what must hold once nothing is left to do."""
        if self.books is not None:
            self.books.at_rest(self.notifications.values(), self.slack.posts)
        self.approvals.at_rest(self.notifications.values(), self.slack.posts, self.slack.disturbed)
        self.sets.check_whole(self.rows)
        for notification in self.notifications.values():
            self._check_notification(notification)
        for row in self.rows.values():
            self.after_effect(row.id)
            if row.part == 1:
                self._check_set(row)
            if row.team != TEAM:
                self._world.violate("a job is of the workspace of the bot", f"{row.id}: {row.team}")
            match row.stage:
                case Stage.DELIVERED:
                    self._check_delivered(row)
                    self._check_heard(row)
                case Stage.REJECTED:
                    self._check_told(row)
                case Stage.PARKED:
                    self._check_parked(row)
                case Stage.UNCONFIRMED:
                    self._check_unconfirmed(row)
                case _:
                    self._world.violate("every job ends", f"{row.id} is {row.stage} and never due")

    def _check_unconfirmed(self, row: Job) -> None:
        """Check that nobody heard of a request that was not confirmed, unless it was planned."""
        unknown = row.id in self._sent_unknown | self._posted_unknown or row.starts_at is not None
        if not unknown and any(said.job_id == row.id for said in self.slack.posts):
            self._world.violate("what waits is not announced", row.id)

    def _check_notification(self, row: Notification) -> None:
        self.after_effect(row.id)
        job = self.rows.get(row.job_id or "")
        if row.kind in OF_RESULT and job is not None and job.deleted_at is not None:
            return
        if row.kind is NotificationKind.POSTER:
            self._check_poster(row)
            return
        posted = any(said.ts == row.delivery.ts for said in self.slack.posts)
        if not posted and not self._excuses(row):
            self._world.violate("who listens is told", f"{row.id}: {row.problem}")

    def _check_set(self, first: Job) -> None:
        """Check that the message of a set is there, or why not."""
        self.sets.check_message(first)
        row = self.notifications.get(first.set_id or "")
        if row is None:
            if first.stage in REQUESTED:
                self._world.violate("a set has a row", first.id)
            return
        cost = total(part.cost_actual or ZERO for part in self.set_of(first))
        excused = row.id in self._killers or row.channel in self.slack.disturbed
        for said in self.slack.live(row.id, is_result=False):
            if cost and not excused and cost not in told_amounts(said.text):
                self._world.violate("a set's message tells its cost", f"{first.id}: {said.text}")

    def _check_poster(self, row: Notification) -> None:
        """Check that the job has the poster of its video, and that its message shows it."""
        job = self.rows.get(row.job_id or "")
        if job is None or row.id in self._killers:
            return
        poster = None if job.film is None else job.film.poster
        if (poster is None) != (row.problem is not None):
            self._world.violate("a poster is there, or why not", f"{job.id}: {row.problem}")
        self._world.counts["posters" if poster else f"no poster: {row.problem}"] += 1
        if poster is None:
            return
        file = self.slack.files[poster]
        made = [task.files[0] for task in self.video.tasks.values() if task.job_id == job.id]
        if file.content not in [picture_of(video) for video in made]:
            self._world.violate("a poster is of the video that was made", job.id)
        is_killer = job.id in self._killers
        for said in self.slack.live(job.id, is_result=False):
            excused = is_killer or file.deleted or said.place.channel in self.slack.disturbed
            if said.pictures != (poster,) and not excused:
                self._world.violate("the message shows the poster", f"{job.id}: {said.pictures}")

    def _excuses(self, row: Notification) -> bool:
        """Tell whether there was no way to post it."""
        job = self.rows.get(row.job_id or "")
        # A backup may not know the parts of a set, or not that they were confirmed.
        is_untold_set = row.kind is NotificationKind.SET and (
            job is None or job.user == GUEST or job.stage in NOT_REQUESTED
        )
        # Some clips cannot be joined, and the file of one may have been deleted.
        is_no_film = row.kind is NotificationKind.STITCHED and row.problem is not None
        if row.id in self._killers or is_untold_set or is_no_film:
            return True
        if row.kind is NotificationKind.RESENT:
            # What their thread does not take is brought to the person.
            return job is None or job.user in self.slack.gone_people
        if row.kind is NotificationKind.FOLLOWED:
            # A link stands in the place of files that Slack refuses for good.
            has_links = job is not None and job.delivery.link_only and row.problem is not None
            return job is None or has_links or job.user in self.slack.gone_people
        if row.kind in APPROVAL_KINDS and (job is None or row.problem == DECIDED):
            # A backup may not know its request; what was decided is not asked about.
            return True
        if row.channel in self.slack.gone_people:
            return True
        place = self.slack.channels.get(row.channel, Channel())
        disturbed = row.channel in self.slack.disturbed or (place.private and not place.member)
        theirs = job is not None and self.slack.channels[job.channel].private
        return (theirs and row.problem == NOT_THEIRS) or (disturbed and row.problem is not None)

    def _check_heard(self, row: Job) -> None:
        """Check that every channel that listens was told of a video."""
        if row.outcome is Outcome.SUCCEEDED:
            for channel in self.subscribed:
                if channel == row.channel:
                    continue
                if (
                    notification_id(NotificationKind.FINISHED, channel, row.id)
                    not in self.notifications
                ):
                    self._world.violate("who listens is told", f"{channel} of {row.id}")

    def _check_delivered(self, row: Job) -> None:
        results = [said for said in self.slack.posts if said.ts == row.delivery.ts]
        if row.deleted_at is not None:
            self._check_deleted(row)
        elif not results or results[0].taken_back:
            self._world.violate("a delivered job was told", row.id)
        if not self._charges(row.id):
            self._world.violate("a delivered job was charged once", row.id)
        is_shown = row.outcome is Outcome.SUCCEEDED and row.outputs[0].media is Media.VIDEO
        has_row = poster_row(row, 0.0).id in self.notifications
        if is_shown and are_posters_made(self._world.seed) and not has_row:
            self._world.violate("a poster has a row", row.id)
        followed = notification_id(NotificationKind.FOLLOWED, row.channel, row.id)
        if follows_later(row) and followed not in self.notifications:
            self._world.violate("what can follow a link has a row", row.id)
        cost = self._costs_read.get(row.id)
        if row.cost_shown != cost:
            detail = f"{row.id}: told {row.cost_shown}, MindVideo said {cost}"
            self._world.violate("the last amount heard is told", detail)
        for said in self.slack.live(row.id, is_result=True):
            stands = said.ts == row.delivery.ts and said.place.channel not in self.slack.disturbed
            if cost is not None and stands and not _tells(said, cost):
                self._world.violate("the result tells the last amount", f"{row.id}: {said.text}")

    def _check_parked(self, row: Job) -> None:
        self._check_told(row)
        heard = {one.channel for one in self.notifications.values() if _tells_parking(one, row)}
        if not heard.issuperset(self.subscribed):
            self._world.violate("operators hear of a parked job", row.id)
        excused = {
            Stage.ANNOUNCED: self._submit_is_too_old(row),
            Stage.RENDERING: self.video.excuses_parking(row.id),
            Stage.FINISHED: row.user in self.slack.gone_people,
        }
        is_blamed = row.id in self._killers and row.problem == CRASHED
        if not is_blamed and not excused.get(row.parked_from or row.stage, False):
            detail = f"{row.id} from {row.parked_from}: {row.problem}"
            self._world.violate("parked only with a reason", detail)

    def _submit_is_too_old(self, row: Job) -> bool:
        return self._world.now() - (row.posted_at or inf) > KEY_LIFETIME_SECONDS

    def _check_told(self, row: Job) -> None:
        if row.user in self.slack.gone_people or row.id in self._killers:
            return
        is_shown = row.message_ts or row.is_later_of_repeat
        if row.cancel_requested_by == row.user and is_shown and row.stage is Stage.REJECTED:
            # The answer told it, and the job's message does.
            return
        said = [one for one in self.slack.posts if one.job_id == row.id and one.is_result]
        if (row.starts_at is not None and said) or self._is_told_of_set(row):
            return
        since = self._stopped_at[row.id]
        if not any(job == row.id and age >= since for job, _, age in self.slack.ephemerals):
            self._world.violate(f"who has a {row.stage} job is told", row.id)

    def _is_told_of_set(self, row: Job) -> bool:
        """Return whether the set's message tells of a part without one, or another such part."""
        if row.set_id is None or row.message_ts or row.stage is not Stage.REJECTED:
            return False
        before = [part for part in self.set_of(row) if (part.part or 0) < (row.part or 0)]
        return is_cancelled(row) or any(part.cancel_requested_at is None for part in before)

    def _charges(self, job_id: str) -> list[Charge]:
        return [charge for charge in self.video.charges if charge.job_id == job_id]

    def _at_most_one(self, what: str, whose: str, found: Sequence[object]) -> None:
        if len(found) > 1:
            self._world.violate(f"{what} ≤ 1", f"{whose}: {found}")


def _tells_parking(told: Notification, row: Job) -> bool:
    return told.kind is NotificationKind.PARKED and told.job_id == row.id


def _tells(said: PostedMessage, cost: Decimal) -> bool:
    return FREE in said.text if not cost else cost in told_amounts(said.text)


def told_amounts(text: str) -> Iterable[Decimal]:
    """Return the amounts that a text says were billed."""
    return [Decimal(figure) for figure in BILLED.findall(text)]
