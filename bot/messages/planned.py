"""The words about a planned job: when it starts, and why it did not."""

from __future__ import annotations

from decimal import Decimal

from bot.messages import blocks, budgets, formatting, prices
from storage.budget import AskFirst, NotAdmitted
from storage.job import Instant, Job, QuestionKind

MISSED = "I was not running when its time came, and that is more than an hour ago."


def planned_for(at: Instant) -> str:
    """Return when a job starts, in mrkdwn: each reader sees it in their own time zone."""
    return blocks.moment(at, "{date_long_pretty} at {time}")


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
