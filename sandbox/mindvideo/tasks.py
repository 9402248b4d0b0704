"""The simulated MindVideo's books: tasks, idempotency keys, charges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sandbox.mindvideo.models import SandboxModel
from sandbox.values import Instant, Json

_QUEUED_PART = 0.15
"""Part of the render time that a task waits in the queue."""

KEY_MEMORY_SECONDS = 24 * 3600.0
"""MindVideo does not say how long it remembers a key; this is what the bot assumes."""


class Fate(StrEnum):
    """How a task ends."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money taken for a task: what it costs in the end."""

    task_id: str
    key: str | None
    amount: Decimal
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTask:
    """A task as it was accepted; how it goes follows from the time alone."""

    id: str
    request_id: str
    model: SandboxModel
    options: Mapping[str, Json]
    created_at: Instant
    render_seconds: float
    estimate: Decimal
    cost: Decimal
    fate: Fate
    problem: str | None = None

    def history(self, now: Instant) -> list[tuple[Instant, str]]:
        """Return when it came into each of its states until now, the first first."""
        course = [
            (self.created_at, "queued"),
            (self.created_at + self.render_seconds * _QUEUED_PART, "processing"),
        ]
        if self.fate is not Fate.NEVER:
            course.append((self.created_at + self.render_seconds, self.fate.value))
        return [(at, state) for at, state in course if at <= now or at == self.created_at]

    def state(self, now: Instant) -> str:
        """Return the state it is in."""
        return self.history(now)[-1][1]


class KeyConflictInBooksError(Exception):
    """The key was used before, with another payload."""


class Books:
    """All tasks, by ID and by idempotency key, and what they cost."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._tasks: dict[str, SandboxTask] = {}
        self._keys: dict[str, tuple[SandboxTask, Json]] = {}
        self.charges: list[Charge] = []

    def task(self, task_id: str) -> SandboxTask | None:
        """Return the task, or `None`."""
        return self._tasks.get(task_id)

    def known(self, key: str | None, payload: Json) -> SandboxTask | None:
        """Return the task that this key started before.

        Raises `KeyConflictInBooksError` when it did so with another payload.
        """
        if key is None or key not in self._keys:
            return None
        task, first_payload = self._keys[key]
        if self._now() - task.created_at > KEY_MEMORY_SECONDS:
            return None
        if payload != first_payload:
            raise KeyConflictInBooksError
        return task

    def start(
        self,
        model: SandboxModel,
        options: Mapping[str, Json],
        *,
        key: str | None,
        payload: Json,
        render_seconds: float,
        fate: Fate,
        problem: str | None,
    ) -> SandboxTask:
        """Accept a new task, and charge it."""
        number = len(self._tasks) + 1
        price = model.price(options)
        free = fate in {Fate.FAILED, Fate.CANCELLED}
        task = SandboxTask(
            id=f"task_sandbox_{number}",
            request_id=f"req_sandbox_{number}",
            model=model,
            options=options,
            created_at=self._now(),
            render_seconds=render_seconds,
            estimate=price,
            cost=Decimal(0) if free else price,
            fate=fate,
            problem=problem,
        )
        self._tasks[task.id] = task
        if key is not None:
            self._keys[key] = (task, payload)
        self.charges.append(Charge(task_id=task.id, key=key, amount=task.cost, at=self._now()))
        return task
