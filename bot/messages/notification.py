"""What a channel is told of its own accord: one job's news, and digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from bot.base.ports import Message
from bot.jobs.view import Sheet
from bot.messages import blocks, formatting
from bot.messages.job import cost_words, prompt_of, why_on_hold
from bot.money.costs import Day, Spend, Summary
from storage.job import Instant, Job, Stage
from storage.notification import NoticeKind

PROMPT_SHOWN = 150
# A digest is read at a glance; whoever wants all asks `/video cost`.
NAMED = 5
ALT_TEXT_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a notice about one job is made of."""

    kind: NoticeKind
    job: Job
    sheet: Sheet
    asker: str
    """Their name as plain text, so that it rings nobody."""
    detail: str
    """What happened, in words; of a result that somebody shares, their name as plain text."""
    link: str | None
    is_open: bool
    """The channel may know what was asked for: it was asked there, or in public."""


def notice_message(news: News) -> Message | None:
    """Return what a channel is told about one job; `None`: it is not this channel's business."""
    match news.kind:
        case NoticeKind.FINISHED:
            return _finished(news) if news.is_open else None
        case NoticeKind.FAILED:
            return _failed(news)
        case NoticeKind.PARKED:
            return _parked(news)
        case NoticeKind.TROUBLE:
            return _trouble(news)
        case NoticeKind.SHARED:
            return _shared(news) if news.is_open else None
        case NoticeKind.DIGEST:
            return None
        case _:
            assert_never(news.kind)


def _finished(news: News) -> Message:
    took = (news.job.finished_at or 0.0) - (news.job.submitted_at or news.job.created_at)
    small = f"{news.sheet.model_title} · {formatting.duration(took)} · "
    return _message(
        f":clapper: {_whose(news)} is ready: {_title(news)}",
        small + cost_words(news.job, news.sheet),
    )


def _shared(news: News) -> Message:
    sharer = f"*{blocks.escape(news.detail)}*"
    made_for = f" · made for {blocks.escape(news.asker)}" if news.asker != news.detail else ""
    return _message(
        f":clapper: {sharer} shares a video: {_title(news)}", news.sheet.model_title + made_for
    )


def _failed(news: News) -> Message:
    reason = blocks.escape(news.job.problem or "no reason was given")
    charge = (
        "nothing was charged"
        if news.job.stage is Stage.REJECTED
        else cost_words(news.job, news.sheet)
    )
    return _message(
        f":x: {_whose(news)} could not be made: {_title(news)}\n{reason}",
        f"{news.sheet.model_title} · {charge} · job `{news.job.id}`",
    )


def _parked(news: News) -> Message:
    told = [why_on_hold(news.job), news.detail if news.detail != news.job.problem else ""]
    reason = blocks.escape(" ".join(filter(None, told)))
    return _message(
        f":construction: {_whose(news)} is on hold and needs a person to look: {reason}",
        f"It is kept. `python -m bot jobs show {news.job.id}` tells all, "
        f"`python -m bot jobs resume {news.job.id}` lets it go on.",
    )


def _trouble(news: News) -> Message:
    # The timeline's line begins with the kind of the error.
    problem = blocks.escape(news.detail.partition(": ")[2] or news.detail)
    return _message(
        f":key: *Somebody must act.* {problem}",
        "Jobs wait meanwhile and go on by themselves once it is mended. The same trouble is "
        "told here once an hour at most.",
    )


def _whose(news: News) -> str:
    if not news.is_open:
        return "A video from a private conversation"
    return f"A video for *{blocks.escape(news.asker)}*"


def _title(news: News) -> str:
    if not news.is_open:
        return f"job `{news.job.id}`"
    words = " ".join(prompt_of(news.job).split()) or news.job.model
    # A link's label ends at `|` and `>`; the latter is escaped with the rest.
    title = blocks.escape(blocks.shorten(words, PROMPT_SHOWN)).replace("|", "¦")
    return f"“{title}”" if news.link is None else f"<{news.link}|“{title}”>"


def _message(line: str, small: str) -> Message:
    return Message(text=line, blocks=[blocks.section(line), blocks.context(small)])


def digest_message(
    summary: Summary,
    *,
    since: Instant,
    until: Instant,
    names: Mapping[str, str],
    titles: Mapping[str, str],
    unit: str | None,
) -> Message:
    """Return a digest; `names` by user ID as plain text, `titles` by the model's slug."""
    days = round((until - since) / 86400)
    title = (
        f"Videos of the last {formatting.count(days, 'day')}" if days > 1 else "Videos of the day"
    )
    span = f"{blocks.moment(since)} to {blocks.moment(until)}, in the whole workspace"
    if summary.asked == 0:
        line = f":bar_chart: *{title}*\nNobody asked for a video."
        return _message(line, span)
    counted = _counts(summary)
    spent = _spent(summary, unit)
    billed = "" if unit else "; amounts as billed by MindVideo"
    body = [
        blocks.section(f":bar_chart: *{title}*\n{counted}\n{spent}"),
        blocks.section(_ranking("By person", summary.by_person, names, unit)),
        blocks.section(_ranking("By model", summary.by_model, titles, unit)),
        blocks.context(f"{span}{billed}"),
    ]
    return Message(text=f"{title}: {counted} {spent}", blocks=body)


def _counts(summary: Summary) -> str:
    parts = [
        f"{formatting.count(summary.asked, 'video')} asked for",
        f"{summary.succeeded} finished",
        *(
            f"{number} {what}"
            for number, what in (
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
    return line


def _signed(share: Decimal) -> str:
    return "as estimated" if not share else f"{share:+.0%}"


def _amount(spend: Spend, unit: str | None) -> str:
    amount = formatting.money(spend.amount, unit)
    pending = f" and {spend.pending} pending" if spend.pending else ""
    return f"{amount}{pending}"


def _ranking(
    title: str, spends: Sequence[Spend], names: Mapping[str, str], unit: str | None
) -> str:
    lines = [
        f"• {blocks.escape(names.get(spend.name, spend.name))}: {_amount(spend, unit)} for "
        f"{formatting.count(spend.videos, 'video')}"
        for spend in spends[:NAMED]
    ]
    rest = len(spends) - NAMED
    more = [f"• and {rest} more"] if rest > 0 else []
    return "\n".join([f"*{title}*", *lines, *more])


def chart_words(days: Sequence[Day]) -> str:
    """Return what a screen reader says of the chart."""
    said = "; ".join(f"{day.date:%A} {day.date.day}: {_day(day)}" for day in days)
    return blocks.shorten(f"Bar chart of videos a day. {said}.", ALT_TEXT_LIMIT)


def chart_title(days: Sequence[Day]) -> str:
    """Return the title of the chart's file."""
    return f"Videos a day until {days[-1].date.isoformat()}"


def chart_filename(days: Sequence[Day]) -> str:
    """Return the name of the chart's file."""
    return f"videos-{days[-1].date.isoformat()}.png"


def _day(day: Day) -> str:
    if not day.succeeded and not day.failed:
        return "none"
    failed = f", {day.failed} failed" if day.failed else ""
    return f"{day.succeeded} finished{failed}"
