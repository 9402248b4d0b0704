"""People: they ask, see an error and ask again, cancel, and rearrange their workspace."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from bot.base.errors import BotError, UsageError
from bot.jobs.accept import (
    Acceptance,
    Accepted,
    AskContext,
    Asked,
    Asking,
    Interaction,
    Refused,
    SetAccepted,
    SetAsked,
    accept,
    accept_set,
)
from bot.jobs.actions import (
    ActionName,
    ActionOutcome,
    ActionRequest,
    BringAnswered,
    CancelAnswered,
    DeleteAnswered,
    FeedbackAnswered,
    QuestionExpired,
    ResendAnswered,
    SetCancelAnswered,
    ShareAnswered,
    StitchAnswered,
    perform,
)
from bot.jobs.approvals import decide
from bot.jobs.services import Services
from bot.jobs.verdict import Verdict
from bot.listeners.payloads import MessagePayload
from bot.options.parser import TypedText, read_text
from bot.options.request import RenderRequest
from storage.feedback import Feedback
from storage.job import (
    QUESTION_SECONDS,
    REQUESTED,
    IllegalTransitionError,
    Instant,
    Job,
    Json,
    QuestionKind,
    Repeat,
    RepeatEvery,
    ReplyTo,
    Stage,
)
from storage.notification import NotificationKind, notification_id
from storage.store import StoreError
from tests.simulation.admins import Admins
from tests.simulation.approvals import Press, draw_presses
from tests.simulation.feedback import FeedbackBook, Thumb, are_thumbs_pressed, draw_thumbs
from tests.simulation.films import are_chains_made
from tests.simulation.invariants import Invariants
from tests.simulation.names import GUEST, PARTNER, PEOPLE, PROJECT, TEAM
from tests.simulation.plans import Plan, draw_plans, wall_time
from tests.simulation.process import Process
from tests.simulation.sets import requests_of
from tests.simulation.video import REFUSED_WORD
from tests.simulation.workspace import Channel
from tests.simulation.world import World

CHANNELS = ("C1", "C2")
"""Shared with a partner's workspace."""
MENTION = "mention"
# How many ask in their direct conversation with the bot, in a world with budgets.
DIRECT = 0.3
# Slack waits so long for an acknowledgement, then shows the person an error.
PATIENCE_SECONDS = 3.0
DAY = 24 * 3600.0
DAY_AND_A_HALF = 1.5 * DAY
DELETING = 2
"""In one of seven worlds people delete results."""
CONTINUED_UNTIL_SECONDS = 2400.0
"""The age of the world after which no video is gone on from: a question has an hour's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where people reach a bot that runs."""

    process: Process
    services: Services


def are_results_deleted(world: World) -> bool:
    """Tell whether people delete results: it must not change what else chance decides.

    A backup may not know what was deleted since, and brings that again.
    """
    return world.seed % 7 == DELETING and not world.is_restored


