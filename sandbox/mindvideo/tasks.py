"""The simulated MindVideo's tasks, idempotency keys and charges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sandbox.mindvideo.models import SandboxModel
from sandbox.values import Instant, Json

_QUEUED_SHARE = 0.15
"""Share of the render time that a task is queued."""

KEY_MEMORY_SECONDS = 24 * 3600.0
"""MindVideo does not document how long it remembers a key; the bot assumes this time."""


class TaskOutcome(StrEnum):
    """How a task ends."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge for a task, of its actual cost."""

    task_id: str
    key: str | None
    amount: Decimal
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTask:
    """An accepted task; its state is a function of the time."""

    id: str
    request_id: str
    model: SandboxModel
    options: Mapping[str, Json]
    created_at: Instant
    render_seconds: float
    estimate: Decimal
    cost: Decimal
    outcome: TaskOutcome
    problem: str | None = None
    amounts: Sequence[tuple[float, Decimal]] = ()
    """Which actual cost is named from so many seconds after the end on; empty: never any."""

    def amount(self, now: Instant) -> Decimal | None:
        """Return the actual cost as it is named now; `None`: it is not."""
        ended_at = self.created_at + self.render_seconds
        named = [cost for after, cost in self.amounts if now >= ended_at + after]
        return named[-1] if named else None

    def history(self, now: Instant) -> list[tuple[Instant, str]]:
        """Return the time and the name of each of its states until now, oldest first."""
        states = [
            (self.created_at, "queued"),
            (self.created_at + self.render_seconds * _QUEUED_SHARE, "processing"),
        ]
        if self.outcome is not TaskOutcome.NEVER:
            states.append((self.created_at + self.render_seconds, self.outcome.value))
        return [(at, state) for at, state in states if at <= now or at == self.created_at]

    def state(self, now: Instant) -> str:
        """Return its state."""
        return self.history(now)[-1][1]


class ReusedKeyError(Exception):
    """The idempotency key was used before, with another payload."""


class TaskStore:
    """All tasks, by ID and by idempotency key, and their charges."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._tasks: dict[str, SandboxTask] = {}
        self._keys: dict[str, tuple[SandboxTask, Json]] = {}
        self.charges: list[Charge] = []

    def task(self, task_id: str) -> SandboxTask | None:
        """Return the task, or `None`."""
        return self._tasks.get(task_id)

    def find_by_key(self, key: str | None, payload: Json) -> SandboxTask | None:
        """Return the task that this idempotency key started before, or `None`.

        Raises `ReusedKeyError` if that was with another payload.
        """
        if key is None or key not in self._keys:
            return None
        task, first_payload = self._keys[key]
        if self._now() - task.created_at > KEY_MEMORY_SECONDS:
            return None
        if payload != first_payload:
            raise ReusedKeyError
        return task

    def start(
        self,
        model: SandboxModel,
        options: Mapping[str, Json],
        *,
        key: str | None,
        payload: Json,
        render_seconds: float,
        outcome: TaskOutcome,
        problem: str | None,
        amounts: Callable[[Decimal], Sequence[tuple[float, Decimal]]],
    ) -> SandboxTask:
        """Accept a new task and charge it; a task that fails or is cancelled costs nothing.

        `amounts` returns when which actual cost is named, from what the task costs.
        """
        number = len(self._tasks) + 1
        price = model.price(options)
        free = outcome in {TaskOutcome.FAILED, TaskOutcome.CANCELLED}
        cost = Decimal(0) if free else price
        named = amounts(cost)
        task = SandboxTask(
            id=f"task_sandbox_{number}",
            request_id=f"req_sandbox_{number}",
            model=model,
            options=options,
            created_at=self._now(),
            render_seconds=render_seconds,
            estimate=price,
            cost=named[-1][1] if named else cost,
            outcome=outcome,
            problem=problem,
            amounts=named,
        )
        self._tasks[task.id] = task
        if key is not None:
            self._keys[key] = (task, payload)
        self.charges.append(Charge(task_id=task.id, key=key, amount=task.cost, at=self._now()))
        return task
