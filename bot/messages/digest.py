"""The digest: figures of a period, and the texts for its chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.base.ports import Message
from bot.jobs.feedback import FeedbackSummary, Tally
from bot.messages import blocks, formatting
from bot.messages.review_text import THUMBS_DOWN, THUMBS_UP
from bot.money.costs import Day, Share, Summary
from storage.costs import Spend
from storage.job import Instant

# The most rows of a ranking, to keep a digest short.
NAMED = 5
ALT_TEXT_LIMIT = 1000


def digest_message(
    summary: Summary,
    feedback: FeedbackSummary,
    *,
    since: Instant,
    until: Instant,
    names: Mapping[str, str],
    titles: Mapping[str, str],
    unit: str | None,
) -> Message:
    """Return the digest of the period from `since` to `until`.

    `names` has plain text by user ID, `titles` the models' titles by slug.
    """
    days = round((until - since) / 86400)
    title = (
        f"Videos of the last {formatting.count(days, 'day')}" if days > 1 else "Videos of the day"
    )
    span = f"{blocks.moment(since)} to {blocks.moment(until)}, in the whole workspace"
    if summary.asked == 0:
        line = f":bar_chart: *{title}*\nNobody asked for a video."
        body = [blocks.section(line), *_thumbs(feedback, titles), blocks.context(span)]
        return Message(text=line, blocks=body)
    counted = _counts(summary)
    spent = _spent(summary, unit)
    body = [
        blocks.section(f":bar_chart: *{title}*\n{counted}\n{spent}"),
        blocks.section(_ranking("By person", summary.by_person, names, unit)),
        blocks.section(_ranking("By model", summary.by_model, titles, unit)),
        *_thumbs(feedback, titles),
        blocks.context(span),
    ]
    return Message(text=f"{title}: {counted} {spent}", blocks=body)


def _counts(summary: Summary) -> str:
    parts = [
        f"{formatting.count(summary.asked, 'video')} asked for",
        f"{summary.succeeded} finished",
        *(
            f"{number} {state}"
            for number, state in (
                (summary.failed, "failed"),
                (summary.cancelled, "cancelled"),
                (summary.parked, "on hold"),
                (summary.running, "still on the way"),
            )
            if number
        ),
    ]
    sentences = [", ".join(parts) + "."]
    if summary.success_rate is not None:
        sentences.append(f"Success rate {summary.success_rate:.0%}.")
    if summary.median_seconds is not None:
        sentences.append(f"Median time {formatting.duration(summary.median_seconds)}.")
    return " ".join(sentences)


def _spent(summary: Summary, unit: str | None) -> str:
    line = f"Spent {_amount(summary.spent, unit)}."
    if summary.estimated:
        change = (summary.billed - summary.estimated) / summary.estimated
        line += (
            f" Billed {formatting.money(summary.billed, unit)} against an estimate of "
            f"{formatting.money(summary.estimated, unit)} ({_signed(change)})."
        )
    if summary.forecast:
        change = (summary.forecast_billed - summary.forecast) / summary.forecast
        line += (
            f" Our own forecast was {formatting.money(summary.forecast, unit)} for what cost "
            f"{formatting.money(summary.forecast_billed, unit)} ({_signed(change, 'as foreseen')})."
        )
    return line


def _signed(share: Decimal, same: str = "as estimated") -> str:
    return same if not share else f"{share:+.0%}"


def _amount(spend: Spend, unit: str | None) -> str:
    amount = formatting.money(spend.total, unit) if spend.total else "nothing"
    pending = f" and {spend.pending} pending" if spend.pending else ""
    return f"{amount}{pending}"


def _ranking(
    title: str, shares: Sequence[Share], names: Mapping[str, str], unit: str | None
) -> str:
    lines = [
        f"• {blocks.literal(names.get(share.name, share.name))}: {_amount(share.spend, unit)} for "
        f"{formatting.count(share.videos, 'video')}"
        for share in shares
    ]
    return _first_of(title, lines)


def _first_of(title: str, lines: Sequence[str]) -> str:
    """Return the first lines of a ranking under its title, and how many more there are."""
    rest = len(lines) - NAMED
    more = [f"• and {rest} more"] if rest > 0 else []
    return "\n".join([f"*{title}*", *lines[:NAMED], *more])


def _thumbs(feedback: FeedbackSummary, titles: Mapping[str, str]) -> list[blocks.Block]:
    """Return the feedback that people gave in the period; nothing if nobody gave any."""
    rankings = {
        "Thumbs by style": (feedback.by_style, {"": "other styles"}),
        "Thumbs by mode": (feedback.by_mode, {}),
        "Thumbs by model": (feedback.by_model, titles),
    }
    told = [
        _first_of(title, [_counted(tally, names) for tally in tallies])
        for title, (tallies, names) in rankings.items()
        if tallies
    ]
    return [blocks.section("\n".join(told))] if told else []


def _counted(tally: Tally, names: Mapping[str, str]) -> str:
    name = blocks.literal(names.get(tally.name, tally.name))
    return f"• {name}: {THUMBS_UP} {tally.good} · {THUMBS_DOWN} {tally.bad}"


def chart_words(days: Sequence[Day]) -> str:
    """Return the alternative text of the chart, for screen readers."""
    listed = "; ".join(f"{day.date:%A} {day.date.day}: {_day(day)}" for day in days)
    what = "videos and costs" if any(day.spent for day in days) else "videos"
    return blocks.shorten(f"Bar chart of {what} a day. {listed}.", ALT_TEXT_LIMIT)


def chart_title(days: Sequence[Day]) -> str:
    """Return the title of the chart's file."""
    return f"Videos a day until {days[-1].date.isoformat()}"


def chart_filename(days: Sequence[Day]) -> str:
    """Return the name of the chart's file."""
    return f"videos-{days[-1].date.isoformat()}.png"


def _day(day: Day) -> str:
    cost = f", cost {formatting.money(day.spent, None)}" if day.spent else ""
    if not day.succeeded and not day.failed:
        return f"none{cost}"
    failed = f", {day.failed} failed" if day.failed else ""
    return f"{day.succeeded} finished{failed}{cost}"
