"""Which buttons stand under what is said of a job, and what a click on one says.

A button never expires: its value names the job, and all else is read from the job's row when it is
pressed. An upgrade's button also carries the options it promises, whatever the model file says by
then. What tells two clicks apart is Slack's `action_ts`, not the value: a button that stands
unchanged for months is pressed more than once, and means it each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from slack_sdk.models.blocks import ButtonElement

from bot.messages import blocks
from bot.messages.blocks import Block
from bot.options.catalog import Model
from bot.options.model_file import Upgrade
from bot.options.wording import shown
from storage.job import Job, Json, Outcome, Stage

AGAIN = "job_again"
EDIT = "job_edit"
UPGRADE = "job_upgrade"
"""How the action IDs of upgrades begin: each in a row needs its own."""
CANCEL = "job_cancel"
SHARE = "job_share"
DETAILS = "job_details"
GIVE_UP = "job_give_up"

_AGAIN = "Again"
_EDIT = "Edit and re-run"
_CANCEL = "Cancel"
_SHARE = "Share to channel"
_DETAILS = "Details"

# Enough of a prompt to tell the buttons of one message from those of another by ear.
PROMPT_SPOKEN = 50
# A conversation between one person and the bot, which has nobody to share with.
# https://docs.slack.dev/reference/objects/conversation-object
DIRECT = "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonValue:
    """What a button's value says."""

    job_id: str
    changes: Mapping[str, Json]
    """The options that it sets, by property."""


def read_value(value: str) -> ButtonValue | None:
    """Return what a button's value says, or `None` if it is none of ours."""
    job_id, _, rest = value.partition(" ")
    try:
        changes = json.loads(rest) if rest else {}
    except ValueError:
        return None
    if not job_id or not isinstance(changes, dict):
        return None
    return ButtonValue(job_id=job_id, changes=changes)


def usages(models: Sequence[Model]) -> Mapping[str, str]:
    """Return each button under a job, and what it does."""
    return {
        _AGAIN: "renders the same again",
        _EDIT: "opens the form, filled with what was asked for",
        **{
            upgrade.label: f"renders the same with {_with(model, upgrade)}"
            for model in models
            for upgrade in model.upgrades
        },
        _CANCEL: "cancels it, for free until it is sent to MindVideo; then it can be given up",
        _SHARE: "tells the channel of a result in a thread, once",
        _DETAILS: "shows you its options, IDs, timeline and cost",
    }


def under_message(job: Job, upgrades: Sequence[Upgrade]) -> list[Block]:
    """Return the row of buttons under the job's own message, as the job stands."""
    match job.stage:
        case Stage.ACCEPTED | Stage.ANNOUNCED | Stage.RENDERING:
            ending = job.cancel_requested_at is not None or job.unfollowed_at is not None
            row = [] if ending else [_button(_CANCEL, CANCEL, job)]
        case Stage.FINISHED | Stage.PARKED:
            row = []
        case Stage.DELIVERED | Stage.REJECTED:
            row = [*_once_more(job, upgrades)]
        case _:
            assert_never(job.stage)
    return [blocks.actions([*row, _button(_DETAILS, DETAILS, job)])]


def under_result(job: Job, upgrades: Sequence[Upgrade]) -> list[Block]:
    """Return the row of buttons under the result in the thread."""
    row = [*_once_more(job, upgrades)]
    is_in_channel = job.delivery.channel is None and not job.channel.startswith(DIRECT)
    if job.outcome is Outcome.SUCCEEDED and is_in_channel:
        row.append(_button(_SHARE, SHARE, job))
    return [blocks.actions([*row, _button(_DETAILS, DETAILS, job)])]


def give_up(job: Job) -> ButtonElement:
    """Return the button that lets go of a render that MindVideo has."""
    return _button("Stop following it", GIVE_UP, job)


def again_anyway(job: Job) -> ButtonElement:
    """Return the button that renders a job again although that was asked for a moment ago."""
    return _button("Render it again anyway", AGAIN, job)


def _with(model: Model, upgrade: Upgrade) -> str:
    options = ((model.option(name), value) for name, value in upgrade.changes.items())
    return ", ".join(f"`{option.flag} {shown(value)}`" for option, value in options if option)


def _once_more(job: Job, upgrades: Sequence[Upgrade]) -> Iterator[ButtonElement]:
    yield _button(_AGAIN, AGAIN, job)
    yield _button(_EDIT, EDIT, job)
    if job.outcome is Outcome.SUCCEEDED:
        for number, upgrade in enumerate(upgrades):
            action_id = f"{UPGRADE}_{number}"
            yield _button(upgrade.label, action_id, job, json.dumps(upgrade.changes))


def _button(label: str, action_id: str, job: Job, carried: str = "") -> ButtonElement:
    prompt = job.input.get("prompt")
    about = " ".join(prompt.split()) if isinstance(prompt, str) else job.model
    # Nobody wants to hear marks, and what looks like a call to everyone should not be anywhere.
    about = about.replace("<", "").replace(">", "")
    return blocks.button(
        label,
        action_id,
        f"{job.id} {carried}".rstrip(),
        spoken=f"{label}: {blocks.shorten(about, PROMPT_SPOKEN)}",
    )
