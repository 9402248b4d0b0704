"""The words about a planned job: when it starts, and why it did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bot.messages import blocks, budgets, formatting, prices
from bot.messages.prices import FormPrice
from bot.options.form_start import FormStart
from bot.options.times import FARTHEST_SECONDS, NO_SET_LATER
from storage.budget import AskFirst, NotAdmitted
from storage.job import Instant, Job, QuestionKind, RepeatEvery

PAUSED = "So it is paused: it is not repeated until somebody asks for it again."
MISSED = "I was not running when its time came, and that is more than an hour ago."


def planned_for(at: Instant) -> str:
    """Return when a job starts, in mrkdwn: each reader sees it in their own time zone."""
    return blocks.moment(at, "{date_long_pretty} at {time}")


_TIMES_A_MONTH: Mapping[RepeatEvery, int] = MappingProxyType(
    {
        RepeatEvery.DAY: 31,
        RepeatEvery.WEEKDAY: 23,
        RepeatEvery.WEEK: 5,
        RepeatEvery.MONTH: 1,
    }
)
"""The most moments of a repeat in one month."""


def repeats(job: Job) -> str:
    """Return how often a job is repeated: `every week`; empty if it is not."""
    return "" if job.repeat is None else f"every {job.repeat.every}"


def asked_about_repeat(job: Job, about: str, unit: str | None) -> str:
    """Return the question about a repeat: when, how often, and what a month of it costs."""
    repeat, amount = job.repeat, None if job.forecast is None else job.forecast.amount
    if repeat is None:
        return about
    cost = "Nobody knows yet what one costs."
    if amount is not None:
        cost = month_cost(repeat.every, amount, unit)
    starts_at = planned_for(job.starts_at or job.created_at)
    doubt = f" :warning: {about}" if about else ""
    return (
        f":repeat: This goes on by itself, {repeats(job)}, from {starts_at} on. {cost}{doubt} "
        "Nothing was started or charged yet."
    )


def month_cost(every: RepeatEvery, amount: Decimal, unit: str | None) -> str:
    """Return what each render of a repeat costs, and all of a month."""
    most, month = _TIMES_A_MONTH[every], ""
    if most > 1:
        cost = prices.about(amount * most, unit)
        month = f"; a month, with at most {most} of them, {cost}"
    return f"Each costs {prices.about(amount, unit)}{month}."


def would_start(
    starts_at: Instant | None, every: RepeatEvery | None, amount: Decimal | None, unit: str | None
) -> str:
    """Return when a request that is only shown would start; empty: at once."""
    if starts_at is None:
        return ""
    at = planned_for(starts_at)
    if every is None:
        return f"It would be priced and admitted {at}."
    return f"{_each('would be', every, at, amount, unit)} I would ask you first."


def _each(verb: str, every: RepeatEvery, at: str, amount: Decimal | None, unit: str | None) -> str:
    """Return when the renders of a repeat that begins `at` a time start, and what they cost."""
    starts = f"Each {verb} priced and admitted at its time, every {every} from {at} on."
    return starts if amount is None else f"{starts} {month_cost(every, amount, unit)}"


def in_form(
    price: FormPrice,
    start: FormStart,
    amount: Decimal | None,
    unit: str | None,
    *,
    parts: int,
    now: Instant,
) -> FormPrice:
    """Return what a form tells of its price with the time at which its request starts."""
    return replace(
        price, text=" ".join([price.text, *_told_in_form(start, amount, unit, parts, now)])
    )


def _told_in_form(
    start: FormStart, amount: Decimal | None, unit: str | None, parts: int, now: Instant
) -> Iterator[str]:
    """Yield the sentences about the time, if it does not start at once."""
    if start.at is None:
        if start.is_given:
            yield ":warning: Say below when it starts."
        return
    if parts > 1:
        yield f":warning: {NO_SET_LATER}"
        return
    if start.at <= now:
        yield ":warning: The time below is over."
        return
    if start.at - now > FARTHEST_SECONDS:
        yield ":warning: The time below is more than a year ahead."
        return
    at = planned_for(start.at)
    if start.every is None:
        yield f"It is priced and admitted at its time, {at}."
        return
    yield _each("is", start.every, at, amount, unit)


def about(job: Job, unit: str | None) -> str:
    """Return what a job will probably cost; empty if that is unknown."""
    amount = None if job.forecast is None else job.forecast.amount
    return "" if amount is None else prices.about(amount, unit)


def not_admitted(refused: NotAdmitted, unit: str | None) -> str:
    """Return why budgets did not let a job start, as sentences without markup."""
    return budgets.why_refused(refused.reasons, unit, is_plain=True)


def asked_first(question: AskFirst, priced: Job, unit: str | None) -> str:
    """Return why a job did not start about which its asker would have been asked."""
    if question.kind is QuestionKind.SOFT_CAP:
        return (
            f"{budgets.soft_cap(question.about)} has no room for it, so I did not start it unasked."
        )
    cost = about(priced, unit)
    if not cost:
        return "Nobody knows what it costs now, so I did not start it unasked."
    limit = formatting.money(Decimal(question.about), unit)
    return f"It costs {cost} now, which is more than you agreed to and above {limit}."
