"""The buttons under the messages of a job, and the values that they send when clicked.

A job has one set of buttons, under its newest message, and one that was pressed to effect is
replaced by who pressed it. The thumbs stay under its own message, and a file has none. A button
never expires: its value holds the job's ID, and all else is read from the job's row when it is
clicked. The value of an upgrade's button also holds the options that its label promises, because
the model file may have changed by then. Two clicks are told apart by Slack's `action_ts`, not by
the value, because every click on a button is a request of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from slack_sdk.models.blocks import (
    ButtonElement,
    ConfirmObject,
    FeedbackButtonObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    StaticSelectElement,
)

from bot.jobs.prices import NO_PRICES, RenderPrices
from bot.messages import blocks, prices
from bot.messages.blocks import Block
from bot.messages.failures import advice_for
from bot.messages.review_text import REVIEW_EMOJI, is_to_change, review_text
from bot.money.forecast import PriceToConfirm, agreed_price
from bot.options.catalog import Model
from bot.options.mentions import asked_prompt
from bot.options.model_file import Upgrade
from bot.options.references import as_frame, files_named
from bot.options.wording import shown
from storage.job import (
    RENDER_PENDING,
    Job,
    Json,
    Media,
    Outcome,
    ReviewKind,
    Stage,
    is_direct,
)

AGAIN = "job_again"
EDIT = "job_edit"
UPGRADE = "job_upgrade"
"""Prefix of the action IDs of upgrades: each button in a row needs its own ID."""
CANCEL = "job_cancel"
SHARE = "job_share"
DETAILS = "job_details"
DETAILS_IDS = "job_details_ids"
"""The button in the modal of details that shows the IDs."""
GIVE_UP = "job_give_up"
CONFIRM = "job_confirm"
ASK_APPROVER = "job_ask_approver"
MORE = "job_more"
"""The menu of what is done less often; the value of a choice is its name and the job's ID."""
REVIEW_APPROVED = "job_review_approved"
REVIEW_CHANGES = "job_review_changes"
SET_KEEP = "set_keep"
SET_AGAIN = "set_again"
"""The menus of a set, in which one of its parts is chosen; their values are like those of `MORE`.
"""
SET_CANCEL = "set_cancel"
"""The button that cancels all parts of a set; its value has the ID of the first."""
OPEN_DRAFT = "draft_open"
"""Not of a job: its value is a `Draft`."""
DELETE = "job_delete"
"""The button behind the question whether a result is to be deleted."""
SHARE_ELSEWHERE = "job_share_elsewhere"
BRING = "job_bring"
FEEDBACK = "job_feedback"
"""Slack's pair of feedback buttons; the value of the pressed one is like that of a choice."""

_AGAIN = "Again"
_TRY_AGAIN = "Try again"
_EDIT = "Edit and re-run"
_EDIT_FAILED = "Edit"
_NEXT_TAKE = "Next take"
_APPROVE = "Approve"
_ASK_CHANGES = "Ask for changes"
_CANCEL = "Cancel"
_SHARE = "Share to channel"
_SHARE_ELSEWHERE = "Share elsewhere"
_BRING = "Bring it after all"
_DETAILS = "Details"
_MORE = "More"
_KEEP = "Keep"
_STOP_KEEPING = "Stop keeping"
_THUMBS = "👍 and 👎"
_CANCEL_ALL = "Cancel all"
_CONTINUE = "Continue"
_LOOP = "Loop"
_STITCH = "Stitch"
_DELETE = "Delete"
_GOOD = "Good"
_BAD = "Bad"


class Choice(StrEnum):
    """What can be chosen in the menu *More*, in those of a set, and by the feedback buttons."""

    KEEP = "keep"
    STOP_KEEPING = "let_go"
    CONTINUE = "continue"
    LOOP = "loop"
    STITCH = "stitch"
    DELETE = "delete"
    AGAIN = "again"
    """Of the menu of a set alone."""
    GOOD = "good"
    BAD = "bad"
    """Of the feedback buttons alone."""


_MENUS: Mapping[Choice, str] = MappingProxyType(
    {Choice.KEEP: "Keep this one …", Choice.AGAIN: "Again with …"}
)


