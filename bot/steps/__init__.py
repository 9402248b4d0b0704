"""The steps of a job, one module for each; each is safe to repeat and documents why.

Several of them share `own_message` and `progress`, which post the job's own message and update it
from its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.steps import announce, deliver, expire, inform, plan, poll, reconcile, submit
from bot.worker.engine import Pool, Step
from storage.job import Job, Stage

STEPS: Mapping[str, Step[Job]] = MappingProxyType(
    {
        Stage.WAITING: expire.expire,
        Stage.PLANNED: plan.plan,
        Stage.ACCEPTED: announce.announce,
        Stage.ANNOUNCED: submit.submit,
        Stage.RENDERING: poll.poll,
        Stage.FINISHED: deliver.deliver,
        Stage.DELIVERED: reconcile.reconcile,
        Stage.REJECTED: inform.inform,
        Stage.PARKED: inform.inform,
        Stage.UNCONFIRMED: expire.expire,
    },
)
"""The step to run for a due job, by its stage."""

# Bulkheads: uploads that take minutes, or a MindVideo that does not answer, must not delay the
# messages that confirm requests. All steps share the event loop with the acknowledgements, so
# larger pools would make users wait; each step holds at most a few buffers of a stream.
POOLS = (
    Pool(steps=(Stage.PLANNED, Stage.ACCEPTED, Stage.REJECTED, Stage.PARKED), size=6),
    Pool(steps=(Stage.WAITING, Stage.UNCONFIRMED), size=2),
    Pool(steps=(Stage.ANNOUNCED, Stage.DELIVERED), size=6),
    Pool(steps=(Stage.RENDERING,), size=8, brings_results=True),
    Pool(steps=(Stage.FINISHED,), size=6, brings_results=True),
)
