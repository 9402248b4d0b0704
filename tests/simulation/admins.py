"""Who is in charge of budgets: they raise, stop, go on, settle, and look at what is left."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TypeAlias

from bot.base.errors import BotError
from bot.jobs.accept import Interaction
from bot.jobs.budget_change import (
    AddRaise,
    BudgetChange,
    Changed,
    EndRaises,
    GoOn,
    SetCap,
    StopNew,
    Target,
)
from bot.jobs.budget_changes import change_budget
from bot.jobs.budget_view import load_budget
from bot.jobs.services import Services
from bot.money.amounts import TypedAmount
from storage.budget import OPERATOR, ScopeKind, Settlement, Window
from storage.job import IllegalTransitionError, Job, ReplyTo, Stage
from storage.store import StoreError
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.invariants import Invariants
from tests.simulation.money import IN_CHARGE, LIMITS, Budgets
from tests.simulation.names import PEOPLE, TEAM
from tests.simulation.rulebook import Decision, Place
from tests.simulation.world import World

Act: TypeAlias = "Callable[[Services], Coroutine[object, object, None]]"
Visit: TypeAlias = "Callable[[float, Act], Coroutine[object, object, None]]"
"""Has the bot do something after a while, if it is up then."""

MODEL = "kling-v3"
_NEARLY = (-30.0, -5.0, -0.5, 0.0, 5.0)
_STOPPABLE = (
    Target(kind=ScopeKind.CHANNEL, name="C1"),
    Target(kind=ScopeKind.CHANNEL, name="C2"),
    Target(kind=ScopeKind.WORKSPACE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What somebody decides, and at which age of the world."""

    at: float
    change: BudgetChange
    by: str


