"""Every stage, every kind of notification and the Home tab have a step, a pool and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bot.jobs.view import JobView
from bot.listeners.home import HOME_POOLS, HOME_STEPS
from bot.messages.home import Card, HomeContent, home_view
from bot.messages.job import job_message, status_line
from bot.messages.notification import JobNotification, notification_message
from bot.money.cost_report import NO_COSTS
from bot.notifications import NOTIFICATION_POOLS, NOTIFICATION_STEPS, job_event
from bot.steps import POOLS, STEPS
from bot.worker.engine import Pool
from storage.home import PUBLISH
from storage.job import Outcome, Stage
from storage.notification import NotificationKind
from tests.support.budget_samples import NO_BUDGET
from tests.support.job_samples import DONE

QUEUES = {
    "jobs": (set(Stage), STEPS, POOLS),
    "outbox": (set(NotificationKind), NOTIFICATION_STEPS, NOTIFICATION_POOLS),
    "homes": ({PUBLISH}, HOME_STEPS, HOME_POOLS),
}
WORDS = {
    Stage.WAITING: "*Waiting for an answer*",
    Stage.UNCONFIRMED: "*Not confirmed*",
    Stage.PLANNED: "*Planned*",
    Stage.ACCEPTED: "*Queued*",
    Stage.ANNOUNCED: "*Queued*",
    Stage.RENDERING: "*Rendering*",
    Stage.FINISHED: "*Done*",
    Stage.DELIVERED: "*Done*",
    Stage.REJECTED: "*Not started*",
    Stage.PARKED: "*On hold*",
}
HOME_WORDS = {
    Stage.WAITING: "Waiting for an answer",
    Stage.UNCONFIRMED: "Over",
    Stage.PLANNED: "Planned for",
    Stage.ACCEPTED: "Queued",
    Stage.ANNOUNCED: "Queued",
    Stage.RENDERING: "Rendering",
    Stage.FINISHED: "on its way to you",
    Stage.DELIVERED: "Over",
    Stage.REJECTED: "Over",
    Stage.PARKED: "On hold",
}


def view_of(stage: Stage, outcome: Outcome | None = Outcome.SUCCEEDED) -> JobView:
    """Return what people see of a job in this stage."""
    job = replace(DONE, stage=stage, outcome=outcome, started_at=1001.0, problem="No credit.")
    return JobView(job=job, model_title="Kling V3")


@pytest.mark.parametrize(("steps", "handlers", "pools"), QUEUES.values(), ids=QUEUES.keys())
def test_every_step_has_a_function_and_is_in_one_pool(
    steps: set[str], handlers: Mapping[str, object], pools: Sequence[Pool]
) -> None:
    """A row whose step nobody runs would be due for ever, and one in two pools claimed twice."""
    assert handlers.keys() == steps
    pooled = Counter(step for pool in pools for step in pool.steps)
    assert pooled == Counter(steps)
    assert all(pool.size > 0 for pool in pools)


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words(stage: Stage) -> None:
    """In the job's message, in one line, and on the Home tab."""
    line = status_line(view_of(stage), 1123.0)
    assert WORDS[stage] in line
    assert line in str(job_message(view_of(stage), 1123.0).blocks)
    card = Card(view=view_of(stage), link=None)
    content = HomeContent(
        running=[card],
        recent=[],
        pages=1,
        has_more=False,
        kept_only=False,
        has_filter=False,
        month="May",
        zone="UTC",
        mine=NO_COSTS,
        team=NO_COSTS,
        unit=None,
        budget=NO_BUDGET,
        all_budgets=(),
    )
    assert HOME_WORDS[stage] in str(home_view(content))


@pytest.mark.parametrize("stage", [Stage.FINISHED, Stage.DELIVERED])
def test_every_outcome_has_words_of_its_own(stage: Stage) -> None:
    """Also the one that is not known."""
    lines = {status_line(view_of(stage, outcome), 1123.0) for outcome in (None, *Outcome)}
    assert len(lines) == 1 + len(Outcome)


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_kind_of_notification_about_a_job_has_words(kind: NotificationKind) -> None:
    """The others, a digest and files that are sent again, have a step and words of their own."""
    notice = JobNotification(
        kind=kind,
        view=view_of(Stage.DELIVERED),
        asker="ana",
        detail="OperatorMustAct: The key is wrong.",
        link=None,
        is_open=True,
    )
    is_about_a_job = NOTIFICATION_STEPS[kind] is job_event.notify
    assert (notification_message(notice) is not None) == is_about_a_job