# Characters of the prompt in a label for screen readers: enough to tell the buttons of one message
# from those of another.
PROMPT_SPOKEN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonValue:
    """The decoded value of a button."""

    job_id: str
    changes: Mapping[str, Json]
    """The options that the click changes, by property."""
    agreed: PriceToConfirm | None = None
    """The price that the button told, and to which a click agrees."""


def read_value(value: str) -> ButtonValue | None:
    """Decode the value of a button; `None`: it is not one of this bot's."""
    first, _, rest = value.partition(" ")
    job_id, _, told = first.partition("@")
    try:
        changes = json.loads(rest) if rest else {}
    except ValueError:
        return None
    if not job_id or not isinstance(changes, dict):
        return None
    return ButtonValue(job_id=job_id, changes=changes, agreed=agreed_price(told))


def usages(models: Sequence[Model]) -> Mapping[str, str]:
    """Return the description of each button under a job, by its label."""
    return {
        _AGAIN: f"renders the same again{_new_take(models)}",
        _EDIT: "opens the form, filled with what was asked for",
        _NEXT_TAKE: "does the same, with the notes about the video beside the fields",
        _TRY_AGAIN: "renders what failed again, where that can help",
        **{
            upgrade.label: f"renders the same with {_flags(model, upgrade)}{_new_take([model])}"
            for model in models
            for upgrade in model.upgrades
        },
        _CANCEL: "cancels it, for free until it is sent to MindVideo; then it can be given up",
        _SHARE: "brings the video to the channel, outside of the thread, once",
        _SHARE_ELSEWHERE: "brings the video to a channel that you choose, once",
        _BRING: "brings a video that was given up, once it is done: it is billed in any case",
        _DETAILS: "shows you its options, cost and timeline, its other takes, its IDs if you want "
        f"them, and what was said of it; *{_APPROVE}* and *{_ASK_CHANGES}* there say what you "
        "think of it",
        _MORE: "is a menu: *Keep* marks a video, so that `/video find --kept` and Home find it; "
        "*Continue* makes the next clip from its last frame, *Loop* one that ends as it begins, "
        "*Stitch* joins the clips up to it, free of charge, and *Delete* takes the video back from "
        "Slack, once you have confirmed it",
        _THUMBS: "under the message of a finished video say whether it is good; your last press "
        "counts, and digests count them by style, mode and model",
    }


def under_message(
    job: Job, upgrades: Sequence[Upgrade], to_confirm: RenderPrices = NO_PRICES
) -> list[Block]:
    """Return the buttons under the job's own message, which depend on the stage.

    A job has one set of buttons, under its newest message: once the result is posted, it is there.
    """
    match job.stage:
        case (
            Stage.PLANNED
            | Stage.ACCEPTED
            | Stage.ANNOUNCED
            | Stage.RENDERING
            | Stage.FINISHED
            | Stage.PARKED
        ):
            return [blocks.actions(_while_under_way(job))]
        case Stage.WAITING | Stage.UNCONFIRMED:
            return []
        case Stage.DELIVERED if job.delivery.ts is not None and job.deleted_at is None:
            return []
        case Stage.DELIVERED | Stage.REJECTED:
            return _set_of(job, upgrades, _again_buttons(job, upgrades, to_confirm))
        case _:
            assert_never(job.stage)


def feedback(job: Job) -> list[Block]:
    """Return the buttons that say whether a result is good, under the job's own message.

    Slack draws two thumbs, and shows a press to nobody else. Nothing if no result is there.
    """
    if not job.is_shown:
        return []
    return [
        blocks.feedback(
            FEEDBACK,
            good=_feedback_button(_GOOD, Choice.GOOD, job),
            bad=_feedback_button(_BAD, Choice.BAD, job),
        )
    ]


def _feedback_button(label: str, choice: Choice, job: Job) -> FeedbackButtonObject:
    return FeedbackButtonObject(
        text=label,
        value=f"{choice} {job.id}",
        accessibility_label=blocks.shorten(_spoken(label, job), blocks.LABEL_LIMIT),
    )


def under_status(job: Job) -> list[Block]:
    """Return the buttons under the answer to `/video status`; all others are at the job itself."""
    return [blocks.actions(_while_under_way(job))]