class Admins:
    """Everybody who decides about money in one world, and what they will do."""

    def __init__(
        self,
        world: World,
        invariants: Invariants,
        budgets: Budgets,
        books: Bookkeeper,
        visit: Visit,
    ) -> None:
        self._world = world
        self._invariants = invariants
        self._budgets = budgets
        self._books = books
        self._visit = visit
        self._chance = random.Random(f"admins {world.seed}")

    def lives(self) -> list[Coroutine[object, object, None]]:
        """Return what they all will do."""
        lives = [self._decide(number, plan) for number, plan in enumerate(self._plans())]
        if self._chance.random() < 0.4:
            lives.append(self._settle_some())
        lives.append(self._see_budgets())
        return lives

    def _plans(self) -> list[_Planned]:
        chance = self._chance
        plans: list[_Planned] = []
        for _ in range(chance.choice((0, 0, 1, 2, 3))):
            at = self._moment()
            match chance.choice(("raise", "raise", "stop", "set", "intrude")):
                case "stop":
                    target = chance.choice(_STOPPABLE)
                    plans.append(_Planned(at=at, change=StopNew(target=target), by=IN_CHARGE[0]))
                    if chance.random() < 0.8:
                        later = at + chance.uniform(10, 300)
                        change = GoOn(target=target)
                        plans.append(_Planned(at=later, change=change, by=IN_CHARGE[0]))
                case "set" if self._budgets.caps:
                    plans.append(_Planned(at=at, change=self._new_cap(), by=IN_CHARGE[0]))
                case "intrude" if self._budgets.caps:
                    plans.append(_Planned(at=at, change=self._new_cap(), by=PEOPLE[0]))
                case "raise" if self._budgets.caps and not self._invariants.video.clock_errs:
                    plans += self._raise(at)
        return plans

    def _moment(self) -> float:
        """Return some age of the world, often close to where windows turn, or where people ask."""
        busy = [*self._budgets.asks, self._budgets.midnight_at, self._budgets.set_at, 0.0, 30.0]
        known = [at for at in busy if at is not None]
        if self._chance.random() < 0.7:
            return max(self._chance.choice(known) + self._chance.choice(_NEARLY), 0.0)
        return self._chance.uniform(0, 500)

    def _new_cap(self) -> SetCap:
        cap = self._chance.choice(self._budgets.caps)
        return SetCap(
            target=Target(kind=cap.scope.kind, name=cap.scope.name),
            amount=TypedAmount(figure=Decimal(self._chance.choice(LIMITS))),
            window=self._chance.choice((cap.window, Window.DAY)),
            is_hard=self._chance.random() < 0.85,
        )

    def _raise(self, at: float) -> list[_Planned]:
        chance, scope = self._chance, self._chance.choice(self._budgets.caps).scope
        target = Target(kind=scope.kind, name=scope.name)
        if scope.kind is ScopeKind.EVERYONE and chance.random() < 0.5:
            target = Target(kind=ScopeKind.PERSON, name=PEOPLE[0])
        today = self._budgets.calendar.day_at(self._budgets.epoch + at)
        until = chance.choice((Window.DAY, today, today + timedelta(days=1)))
        amount = TypedAmount(figure=Decimal(chance.choice((1, 5, 20))))
        change = AddRaise(target=target, amount=amount, until=until, because="launch")
        plans = [_Planned(at=at, change=change, by=IN_CHARGE[0])]
        if chance.random() < 0.3:
            later, end = at + chance.uniform(5, 200), EndRaises(target=target)
            plans.append(_Planned(at=later, change=end, by=IN_CHARGE[0]))
        return plans

    async def _decide(self, number: int, plan: _Planned) -> None:
        """Decide, and press once more sometimes: the same click delivered again."""
        decision = Decision(
            key=f"decision{number}", change=plan.change, by=plan.by, may=plan.by in IN_CHARGE
        )
        self._books.ask(decision)
        pauses = [plan.at, self._chance.choice((0.0, 1.0, 60.0))]
        for pause in pauses if self._chance.random() < 0.3 else pauses[:1]:
            await self._visit(pause, partial(self._change, decision))

    async def _change(self, decision: Decision, services: Services) -> None:
        interaction = Interaction(
            team=TEAM,
            channel="C1",
            user=decision.by,
            surface="command",
            dedup_key=decision.key,
            reply_to=ReplyTo(),
        )
        with suppress(StoreError, BotError):
            made = await change_budget(decision.change, interaction, services)
            self._world.count(f"budgets: {type(decision.change).__name__} {type(made).__name__}")
            if isinstance(made, Changed) is not decision.may:
                self._world.violate("only who is in charge changes budgets, once", str(decision))

    async def _settle_some(self) -> None:
        """Name amounts of jobs that have none, or have: those that are over, or on hold."""
        for _ in range(self._chance.choice((1, 3))):
            await self._visit(self._chance.uniform(100, 900), self._settle_one)

    async def _settle_one(self, services: Services) -> None:
        over = [row for row in self._invariants.rows.values() if _is_over(row)]
        if over:
            row = self._chance.choice(over)
            amount = self._chance.choice((Decimal(0), Decimal("2.5"), Decimal("7.0007")))
            await self._settle(row.id, amount, services)

    async def _settle(self, job_id: str, amount: Decimal, services: Services) -> None:
        self._invariants.settle(job_id, amount)
        settlement = Settlement(amount=amount, by=OPERATOR, because="the bill", at=services.now())
        with suppress(StoreError, IllegalTransitionError):
            await services.store.jobs.settle(job_id, settlement)
            services.wake()
            self._world.count("operator settles a job")

    async def _see_budgets(self) -> None:
        for _ in range(self._chance.choice((1, 2, 4))):
            place = self._chance.choice(list(_places()))
            pause = self._chance.uniform(10, 400)
            await self._visit(pause, partial(self._see_budget, place))

    async def _see_budget(self, place: Place, services: Services) -> None:
        with suppress(StoreError):
            view = await load_budget(TEAM, place.user, place.channel, services)
            self._books.check_view(view, place)

    async def close_the_books(self, services: Services) -> None:
        """Settle what the bill says, where the bot knows another amount or none."""
        self._invariants.check_amounts()
        rows = self._invariants.rows.values()
        for job_id, amount in (self._books.to_settle(rows) or {}).items():
            self._world.count("operator settles by the bill")
            await self._settle(job_id, amount, services)

    @property
    def have_closed_the_books(self) -> bool:
        """Whether the bot has each amount of the bill."""
        return self._books.to_settle(self._invariants.rows.values()) == {}

    async def see_all_budgets(self, services: Services) -> None:
        """Look at what is left in every place, for everybody."""
        for place in _places():
            await self._see_budget(place, services)


def _places() -> list[Place]:
    return [
        Place(user=user, channel=channel, model=MODEL)
        for user in PEOPLE
        for channel in ("C1", "C2", f"D{user}")
    ]


def _is_over(row: Job) -> bool:
    return row.stage in {Stage.DELIVERED, Stage.PARKED} and row.chargeable_since is not None
