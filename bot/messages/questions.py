"""Questions to the asker of a request, and the button that confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from slack_sdk.models.blocks import ButtonElement

from bot.base.ports import Message
from bot.messages import (
    approvals,
    blocks,
    budgets,
    buttons,
    formatting,
    planned,
    prices,
    sets,
)
from bot.messages.job import prompt_of
from bot.money.forecast import total_forecast
from bot.options.draft import Draft
from bot.options.small_talk import SmallTalk
from storage.job import Forecast, ForecastKind, Job, Question, QuestionKind

PROMPT_SHOWN = 100


def asked(
    job: Job,
    left_out: Sequence[str] = (),
    unit: str | None = None,
    draft: Draft | None = None,
) -> Message:
    """Return the question of a waiting request, with the button that confirms it.

    `left_out` has the titles of options that its model does not have. `unit` is the unit of
    amounts, if the operator named one. With the `draft` of what was typed, a request that may not
    be meant can be corrected in the form.
    """
    question = job.question
    if question is not None and question.is_for_approvers:
        text = approvals.asked(job, unit)
        return Message(text=text, blocks=blocks.sections(text))
    text = _EXPIRED if question is None else _told(question, job, unit)
    text += _without(left_out)
    if question is None:
        return Message(text=text, blocks=blocks.sections(text))
    if question.kind is QuestionKind.BEYOND_HARD_CAP:
        row = blocks.actions([buttons.ask_approver(job)])
    else:
        confirm = buttons.confirm(job, _label(question.kind, job, unit))
        row = blocks.actions([confirm, *_correction(question, draft)])
    return Message(text=text, blocks=[*blocks.sections(text), row])


def _correction(question: Question, draft: Draft | None) -> Sequence[ButtonElement]:
    """Return the button that opens the form, where words may not do what their asker means."""
    value = draft.to_value() if draft and question.kind in _OF_WORDS else None
    return [] if value is None else [buttons.open_draft(value)]


_OF_WORDS = frozenset({QuestionKind.UNKNOWN_OPTION, QuestionKind.DOUBT})


def did_you_mean(command: str) -> str:
    """Return the question about a mistyped command, as it stands in a code span."""
    return f"Did you mean `{command}`?"


def _without(left_out: Sequence[str]) -> str:
    names = blocks.escape(", ".join(left_out))
    return f"\nThat model does not have {names}." if left_out else ""


def set_asked(
    parts: Sequence[Job],
    left_out: Sequence[str] = (),
    unit: str | None = None,
    draft: Draft | None = None,
) -> Message:
    """Return the question about a set that waits, with the button that confirms all of it.

    The question is that of each part; all else is as for `asked`.
    """
    first, question = parts[0], parts[0].question
    if question is None:
        return expired()
    text = _of_set(question, parts, unit) + _without(left_out)
    confirm = buttons.confirm(first, _set_label(parts, unit))
    row = blocks.actions([confirm, *_correction(question, draft)])
    return Message(text=text, blocks=[*blocks.sections(text), row])


def _of_set(question: Question, parts: Sequence[Job], unit: str | None) -> str:
    many, told = sets.videos(len(parts)), prices.together(len(parts), _together(parts), unit)
    match question.kind:
        case QuestionKind.PRICE:
            why = ""
            if question.about:
                limit = formatting.money(Decimal(question.about), unit)
                why = f" I ask before I render what costs more than {limit}."
            return f":moneybag: {told}{why} Nothing was started or charged yet."
        case QuestionKind.SOFT_CAP:
            cap = budgets.soft_cap(question.about)
            return f":moneybag: {told} {cap} has no room left for it. Nothing was started yet."
        case QuestionKind.DUPLICATE:
            return (
                f":eyes: Some or all of these {many} are the same as what you asked for a moment "
                "ago, which is on its way. I did not start them, because it would be charged again."
            )
        case _:
            return f"{_sentence(question, parts[0], unit)} If I render it, it makes {told}"


def _set_label(parts: Sequence[Job], unit: str | None) -> str:
    amount, many = _together(parts).amount, sets.videos(len(parts))
    return f"Render {many}" + ("" if amount is None else f" for {prices.about(amount, unit)}")


def _together(parts: Sequence[Job]) -> Forecast:
    """Return the forecast of parts together."""
    return total_forecast([part.forecast or Forecast(kind=ForecastKind.UNKNOWN) for part in parts])


def expired() -> Message:
    """Return the answer to a confirmation that came too late for the asker's own question."""
    return Message(text=_EXPIRED, blocks=blocks.sections(_EXPIRED))


_EXPIRED = (
    "That question is more than an hour old, so I started nothing and nothing was charged. "
    "Please ask again."
)


_ABOUT_MONEY = frozenset(
    {
        QuestionKind.PRICE,
        QuestionKind.REPEAT,
        QuestionKind.SOFT_CAP,
        QuestionKind.BEYOND_HARD_CAP,
    }
)


def _told(question: Question, job: Job, unit: str | None) -> str:
    """Return the question with the price, which whoever confirms it agrees to."""
    sentence = _sentence(question, job, unit)
    if question.kind in _ABOUT_MONEY or job.reserved is None:
        return sentence
    return f"{sentence} If I render it, {_cost(job, unit)}."