def under_result(
    job: Job, upgrades: Sequence[Upgrade], to_confirm: RenderPrices = NO_PRICES
) -> list[Block]:
    """Return the buttons under the result in the thread."""
    row = [*_again_buttons(job, upgrades, to_confirm)]
    if job.outcome is not Outcome.SUCCEEDED or job.given_up_at is not None:
        return _set_of(job, upgrades, row)
    if not is_direct(job.channel):
        row.append(_button(_SHARE, SHARE, job))
    row.append(_button(_SHARE_ELSEWHERE, SHARE_ELSEWHERE, job))
    return _set_of(job, upgrades, row, more(job))


def more(job: Job) -> list[OverflowMenuElement]:
    """Return the menu of what is done less often with a result; nothing if there is no result."""
    if not job.has_result:
        return []
    kept = (Choice.KEEP, _KEEP) if job.kept_by is None else (Choice.STOP_KEEPING, _STOP_KEEPING)
    choices = [kept]
    if job.outputs[0].media is Media.VIDEO:
        choices += [(Choice.CONTINUE, _CONTINUE), (Choice.LOOP, _LOOP)]
    if any(map(as_frame, files_named(job.input))):
        choices.append((Choice.STITCH, _STITCH))
    # Slack takes five: https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element
    choices.append((Choice.DELETE, _DELETE))
    options = [Option(value=f"{choice} {job.id}", label=label) for choice, label in choices]
    return [OverflowMenuElement(action_id=MORE, options=options)]


def cancel_set(job: Job) -> ButtonElement:
    """Return the button that cancels all parts of the set of a job."""
    return _button(_CANCEL_ALL, SET_CANCEL, job)


def parts_menu(
    action_id: str, choice: Choice, parts: Sequence[tuple[Job, str]]
) -> StaticSelectElement:
    """Return a menu of a set in which one of some parts is chosen, each with its label."""
    return StaticSelectElement(
        action_id=action_id,
        placeholder=PlainTextObject(text=_MENUS[choice]),
        options=[
            Option(value=f"{choice} {job.id}", label=blocks.shorten(label, blocks.LABEL_LIMIT))
            for job, label in parts
        ],
    )


def read_choice(value: str) -> tuple[Choice, str] | None:
    """Return what was chosen in the menu, and the job's ID; `None`: it is not one of this bot's."""
    name, _, job_id = value.partition(" ")
    return (Choice(name), job_id) if name in set(Choice) and job_id else None


def can_be_cancelled(job: Job) -> bool:
    """Tell whether a job has the button *Cancel*."""
    is_ending = job.cancel_requested_at is not None or job.given_up_at is not None
    return job.stage in RENDER_PENDING and not is_ending


def _while_under_way(job: Job) -> list[ButtonElement]:
    row = [_button(_CANCEL, CANCEL, job)] if can_be_cancelled(job) else []
    return [*row, _button(_DETAILS, DETAILS, job)]


def _set_of(
    job: Job,
    upgrades: Sequence[Upgrade],
    row: Iterable[ButtonElement],
    menus: Sequence[OverflowMenuElement] = (),
) -> list[Block]:
    """Return a row with *Details* behind it; buttons that were pressed become a line of who did."""
    left = [button for button in row if button.action_id not in job.pressed]
    labels = {
        AGAIN: _AGAIN,
        SHARE: _SHARE,
        BRING: _BRING,
        **{_upgrade(n): up.label for n, up in enumerate(upgrades)},
    }
    pressed = [
        f"*{blocks.escape(labels[action_id])}* by <@{by}>"
        for action_id, by in job.pressed.items()
        if action_id in labels
    ]
    if job.kept_by is not None:
        pressed.append(f":bookmark: kept by <@{job.kept_by}>")
    if job.review is not None:
        pressed.append(f"{REVIEW_EMOJI[job.review.kind]} {review_text(job.review)}")
    line = [blocks.context(" · ".join(pressed))] if pressed else []
    return [*line, blocks.actions([*left, _button(_DETAILS, DETAILS, job), *menus])]


def under_given_up(job: Job, to_confirm: RenderPrices = NO_PRICES) -> list[Block]:
    """Return the buttons under the message that a render was given up."""
    again = _again_buttons(job, (), to_confirm)
    return _set_of(job, (), [_button(_BRING, BRING, job), *again])


def give_up(job: Job) -> ButtonElement:
    """Return the button that stops following a render at MindVideo."""
    return _button("Stop following it", GIVE_UP, job)


