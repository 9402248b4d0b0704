"""The answer to a request that is only to be shown: its prompt, its bytes and its price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from slack_sdk.models.blocks import PlainTextObject
from slack_sdk.models.views import View

from bot.base.ports import Message
from bot.jobs.dry_run import Decided, DryRun
from bot.messages import blocks, budgets, formatting, planned, prices
from bot.options.shots import text_of
from storage.budget import Admitted, AskFirst, NotAdmitted
from storage.job import FOR_APPROVERS, Json, QuestionKind

TRY = "Try without rendering"
"""The label of the button in the form, and the title of the modal that it opens."""
_ASKED = 1_500
"""In characters: the most that is shown of the question."""
_HEAD = ":mag: This is what I would send to MindVideo. Nothing was started or charged."


def message(shown: DryRun) -> Message:
    """Return the answer, with the request as it would be sent."""
    price = prices.sentence(shown.forecast, shown.unit)
    told = follows(shown.decided, shown.unit)
    when = planned.would_start(shown.starts_at, shown.every, shown.forecast.amount, shown.unit)
    size = formatting.count(len(shown.body), "byte")
    body = [blocks.section(_HEAD)]
    if shown.prompt:
        body += [blocks.section("*Prompt*"), *blocks.quotes(shown.prompt)]
    if shown.shots:
        body += [blocks.section("*Shots*"), *blocks.quotes(text_of(shown.shots))]
    body += [blocks.section(f"*Request* · {size}"), *blocks.code(shown.body.decode())]
    if shown.has_files:
        body.append(blocks.context("Links take the place of attached files when it is sent."))
    body.append(blocks.section(f"*Price* · {price}"))
    if when:
        body.append(blocks.section(f"*When* · {when}"))
    if told:
        body.append(blocks.section(f"*Budgets* · {told}"))
    asked = question(shown.doubts)
    if asked:
        body.append(blocks.section(asked))
    return Message(text=" ".join(filter(None, [_HEAD, price, when, told, asked])), blocks=body)


def question(doubts: Sequence[str]) -> str:
    """Return what its user would be asked about first; nothing without doubts."""
    told = "\n".join(map(blocks.escape, doubts))
    return blocks.shorten(f"*Question* · I would ask first: {told}", _ASKED) if told else ""


def follows(decided: Decided, unit: str | None) -> str:
    """Return what budgets would say to the request; nothing where they let it pass."""
    match decided:
        case Admitted():
            return ""
        case NotAdmitted(reasons=reasons):
            return f"{budgets.why_refused(reasons, unit)} So I would refuse it."
        case AskFirst(kind=kind) if kind in FOR_APPROVERS:
            return "An approver would be asked first."
        case AskFirst(kind=QuestionKind.SOFT_CAP):
            return "It goes beyond a soft budget, so I would ask you first."
        case AskFirst():
            return "I would ask you to confirm the price."
        case _:
            assert_never(decided)


def missing(problems: Sequence[str]) -> Message:
    """Return the answer to a form that could not be sent as it is: what to change in it."""
    head = ":mag: As it is, this could not be sent. Nothing was started or charged."
    lines = "\n".join(f"• {blocks.escape(problem)}" for problem in problems)
    told = blocks.shorten(f"{head}\n{lines}", blocks.SECTION_LIMIT)
    return Message(text=told, blocks=[blocks.section(told)])


def view(told: Message) -> Mapping[str, Json]:
    """Return an answer as a modal on top of the form."""
    return View(
        type="modal",
        title=PlainTextObject(text=TRY),
        close=PlainTextObject(text="Back"),
        blocks=[dict(block) for block in told.blocks],
    ).to_dict()