def _sentence(  # noqa: C901, PLR0911 - one case for each kind, and nothing else
    question: Question, job: Job, unit: str | None
) -> str:
    about = blocks.escape(question.about)
    match question.kind:
        case QuestionKind.DUPLICATE:
            return (
                f":eyes: You asked for exactly this a moment ago, and job `{about}` is on its way. "
                "I did not start a second one, because it would be charged again."
            )
        case QuestionKind.LATE_EVENT:
            return (
                f":hourglass: Your message from {blocks.moment(float(about))} reached me only now: "
                f"“{blocks.literal(_prompt(job))}”. Nothing was started or charged."
            )
        case QuestionKind.SMALL_TALK:
            return _kindly(SmallTalk(question.about))
        case QuestionKind.MISTYPED:
            return f"{did_you_mean(about)} Nothing was started or charged."
        case QuestionKind.UNKNOWN_OPTION:
            return (
                f"`{about}` looks like an option, but is none as it is written, so it would be a "
                "part of the prompt. Nothing was started or charged."
            )
        case QuestionKind.REPEAT:
            return planned.asked_about_repeat(job, about, unit)
        case QuestionKind.DOUBT:
            return f":warning: {about} Nothing was started or charged."
        case QuestionKind.PRICE:
            return f":moneybag: {_price(question, job, unit)} Nothing was started or charged yet."
        case QuestionKind.SOFT_CAP:
            cap = budgets.soft_cap(question.about)
            return (
                f":moneybag: {cap} has no room left for this, and {_cost(job, unit)}. "
                "Nothing was started or charged yet."
            )
        case QuestionKind.BEYOND_HARD_CAP:
            cap = budgets.soft_cap(question.about)
            return f":no_entry: {cap} has no room for this. Nothing was started or charged."
        case (
            QuestionKind.APPROVE_PRICE
            | QuestionKind.APPROVE_SOFT_CAP
            | QuestionKind.APPROVE_HARD_CAP
        ):
            return approvals.asked(job, unit)
        case _:
            assert_never(question.kind)


def _price(question: Question, job: Job, unit: str | None) -> str:
    if not question.about:
        return "I do not know what this costs: MindVideo has not named a price for its like yet."
    limit = formatting.money(Decimal(question.about), unit)
    return f"I ask before I render what costs more than {limit}: {_cost(job, unit)}."


def _cost(job: Job, unit: str | None) -> str:
    if job.reserved is None:
        return "nobody knows yet what it costs"
    return f"it costs about {formatting.money(job.reserved, unit)}"


def _kindly(talk: SmallTalk) -> str:
    """Return the answer to small talk."""
    match talk:
        case SmallTalk.GREETING:
            return f":wave: Hello! {_OFFER}"
        case SmallTalk.THANKS:
            return "You are welcome! Nothing was started or charged."
        case SmallTalk.AGREEMENT:
            return "Noted. Nothing was started or charged."
        case SmallTalk.QUESTION:
            return (
                f"I make videos from words, and I am no good at talking. {_OFFER} `/video help` "
                "shows all that I can do, `/video list` how your videos stand."
            )
        case SmallTalk.SINGLE_WORD:
            return (
                "Is that one word what the video should show? Nothing was started or charged yet."
            )
        case _:
            assert_never(talk)


_OFFER = "Tell me what a video should show, such as “a lake at dawn”, and I make it."


def _label(kind: QuestionKind, job: Job, unit: str | None) -> str:
    match kind:
        case QuestionKind.SMALL_TALK:
            return f"Make a video of “{_end_of_prompt(job, 40)}”"
        case QuestionKind.LATE_EVENT:
            return "Render it now"
        case QuestionKind.REPEAT:
            return "Repeat it"
        case QuestionKind.PRICE | QuestionKind.SOFT_CAP if job.reserved is not None:
            return f"Render it for about {formatting.money(job.reserved, unit)}"
        case (
            QuestionKind.PRICE
            | QuestionKind.SOFT_CAP
            | QuestionKind.DUPLICATE
            | QuestionKind.MISTYPED
            | QuestionKind.UNKNOWN_OPTION
            | QuestionKind.DOUBT
            | QuestionKind.BEYOND_HARD_CAP
            | QuestionKind.APPROVE_PRICE
            | QuestionKind.APPROVE_SOFT_CAP
            | QuestionKind.APPROVE_HARD_CAP
        ):
            return "Render it anyway"
        case _:
            assert_never(kind)


def _prompt(job: Job, limit: int = PROMPT_SHOWN) -> str:
    return blocks.shorten(" ".join(prompt_of(job).split()), limit)


def _end_of_prompt(job: Job, limit: int) -> str:
    """Return the prompt; of one that words were added to, the end of it, where they are."""
    if job.parent_id is None:
        return _prompt(job, limit)
    prompt = " ".join(prompt_of(job).split())
    return prompt if len(prompt) <= limit else f"{blocks.ELLIPSIS}{prompt[1 - limit :].lstrip()}"