class People:
    """Everybody in the workspace. `door` is `None` while the bot is down."""

    def __init__(self, world: World, invariants: Invariants) -> None:
        self.door: Door | None = None
        self._world = world
        self._invariants = invariants
        self._slack = invariants.slack
        self._lives: list[asyncio.Task[None]] = []
        self._asks = 0
        self._feedback = FeedbackBook(world)
        self._admins: Admins | None = None
        if world.budgets is not None and invariants.books is not None:
            self._admins = Admins(world, invariants, world.budgets, invariants.books, self._visit)
        for channel in CHANNELS:
            self._slack.channels[channel] = Channel(private=world.odds(0.3), member=world.odds(0.8))
        self._slack.channels["CNEWS"] = Channel()
        self._slack.takes_a_file_twice = world.odds(0.5)
        self._slack.orphans_allowed = world.odds(0.5)

    def begin(self) -> None:
        """Let everybody do what they will do."""
        world = self._world
        for number in range(world.chance.choice((1, 1, 1, 2, 2, 4))):
            self._live(self._want_video(number))
        if world.budgets is not None:
            for number, at in enumerate(world.budgets.asks):
                self._live(self._want_video(100 + number, at))
        for number, plan in enumerate(draw_plans(world.seed)):
            self._live(self._plan_video(200 + number, plan))
        if world.set_at is not None:
            self._live(self._want_set(world.set_at))
        for life in () if self._admins is None else self._admins.lives():
            self._live(life)
        # A backup may know less than what was deleted since: nothing can be found again then.
        if world.odds(0.25) and not world.is_restored:
            self._live(self._rearrange())
        if world.odds(0.6):
            self._live(self._resume_jobs())

    @property
    def are_done(self) -> bool:
        """Whether nobody will do anything more. Raises what went wrong with them."""
        return all(life.done() and life.result() is None for life in self._lives)

    async def close_the_books(self) -> bool:
        """Settle what is not as MindVideo's bill says; return whether nothing is left to do."""
        if not self._feedback.is_checked:
            await self._visit(0.0, self._feedback.check)
            return False
        if self._admins is None:
            return True
        if not self._admins.have_closed_the_books:
            await self._visit(0.0, self._admins.close_the_books)
            return False
        await self._visit(0.0, self._admins.see_all_budgets)
        return True

    async def _visit(
        self, delay: float, act: Callable[[Services], Coroutine[object, object, None]]
    ) -> None:
        """Have the bot do something after a while, if it is up then."""
        await self._world.sleep(delay)
        if self.door is not None:
            self.door.process.spawn(act(self.door.services))

    def _live(self, life: Coroutine[object, object, None]) -> None:
        self._lives.append(self._world.live(life))

    async def _want_video(self, number: int, at: float | None = None) -> None:
        """Ask for a video, at some time or, as others do, at one instant."""
        world = self._world
        await world.sleep(world.between(0, 90) if at is None else at)
        word = f" {REFUSED_WORD}" if world.odds(0.05) else ""
        wanted: dict[str, Json] = {"prompt": f"scene {number}{word}"}
        if world.odds(0.3):
            wanted["duration"] = world.chance.choice((3, 10))
        request = RenderRequest(
            model="kling-v3", input=wanted, kind="kling-v3", project=self._project()
        )
        surface = MENTION if world.odds(0.3) else "command"
        interaction = self._interaction(surface)
        if world.odds(0.15):
            # The same ask at the same instant, in another request: a second press of a button.
            second = replace(interaction, dedup_key=self._new_key(surface, interaction.channel))
            self._live(self._deliver_again(0.0, request, second))
        for _ in range(4):
            answer = await self._deliver(request, interaction)
            if isinstance(answer, Accepted):
                await self._go_on(answer.job)
                return
            if isinstance(answer, Asked):
                await self._answer(answer.job)
                return
            if isinstance(answer, Refused):
                await self._ask_approver(answer)
                return
            # Most people whose ask went wrong type it again.
            await world.sleep(world.between(1, 100))
            key = self._new_key(surface, interaction.channel)
            interaction = replace(interaction, dedup_key=key)

    async def _plan_video(self, number: int, plan: Plan) -> None:
        """Ask for a video at a later time, and leave it or cancel it."""
        world = self._world
        await world.sleep(plan.asked_after)
        at = wall_time(world.now() + 60 * plan.minutes)
        request = RenderRequest(
            model="kling-v3",
            input={"prompt": f"plan {number}"},
            kind="kling-v3",
            at=at,
            every=RepeatEvery.DAY if plan.days else None,
        )
        for _ in range(4):
            answer = await self._deliver(request, self._interaction("command"))
            if isinstance(answer, Accepted):
                world.count("planned")
                await self._await_start(answer.job, plan)
                return
            if isinstance(answer, Asked):
                await self._answer(answer.job)
                await self._end_repeat(answer.job, plan)
                return
            await world.sleep(world.between(1, 20))

    async def _end_repeat(self, job: Job, plan: Plan) -> None:
        """Cancel what follows in a repeat after some days, again and again until all has ended."""
        if job.repeat is None:
            return
        await self._world.sleep(plan.days * DAY)
        while planned := self._planned_of(job.repeat):
            for row in planned:
                await self._inside(0.0, self._cancel, row)
            await self._world.sleep(600.0)

    def _planned_of(self, repeat: Repeat) -> list[Job]:
        """Return the jobs of a repeat whose time has not come."""
        return [
            row
            for row in self._invariants.rows.values()
            if row.repeat == repeat and row.stage is Stage.PLANNED
        ]

    async def _await_start(self, job: Job, plan: Plan) -> None:
        """Cancel a planned job, or wait until it has started; an approver may be asked then."""
        world = self._world
        if plan.cancelled_after is not None:
            await self._inside(plan.cancelled_after, self._cancel, job)
        await world.sleep(max(0.0, (job.starts_at or 0.0) + 60 - world.now()))
        row = self._invariants.rows.get(job.id)
        if row is not None and row.stage is Stage.WAITING:
            await self._wait_for_approval(row)

    def _project(self) -> str | None:
        budgets = self._world.budgets
        return PROJECT if budgets is not None and budgets.chance.random() < 0.3 else None

    async def _want_set(self, at: float) -> None:
        """Ask for several videos at once, all or none; twice with the same click, sometimes."""
        chance = random.Random(f"set {self._world.seed}")
        await self._world.sleep(at)
        interaction, size = self._interaction("command"), chance.choice((2, 3))
        prompts = [f"part {chance.randint(1, 2)}" for _ in range(size)]
        self._invariants.sets.ask(interaction.dedup_key, size)
        if self._invariants.books is not None:
            self._invariants.books.ask_set(interaction.dedup_key, size)
        for pause in chance.choice(((0.0,), (0.0, 0.0), (0.0, 30.0))):
            await self._visit(pause, partial(self._ask_set, interaction, prompts, chance))

    async def _ask_set(
        self,
        interaction: Interaction,
        prompts: Sequence[str],
        chance: random.Random,
        services: Services,
    ) -> None:
        """Have a set accepted; go on with it once, whichever delivery was heard first."""
        with suppress(StoreError):
            made = await accept_set(requests_of(prompts), "{a|b}", interaction, services)
            self._world.count(f"set: {type(made).__name__}")
            match made:
                case SetAccepted(parts=parts):
                    for part in parts:
                        self._invariants.acknowledge(part.dedup_key, part)
                    self._live(self._go_on_with_set(parts, chance))
                case SetAsked(parts=parts):
                    for part in parts:
                        self._invariants.ask(part.dedup_key, part)
                    services.wake()
                    self._live(self._answer(parts[0]))

    async def _go_on_with_set(self, parts: Sequence[Job], chance: random.Random) -> None:
        """Cancel all of a set, or do with each part what people do with a job."""
        if chance.random() < 0.4:
            delay = chance.choice((0.0, 0.5, 2.0, 10.0, 60.0))
            await self._inside(delay, self._cancel_set, parts[-1])
            return
        for part in parts:
            self._live(self._go_on(part))

    async def _cancel_set(self, door: Door, part: Job) -> None:
        door.process.point("before a cancel")
        match await self._act(door, ActionName.CANCEL_SET, part):
            case SetCancelAnswered(parts=verdicts):
                for verdict, those in verdicts.items():
                    self._world.count(f"set cancelled: {verdict} {len(those)}")
                for free in verdicts.get(Verdict.FREE, ()):
                    self._invariants.promise_free(free.id)

    def _interaction(self, surface: str) -> Interaction:
        chance = self._world.chance
        channel = chance.choice(CHANNELS)
        user = GUEST if self._world.odds(0.05) else chance.choice(PEOPLE)
        budgets = self._world.budgets
        if budgets is not None and budgets.chance.random() < DIRECT:
            channel = f"D{user}"
            self._slack.channels.setdefault(channel, Channel(private=True))
        return Interaction(
            team=TEAM,
            channel=channel,
            user=user,
            surface=surface,
            dedup_key=self._new_key(surface, channel),
            reply_to=ReplyTo(
                thread_ts=chance.choice((None, None, None, "1700000000.000100")),
                response_url=chance.choice((None, "https://hooks.example/1")),
            ),
        )

    def _new_key(self, surface: str = "button", channel: str = "") -> str:
        """Return the key of another ask; that of a mention is made of the message's place."""
        self._asks += 1
        if surface == MENTION:
            return f"message:{TEAM}:{channel}:{self._world.now():.0f}.{self._asks:06}"
        return f"ask{self._asks}"

    def _as_delivered(self, interaction: Interaction) -> Interaction:
        """Return an ask as the bot reads it from this delivery: either workspace's may bring it."""
        if interaction.surface != MENTION:
            return interaction
        payload = MessagePayload.model_validate(
            {
                "team_id": self._world.chance.choice((TEAM, PARTNER)),
                "authorizations": [{"team_id": TEAM}],
                "event": {
                    "ts": interaction.dedup_key.rpartition(":")[2],
                    "channel": interaction.channel,
                    "user": interaction.user,
                },
            }
        )
        return payload.interaction(interaction.user, in_thread_of_job=False)

    async def _deliver(self, request: RenderRequest, interaction: Interaction) -> Acceptance | None:
        """Deliver an ask as Slack does: perhaps twice, at once or later, in whatever order."""
        world = self._world
        while world.happens("ask delivered again"):
            delay = world.chance.choice((0.0, 0.01, 1.0, 20.0, 300.0))
            self._live(self._deliver_again(delay, request, interaction))
        talk = Asking(kind=QuestionKind.SMALL_TALK, about="Hello!") if world.odds(0.1) else None
        return await self._hand_over(request, interaction, talk)

    async def _deliver_again(
        self, delay: float, request: RenderRequest, interaction: Interaction
    ) -> None:
        await self._world.sleep(delay)
        await self._hand_over(request, interaction, None)

    async def _hand_over(
        self, request: RenderRequest, interaction: Interaction, question: Asking | None
    ) -> Acceptance | None:
        """Bring an ask to the bot; return its answer, or `None` if the person sees an error."""
        if self.door is None:
            return None
        reply: asyncio.Future[Acceptance | None] = asyncio.get_running_loop().create_future()
        self.door.process.spawn(self._listen(self.door, request, interaction, reply, question))
        await asyncio.wait((reply,), timeout=PATIENCE_SECONDS)
        if not reply.done():
            return None
        answer = reply.result()
        match answer:
            case Accepted(job=job):
                self._world.note(f"acknowledged {interaction.dedup_key}: {job.id}")
                self._invariants.acknowledge(interaction.dedup_key, job)
            case Refused() if interaction.dedup_key in self._invariants.acknowledged:
                self._world.violate("a repeated delivery finds its row", interaction.dedup_key)
            case Asked(job=job) if self._is_another(interaction.dedup_key, job):
                self._world.violate("a repeated delivery finds its row", interaction.dedup_key)
            case Refused(reasons=reasons):
                self._world.count(f"refused: {type(reasons[0]).__name__}")
            case Asked(job=job):
                self._world.note(f"asked about {interaction.dedup_key}: {job.id}")
                self._invariants.ask(interaction.dedup_key, job)
        return answer

    def _is_another(self, dedup_key: str, job: Job) -> bool:
        """Return whether an ask was taken as another job; one may be confirmed meanwhile."""
        return self._invariants.acknowledged.get(dedup_key, job.id) != job.id

    async def _listen(
        self,
        door: Door,
        request: RenderRequest,
        interaction: Interaction,
        reply: asyncio.Future[Acceptance | None],
        question: Asking | None,
    ) -> None:
        """What a listener does, inside the bot's process."""
        door.process.point("before an ask")
        try:
            delivered = self._as_delivered(interaction)
            context = AskContext(question=question)
            answer = await accept(request, delivered, door.services, context)
        except (StoreError, BotError):
            # What is planned needs to know where its asker is, and a time that is not over.
            reply.set_result(None)
            return
        if isinstance(answer, Asked):
            # The clock of a running bot ticks in any case; here it skips to what it knows is due.
            door.services.wake()
        door.process.point("before an acknowledgement")
        reply.set_result(answer)

    async def _answer(self, job: Job) -> None:
        """Confirm what the bot asked about, in time or too late, once or twice; or leave it."""
        world = self._world
        if job.question is not None and job.question.is_for_approvers:
            await self._wait_for_approval(job)
            return
        if world.odds(0.4):
            return
        delay = world.chance.choice((1.0, 20.0, 600.0, QUESTION_SECONDS - 1, QUESTION_SECONDS + 1))
        for pause in (delay, 0.0) if world.odds(0.3) else (delay,):
            await self._inside(pause, self._confirm, job)
        await world.sleep(5.0)
        row = self._invariants.rows.get(job.id)
        if row is not None and row.stage in REQUESTED:
            for part in self._invariants.set_of(row):
                await self._go_on(part)

    async def _confirm(self, door: Door, job: Job) -> None:
        for part in self._invariants.set_of(job):
            self._invariants.confirm(part.id)
        match await self._act(door, ActionName.CONFIRM, job):
            case Accepted(job=row):
                self._world.count("question confirmed")
                for part in self._invariants.set_of(row):
                    self._invariants.acknowledge(part.dedup_key, part)
            case Asked(job=row):
                self._live(self._wait_for_approval(row))
            case Refused():
                self._world.count("confirmation refused")
            case QuestionExpired():
                self._world.count("question expired")

    async def _ask_approver(self, refused: Refused) -> None:
        """Have an approver asked about what caps refuse, or leave it."""
        budgets = self._world.budgets
        if refused.waiting is None or budgets is None or budgets.chance.random() < 0.3:
            return
        await self._inside(budgets.chance.uniform(1, 60), self._press_ask, refused.waiting)

    async def _press_ask(self, door: Door, job: Job) -> None:
        self._invariants.confirm(job.id)
        match await self._act(door, ActionName.ASK_APPROVER, job):
            case Asked(job=row):
                self._world.count("approver asked beyond a cap")
                self._live(self._wait_for_approval(row))

    async def _wait_for_approval(self, job: Job) -> None:
        """Let approvers, and others, press the buttons of the card, in time or not."""
        budgets = self._world.budgets
        if budgets is None:
            return
        for press in draw_presses(budgets.chance, job.user):
            await self._inside(press.delay, partial(self._press, press), job)
        await self._world.sleep(5.0)
        row = self._invariants.rows.get(job.id)
        if row is not None and row.stage in REQUESTED:
            await self._go_on(row)

    async def _press(self, press: Press, door: Door, job: Job) -> None:
        self._invariants.confirm(job.id)
        self._invariants.approvals.press(job.id, press.by, press.answer)
        interaction = self._click(job, press.by)
        with suppress(StoreError, BotError):
            made = await decide(job.id, press.answer, interaction, door.services, "no")
            self._world.count(f"approval: {type(made).__name__}")

    async def _go_on(self, job: Job) -> None:
        """Do, or leave, what people do with a job of theirs."""
        chance = self._world.chance
        if are_results_deleted(self._world):
            self._live(self._delete_some_day(job))
        if are_thumbs_pressed(self._world):
            self._live(self._rate_some_day(job))
        if are_chains_made(self._world):
            self._live(self._continue_some_day(job))
        if self._world.odds(0.3):
            await self._inside(chance.choice((0.0, 0.5, 2.0, 10.0)), self._cancel, job)
        elif self._world.odds(0.15):
            await self._inside(self._world.between(0, 100), self._give_up, job)
        elif self._world.odds(0.35):
            for act in chance.choice(
                ((self._resend,), (self._share,), (self._share, self._resend))
            ):
                await self._inside(self._world.between(50, 700), act, job)

    async def _delete_some_day(self, job: Job) -> None:
        """Delete a result, at odd moments and more than once, while other acts go on beside it."""
        chance = random.Random(f"delete {self._world.seed} {job.id}")
        await self._world.sleep(chance.uniform(30, 700))
        for _ in range(chance.choice((1, 2, 4))):
            for act in chance.choice(((), (), (self._resend,), (self._share, self._resend))):
                self._live(self._inside(chance.choice((0.0, 0.2, 2.0, 20.0)), act, job))
            await self._inside(chance.choice((0.0, 0.3, 3.0, 15.0)), self._delete, job)
            await self._world.sleep(chance.choice((1.0, 30.0, 400.0)))

    async def _delete(self, door: Door, job: Job) -> None:
        door.process.point("before a deletion")
        match await self._act(door, ActionName.DELETE, job):
            case DeleteAnswered(is_new=is_new):
                self._world.count("result deleted" if is_new else "result deleted again")

    async def _rate_some_day(self, job: Job) -> None:
        """Press thumbs under a result, to and fro, while other acts go on beside it."""
        for thumb in draw_thumbs(self._world, job.id):
            await self._world.sleep(thumb.pause)
            act = partial(self._rate, thumb, self._world.now())
            for delay in thumb.delays:
                self._live(self._inside(delay, act, job))

    async def _rate(self, thumb: Thumb, at: float, door: Door, job: Job) -> None:
        door.process.point("before a thumb")
        feedback = Feedback(by=thumb.by, is_good=thumb.is_good, at=at)
        self._feedback.press(job.id, feedback)
        interaction = self._click(job, thumb.by, sent_at=at)
        request = ActionRequest(job=self._invariants.rows.get(job.id, job), interaction=interaction)
        name = ActionName.RATE_GOOD if thumb.is_good else ActionName.RATE_BAD
        with suppress(StoreError, UsageError):
            match await perform(name, request, door.services):
                case FeedbackAnswered(is_good=is_good):
                    self._feedback.hear(job.id, feedback, is_good=is_good)

    async def _continue_some_day(self, job: Job) -> None:
        """Go on from a video once or twice, by a click that is delivered twice, and join it."""
        chance = random.Random(f"continue {self._world.seed} {job.id}")
        for _ in range(chance.choice((1, 2, 3))):
            await self._world.sleep(chance.uniform(60, 700))
            moment = chance.choice((None, None, 1.0))
            if self._world.age < CONTINUED_UNTIL_SECONDS:
                await self._inside(0.0, partial(self._continue, moment), job)

    async def _continue(self, moment: float | None, door: Door, job: Job) -> None:
        key, words = self._new_key(), read_text(f"then {self._asks}")
        for _ in range(2):
            match await self._act(
                door, ActionName.CONTINUE, job, key, changes=words, moment=moment
            ):
                case Accepted(job=made, is_new=True):
                    self._world.count("video continued")
                    self._invariants.acknowledge(key, made)
                    self._live(self._join_some_day(made))
                    self._live(self._go_on(made))
                case Asked(job=made):
                    self._invariants.ask(key, made)

    async def _join_some_day(self, job: Job) -> None:
        chance = random.Random(f"join {self._world.seed} {job.id}")
        for pause in chance.choice(((300.0,), (60.0, 400.0), (500.0, 0.0))):
            await self._inside(pause, self._join, job)

    async def _join(self, door: Door, job: Job) -> None:
        """Join the clips up to a video, and press the button again."""
        for _ in range(2):
            match await self._act(door, ActionName.STITCH, job):
                case StitchAnswered():
                    film = notification_id(NotificationKind.STITCHED, job.channel, job.id)
                    self._invariants.promise_notification(film)

    async def _inside(
        self, delay: float, act: Callable[[Door, Job], Coroutine[object, object, None]], job: Job
    ) -> None:
        """Have the bot do something about a job after a while, if it is up then."""
        await self._world.sleep(delay)
        if self.door is not None:
            self.door.process.spawn(act(self.door, job))

    async def _cancel(self, door: Door, job: Job) -> None:
        door.process.point("before a cancel")
        match await self._act(door, ActionName.CANCEL, job):
            case CancelAnswered(verdict=Verdict.FREE):
                self._invariants.promise_free(job.id)

    async def _give_up(self, door: Door, job: Job) -> None:
        await self._act(door, ActionName.GIVE_UP, job)
        if self._world.odds(0.5):
            self._live(self._inside(self._world.between(5, 900), self._bring, job))

    async def _bring(self, door: Door, job: Job) -> None:
        """Have a render brought that was given up, and press the button again."""
        for _ in range(2):
            match await self._act(door, ActionName.BRING, job):
                case BringAnswered():
                    brought = notification_id(NotificationKind.FOLLOWED, job.channel, job.id)
                    self._invariants.promise_notification(brought)

    async def _share(self, door: Door, job: Job) -> None:
        """Share a result, and press the button again."""
        for _ in range(2):
            match await self._act(door, ActionName.SHARE, job):
                case ShareAnswered():
                    shared = notification_id(NotificationKind.SHARED, job.channel, job.id)
                    self._invariants.promise_notification(shared)

    async def _resend(self, door: Door, job: Job) -> None:
        """Have the files sent again, by a click that is delivered twice."""
        key = self._new_key()
        for _ in range(2):
            match await self._act(door, ActionName.RESEND, job, key):
                case ResendAnswered():
                    resent = notification_id(NotificationKind.RESENT, job.id, key)
                    self._invariants.promise_notification(resent)

    def _click(
        self, job: Job, by: str, dedup_key: str | None = None, *, sent_at: float | None = None
    ) -> Interaction:
        """Return a click on a button under a job's messages; by default it is a new one."""
        return Interaction(
            team=job.team,
            channel=job.channel,
            user=by,
            surface="button",
            dedup_key=dedup_key or self._new_key(),
            reply_to=ReplyTo(),
            sent_at=sent_at,
        )

    async def _act(
        self,
        door: Door,
        name: ActionName,
        job: Job,
        dedup_key: str | None = None,
        *,
        changes: TypedText | None = None,
        moment: float | None = None,
    ) -> ActionOutcome | None:
        """Do something with a job, as its asker; `None`: there was nothing to do it with."""
        known = self._invariants.rows.get(job.id, job)
        interaction = self._click(job, job.user, dedup_key)
        request = ActionRequest(job=known, interaction=interaction, changes=changes, moment=moment)
        with suppress(StoreError, UsageError):
            return await perform(name, request, door.services)
        return None

    async def _resume_jobs(self) -> None:
        """Resume what is parked, now and then, and once more when keys are too old for it."""
        world = self._world
        pauses = [world.between(300, 4000) for _ in range(4)]
        for pause in [*pauses, DAY_AND_A_HALF] if world.is_long else pauses:
            await world.sleep(pause)
            if self.door is not None:
                self.door.process.spawn(self._resume_parked(self.door))

    async def _resume_parked(self, door: Door) -> None:
        parked = [row for row in self._invariants.rows.values() if row.stage is Stage.PARKED]
        for row in parked:
            with suppress(StoreError, IllegalTransitionError):
                task_id, seen_at = self._shown_of(row)
                await door.services.store.jobs.resume(row.id, door.services.now(), task_id, seen_at)
                door.services.wake()
                self._invariants.resumed_at[row.id] = self._world.age
                self._world.count("operator resumes a job")

    def _shown_of(self, row: Job) -> tuple[str | None, Instant | None]:
        """Return the task that MindVideo's page shows for a job, or when it was seen to be none."""
        world, tasks = self._world, self._invariants.video.tasks.values()
        if row.parked_from is not Stage.ANNOUNCED or world.odds(0.3):
            return None, None
        shown = [task.id for task in tasks if task.job_id == row.id]
        world.count("operator names a task" if shown else "operator has it sent again")
        return (shown[0], None) if shown else (None, world.now())

    async def _rearrange(self) -> None:
        """Archive, remove, invite and delete, while faults happen."""
        world = self._world
        for _ in range(world.chance.randint(1, 5)):
            await world.sleep(world.chance.expovariate(1 / 60))
            if not world.faulty:
                return
            self._disturb(world.chance.choice(CHANNELS))

    def _disturb(self, name: str) -> None:
        world, slack, channel = self._world, self._slack, self._slack.channels[name]
        match world.chance.choice(("archive", "remove", "message", "message", "file", "leave")):
            case "archive":
                world.count("people: channel archived or back")
                slack.disturbed.add(name)
                channel.archived = not channel.archived
            case "remove":
                world.count("people: bot removed or invited")
                slack.disturbed.add(name)
                channel.member = not channel.member
            case "message":
                standing = [said for said in slack.posts if not said.deleted]
                if standing:
                    world.count("people: message deleted")
                    slack.delete(world.chance.choice(standing))
            case "file":
                present = [key for key, file in slack.files.items() if not file.deleted]
                if present:
                    world.count("people: file deleted")
                    slack.delete_file(world.chance.choice(present), by_bot=False)
            case _:
                if world.odds(0.3):
                    world.count("people: somebody leaves")
                    slack.gone_people.add(world.chance.choice(PEOPLE))
