"""The steps of a job, one module a step; each is safe to repeat and says why.

`progress` is what several of them share: it keeps the job's own message in step with its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.steps import announce, deliver, inform, poll, reconcile, submit
from bot.worker.engine import Pool, Step
from storage.job import Job, Stage

STEPS: Mapping[str, Step[Job]] = MappingProxyType(
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

# Bulkheads: uploads of minutes, or a MindVideo that does not answer, must not keep people from
# seeing that their asks were taken. All get their turn between two acknowledgements, so that more
# would make people wait; each holds at most a few buffers of a stream.
POOLS = (
    Pool(steps=(Stage.ACCEPTED, Stage.REJECTED, Stage.PARKED), size=6),
    Pool(steps=(Stage.ANNOUNCED, Stage.RENDERING, Stage.DELIVERED), size=12),
    Pool(steps=(Stage.FINISHED,), size=6),
)