def delete(job: Job) -> ButtonElement:
    """Return the button that deletes a job's result, once its user was asked."""
    return _button("Delete it", DELETE, job)


def confirm(job: Job, label: str) -> ButtonElement:
    """Return the button that confirms a request that waits for its asker."""
    return _button(label, CONFIRM, job)


def ask_approver(job: Job) -> ButtonElement:
    """Return the button that has an approver asked about a request that a budget refuses."""
    return _button("Ask an approver", ASK_APPROVER, job)


def _new_take(models: Sequence[Model]) -> str:
    return "" if all(model.has_seed for model in models) else ", as a new take: there is no seed"


def next_take(job: Job) -> ButtonElement:
    """Return the button that opens the form as *Edit and re-run* does, which shows the notes."""
    return _button(_NEXT_TAKE, EDIT, job)


def to_review(job: Job, *kinds: ReviewKind) -> list[ButtonElement]:
    """Return the buttons that say what their user thinks of a result."""
    both = {
        ReviewKind.APPROVED: _button(_APPROVE, REVIEW_APPROVED, job),
        ReviewKind.CHANGES: _button(_ASK_CHANGES, REVIEW_CHANGES, job),
    }
    return [both[kind] for kind in kinds]


def open_draft(value: str) -> ButtonElement:
    """Return the button that opens the form with a refused text; `value` is the draft's."""
    return blocks.button("Open in the form", OPEN_DRAFT, value)


def _flags(model: Model, upgrade: Upgrade) -> str:
    options = ((model.option(name), value) for name, value in upgrade.changes.items())
    return ", ".join(f"`{option.flag} {shown(value)}`" for option, value in options if option)


def _again_buttons(
    job: Job, upgrades: Sequence[Upgrade], to_confirm: RenderPrices
) -> Iterator[ButtonElement]:
    unit = to_confirm.unit
    if job.outcome is Outcome.FAILED:
        advice = advice_for(job)
        if advice.try_again:
            yield _button(_TRY_AGAIN, AGAIN, job, price=to_confirm.again, unit=unit)
        if advice.edit:
            yield _button(_EDIT_FAILED, EDIT, job)
        return
    yield _button(_AGAIN, AGAIN, job, price=to_confirm.again, unit=unit)
    yield next_take(job) if is_to_change(job) else _button(_EDIT, EDIT, job)
    if job.outcome is Outcome.SUCCEEDED:
        for number, upgrade in enumerate(upgrades):
            changes, price = json.dumps(upgrade.changes), to_confirm.of_upgrade(number)
            yield _button(upgrade.label, _upgrade(number), job, changes, price=price, unit=unit)


def _upgrade(number: int) -> str:
    return f"{UPGRADE}_{number}"


def again(job: Job, label: str, to_confirm: RenderPrices, *, spoken: str) -> ButtonElement:
    """Return the button that renders the same again, for a list of jobs."""
    price = to_confirm.again
    return blocks.button(
        label, AGAIN, _value(job, price), spoken=spoken, confirm=_dialog(price, to_confirm.unit)
    )


def _value(job: Job, price: PriceToConfirm | None, changes: str = "") -> str:
    """Return the value of a button; `read_value` decodes it.

    It holds the price that the button tells first: a click agrees to that, and not to what the
    price may be by then.
    """
    told = "" if price is None else f"@{price.to_text()}"
    return f"{job.id}{told} {changes}".rstrip()


def _dialog(price: PriceToConfirm | None, unit: str | None) -> ConfirmObject | None:
    return None if price is None else prices.dialog(price, unit)


def _button(
    label: str,
    action_id: str,
    job: Job,
    changes: str = "",
    *,
    price: PriceToConfirm | None = None,
    unit: str | None = None,
) -> ButtonElement:
    return blocks.button(
        label,
        action_id,
        _value(job, price, changes),
        spoken=_spoken(label, job),
        confirm=_dialog(price, unit),
    )


def _spoken(label: str, job: Job) -> str:
    """Return the label of a button for screen readers."""
    about = " ".join(asked_prompt(job).split()) or job.model
    # A screen reader should not read out markup, and no label should hold a mention such as
    # `<!everyone>`.
    about = about.replace("<", "").replace(">", "")
    return f"{label}: {blocks.shorten(about, PROMPT_SPOKEN)}"
