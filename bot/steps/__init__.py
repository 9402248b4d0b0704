"""The steps of a job, one module a step; each is safe to repeat and says why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.steps import announce, deliver, inform, poll, reconcile, submit
from bot.worker.engine import Step
from storage.job import Stage

STEPS: Mapping[Stage, Step] = MappingProxyType(
    {
        Stage.ACCEPTED: announce.announce,
        Stage.ANNOUNCED: submit.submit,
        Stage.RENDERING: poll.poll,
        Stage.FINISHED: deliver.deliver,
        Stage.DELIVERED: reconcile.reconcile,
        Stage.REJECTED: inform.inform,
        Stage.PARKED: inform.inform,
    },
)
"""The step that a job in each stage is due for."""
