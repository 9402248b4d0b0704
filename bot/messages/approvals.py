"""The cards of a request that waits for approvers, and the answers to whoever decides."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from slack_sdk.models.blocks import ButtonElement, InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks, budgets, formatting
from bot.messages.fields import plain_text
from bot.messages.job import prompt_and_shots, prompt_of
from storage.budget import ZERO, CapUse, Reason, subtract
from storage.job import (
    Decision,
    DecisionKind,
    Instant,
    Job,
    Json,
    Question,
    QuestionKind,
    Stage,
)

APPROVE = "approval_approve"
DENY = "approval_deny"
BEYOND = "approval_beyond"
ASK_AGAIN = "approval_ask_again"

DENY_CALLBACK = "approval_deny_form"
REASON_BLOCK = "approval_reason"
"""Block ID and action ID of the field for the reason."""

LONGEST_REASON = 300
PROMPT_SHOWN = 1000
_IN_STATUS = 150

_NOTHING = "Nothing was started or charged."
_BEYOND_LABEL = "Approve beyond the cap"


def card(
    view: JobView,
    uses: Sequence[CapUse],
    *,
    is_reminder: bool = False,
    in_channel: bool = False,
    shows_prompt: bool = True,
    uncounted_since: Instant | None = None,
) -> Message:
    """Return the card for approvers: what they decide about, or what was decided.

    In a channel it mentions those who may decide. `uses` are the caps that apply, as they are now,
    and `uncounted_since` as of `Rules`.
    """
    job, question = view.job, _question_of(view.job)
    is_open = job.stage is Stage.WAITING
    head = f":moneybag: <@{job.user}> asks for a video that needs an approval."
    if is_reminder and is_open:
        head = f":alarm_clock: <@{job.user}> still waits for an approval."
    mentions = " ".join(f"<@{user}>" for user in question.approvers)
    body = [blocks.section(f"{head} {mentions}" if in_channel and is_open else head)]
    if not shows_prompt:
        body.append(
            blocks.context("People of another organisation read here, so I leave the words out.")
        )
    elif prompt_of(job):
        body.append(blocks.quote(prompt_and_shots(view, PROMPT_SHOWN)))
    details = [view.model_title, *(f"{title}: {value}" for title, value in view.options)]
    body.append(blocks.context(blocks.literal(" · ".join(details))))
    reason = why(question, view.unit, job.user)
    facts = [f"*Price:* {price(job, view.unit)}. {reason}", _where(job)]
    if is_open:
        facts += [_left(use, job.user, view.unit) for use in uses]
        if uses and uncounted_since is not None:
            facts.append(budgets.too_low(uncounted_since))
        facts.append(f"Without an answer it ends {blocks.moment(question.expires_at)}.")
    body.append(blocks.section("\n".join(facts)))
    body += [blocks.actions(_buttons(job, uses))] if is_open else [blocks.section(_ended(job))]
    plain = head if is_open else f"{head} {_ended(job)}"
    return Message(text=plain, blocks=body)


def status(view: JobView, *, is_end: bool = False) -> Message:
    """Return the card of the asker: how the request stands.

    `is_end`: it is the message that tells the end, below the card.
    """
    job, question = view.job, _question_of(view.job)
    words = blocks.shorten(" ".join(prompt_of(job).split()) or job.model, _IN_STATUS)
    name = f"Your video “{blocks.literal(words)}”"
    if job.stage is Stage.WAITING:
        text = (
            f":hourglass: {name} waits for an approval by {_any_of(question)}. "
            f"{why(question, view.unit)} {price_sentence(job, view.unit)} Without an answer it "
            f"ends {blocks.moment(question.expires_at)}; nothing is charged before."
        )
    else:
        text = f"{name}: {_ended(job)}"
    body = [*blocks.sections(text)]
    if is_end and job.stage is Stage.UNCONFIRMED:
        body.append(blocks.actions([blocks.button("Ask again", ASK_AGAIN, job.id)]))
    return Message(text=text, blocks=body)


def asked(job: Job, unit: str | None) -> str:
    """Return the answer to the asker: that approvers were asked."""
    question = _question_of(job)
    return (
        f":hourglass: {why(question, unit)} {price_sentence(job, unit)} I asked "
        f"{_any_of(question)}, and a direct message tells you how it stands. "
        "Nothing was started or charged yet."
    )


def why(question: Question, unit: str | None, asker: str | None = None) -> str:
    """Return why a request needs an approval: for the asker, or of `asker` for approvers."""
    match question.kind:
        case QuestionKind.APPROVE_PRICE:
            limit = formatting.money(Decimal(question.about), unit)
            return f"What costs more than {limit}, or has no price yet, is approved first."
        case QuestionKind.APPROVE_SOFT_CAP:
            return f"{budgets.soft_cap(question.about, asker)} has no room left for it."
        case QuestionKind.APPROVE_HARD_CAP:
            return f"{budgets.soft_cap(question.about, asker)} has no room for it."
        case _:
            return ""


def price(job: Job, unit: str | None) -> str:
    """Return the price of a request, as it is known before."""
    if job.reserved is None:
        return "not known yet"
    return f"about {formatting.money(job.reserved, unit)}"


def price_sentence(job: Job, unit: str | None) -> str:
    """Return the price as a sentence."""
    return (
        f"This costs {price(job, unit)}." if job.reserved is not None else "Its price is unknown."
    )


def does_not_fit(
    job: Job,
    reasons: Sequence[Reason],
    unit: str | None,
    *,
    can_go_beyond: bool,
    uncounted_since: Instant | None = None,
) -> Message:
    """Return the answer to an approver whose approval budgets have no room for."""
    text = budgets.does_not_fit(reasons, job.user, unit, uncounted_since=uncounted_since)
    row = [blocks.actions([_button(_BEYOND_LABEL, BEYOND, job)])] if can_go_beyond else []
    return Message(text=text, blocks=[*blocks.sections(text), *row])


def decided_before(job: Job, decision: Decision) -> Message:
    """Return the answer to a later decision: another one stands."""
    done = "denied" if decision.kind is DecisionKind.DENIED else "approved"
    text = f"<@{decision.by}> {done} <@{job.user}>'s video {blocks.moment(decision.at)} already."
    return Message(text=text, blocks=blocks.sections(text))


def ended(job: Job) -> Message:
    """Return the answer to an asker who answers a question that approvers have ended."""
    text = _ended(job)
    return Message(text=text, blocks=blocks.sections(text))


def too_late(job: Job) -> Message:
    """Return the answer to a decision that came too late."""
    text = f"The time to decide about <@{job.user}>'s video is over. {_NOTHING}"
    return Message(text=text, blocks=blocks.sections(text))


def may_not_decide(approvers: Sequence[str], *, is_asker: bool) -> Message:
    """Return the answer to a user who may not decide."""
    who = _or(approvers) if approvers else "Nobody at present"
    text = f"Only {who} can decide about this." if approvers else f"{who} can decide about this."
    if is_asker:
        text = f"You asked for it, so somebody else decides. {text}"
    return Message(text=text, blocks=blocks.sections(text))


def not_known() -> Message:
    """Return the answer to a click on a card whose request is not in the store."""
    text = f"I have no record of this request any more. {_NOTHING}"
    return Message(text=text, blocks=blocks.sections(text))


def deny_form(job: Job, place: str) -> dict[str, Json]:
    """Return the form that asks for the reason of a denial; `place` goes back with it."""
    view = View(
        type="modal",
        callback_id=DENY_CALLBACK,
        private_metadata=f"{job.id} {place}".rstrip(),
        title=plain_text("Deny the video"),
        submit=plain_text("Deny"),
        close=plain_text("Close"),
        blocks=[
            InputBlock(
                block_id=REASON_BLOCK,
                label=plain_text("Why? Whoever asked for it reads this."),
                element=PlainTextInputElement(
                    action_id=REASON_BLOCK, multiline=True, max_length=LONGEST_REASON
                ),
            )
        ],
    )
    shown: dict[str, Json] = view.to_dict()
    return shown


def no_reason() -> str:
    """Return the error for a denial without a reason."""
    return "Say why, in a few words."


def _question_of(job: Job) -> Question:
    if job.question is None:
        raise ValueError(f"{job.id} was not asked about")
    return job.question


def _where(job: Job) -> str:
    return f"*For:* {blocks.place(job.channel, whose='their ')} · job `{job.id}`"


def _left(use: CapUse, asker: str, unit: str | None) -> str:
    """Return what is left of a cap, with what is held and spent of it."""
    left = subtract(use.applied.limit, use.use.total)
    name = budgets.cap_name(use.applied.cap, asker)
    limit = formatting.money(use.applied.limit, unit)
    used = formatting.money(use.use.total, unit)
    kind = "" if use.applied.cap.is_hard else ", a soft one"
    rest = formatting.money(max(left, ZERO), unit)
    return f"• {name}{kind}: {rest} of {limit} left, {used} used"


def _buttons(job: Job, uses: Sequence[CapUse]) -> list[ButtonElement]:
    row = [
        _button("Approve", APPROVE, job, style="primary"),
        _button("Deny", DENY, job, style="danger"),
    ]
    if any(use.applied.cap.is_hard and _is_short(use, job) for use in uses):
        row.append(_button(_BEYOND_LABEL, BEYOND, job))
    return row


def _is_short(use: CapUse, job: Job) -> bool:
    left = subtract(use.applied.limit, use.use.total)
    return left <= ZERO if job.reserved is None else left < job.reserved


def _button(label: str, action_id: str, job: Job, *, style: str | None = None) -> ButtonElement:
    return blocks.button(label, action_id, job.id, style=style)


def _ended(job: Job) -> str:
    """Return how the approval of a request ended."""
    decision = job.decision
    if decision is None:
        return f":hourglass: Nobody decided in time, so it ended. {_NOTHING}"
    by, at = f"<@{decision.by}>", blocks.moment(decision.at)
    match decision.kind:
        case DecisionKind.APPROVED:
            return f":white_check_mark: Approved by {by} {at}."
        case DecisionKind.APPROVED_BEYOND_CAPS:
            return f":white_check_mark: Approved beyond the cap by {by} {at}."
        case DecisionKind.DENIED:
            reason = blocks.literal(formatting.sentence(decision.because))
            told = f" “{reason}”" if reason else ""
            return f":no_entry_sign: Denied by {by} {at}.{told} {_NOTHING}"
        case _:
            assert_never(decision.kind)


def _any_of(question: Question) -> str:
    return _or([*question.approvers, *question.fallback])


def _or(users: Sequence[str]) -> str:
    return " or ".join(f"<@{user}>" for user in users)
