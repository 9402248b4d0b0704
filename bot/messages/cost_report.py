"""What renders cost: the answer to `/video cost`, and the messages with its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

from bot.base.ports import Message
from bot.messages import blocks, formatting
from bot.messages.blocks import Block
from bot.money.cost_query import Whose
from bot.money.cost_report import (
    DIRECT,
    NO_PROJECT,
    PRIVATE,
    CostLine,
    Costs,
    Dimension,
    Sum,
)
from storage.budget import Period, Window

CSV = "cost_csv"
CHART = "cost_chart"
"""Action IDs of the buttons under a report."""

WHOSE: Mapping[Whose, str] = MappingProxyType(
    {Whose.ME: "you", Whose.CHANNEL: "this channel", Whose.TEAM: "the whole team"}
)
"""The scopes of a report in words."""

BAR_CELLS = 10
ALT_TEXT_LIMIT = 1000
MOST_LINES = 15
"""More lines than these are counted: a section holds 3,000 characters."""

_NOTE = (
    "Held: set aside for videos under way. Unconfirmed: the video is over, and MindVideo has never "
    "named its cost."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """What the answer to `/video cost` shows."""

    whose: str
    """Whose costs the whole is: `you`, `this channel`, `the whole team`."""
    window: Window
    period: Period
    is_last: bool
    now: Costs
    before: Costs
    by: Dimension | None
    """The dimension of the lines; `None`: each line is about a scope, named in words."""
    lines: Sequence[CostLine]
    titles: Mapping[str, str]
    """The models' titles by slug."""
    unit: str | None
    zone: str
    """Where days begin at midnight."""
    spec: str
    """The value of its buttons."""


def report_message(report: CostReport) -> Message:
    """Return the answer: the sum of a period, and lines with bars."""
    head = _head(report)
    most = max((line.now.total for line in report.lines), default=Decimal(0))
    shown, rest = report.lines[:MOST_LINES], len(report.lines) - MOST_LINES
    more = [f"and {rest} more, which the CSV lists"] if rest > 0 else []
    rows = [_row(line, report, f"\n`{bar(line.now.total, most)}` ") for line in shown]
    told = [_row(line, report, ": ") for line in shown]
    note = f"{_NOTE} Days begin at midnight in {report.zone}."
    body: list[Block] = [
        blocks.section(head),
        *([blocks.section("\n".join([*rows, *more]))] if rows else []),
        blocks.actions(
            [
                blocks.button("Chart", CHART, report.spec),
                blocks.button("Download CSV", CSV, report.spec),
            ]
        ),
        blocks.context(note),
    ]
    # Without bars, which a screen reader would read block by block.
    return Message(text="\n".join([head, *told, *more, note]), blocks=body)


def bar(amount: Decimal, most: Decimal) -> str:
    """Return a bar of an amount beside the largest one; anything above nothing fills a cell."""
    filled = int(BAR_CELLS * amount / most) if most else 0
    filled = max(filled, int(amount > 0))
    return "█" * filled + "░" * (BAR_CELLS - filled)


def period_name(window: Window, period: Period) -> str:
    """Return the name of a period: `November 2026`, `the week of 23 November 2026`."""
    first = date.fromisoformat(period.first)
    match window:
        case Window.MONTH:
            return f"{first:%B %Y}"
        case Window.WEEK:
            return f"the week of {first.day} {first:%B %Y}"
        case _:
            return f"{first.day} {first:%B %Y}"


def summed(costs: Costs, unit: str | None) -> str:
    """Return what renders cost, by kinds of money: `0.38 USD confirmed for 1 render`."""
    return _parts(costs, unit) if costs.renders else "nothing"


def name_of(by: Dimension, key: str, titles: Mapping[str, str]) -> str:
    """Return the name of a line in mrkdwn. The mentions are for ephemeral messages."""
    constants = {
        PRIVATE: "private conversations",
        DIRECT: "direct messages with me",
        NO_PROJECT: "no project",
    }
    if key in constants and by in {Dimension.CHANNEL, Dimension.PROJECT}:
        return constants[key]
    match by:
        case Dimension.PERSON:
            return f"<@{key}>"
        case Dimension.CHANNEL:
            return f"<#{key}>"
        case Dimension.MODEL:
            return blocks.literal(titles.get(key, key))
        case Dimension.PROJECT:
            return blocks.literal(key)
        case Dimension.DAY:
            day = date.fromisoformat(key)
            return f"{day:%a} {day.day} {day:%b}"


def file_comes(name: str) -> Message:
    """Return the answer to a button that asks for a file."""
    line = f":inbox_tray: {name} comes to your direct messages with me."
    return Message(text=line, blocks=[blocks.section(line)])


def report_gone() -> Message:
    """Return the answer to a button whose report cannot be read."""
    line = "I cannot read this report any more. `/video cost` makes a new one."
    return Message(text=line, blocks=[blocks.section(line)])


def file_message(whose: str, window: Window, period: Period) -> Message:
    """Return the message that a report's file comes with."""
    line = f":bar_chart: What {whose} spent: {period_name(window, period)}"
    return Message(text=line, blocks=[blocks.section(line)])


def not_taken() -> Message:
    """Return the message in place of a file that Slack does not take."""
    line = ":warning: Slack takes no file here, so the one with the costs cannot come."
    return Message(text=line, blocks=[blocks.section(line)])


def _head(report: CostReport) -> str:
    when = period_name(report.window, report.period)
    which = _WHICH[report.window][report.is_last]
    by = f", by {report.by}" if report.by else ""
    whose = "What was spent" if report.by is None else f"What {report.whose} spent"
    head = f":bar_chart: *{whose} {which}{by}* ({when})"
    before = _BEFORE[report.window][report.is_last]
    if not report.now.renders and not report.before.renders:
        return f"{head}\nNothing was spent, and nothing {before}."
    # Scopes overlap, so that a sum beside them would be one of them.
    if report.by is None:
        return head
    told = f"*{_total(report.now, report)}*"
    if report.now.renders:
        told += f": {_parts(report.now, report.unit)}"
    return f"{head}\n{told}. {formatting.capitalized(before)}: {_total(report.before, report)}."


def _row(line: CostLine, report: CostReport, gap: str) -> str:
    """Return the sum of a line, and behind the gap its parts."""
    name = line.name if report.by is None else name_of(report.by, line.name, report.titles)
    head = f"*{name}*: {_total(line.now, report)}"
    if report.by is not Dimension.DAY:
        before = _BEFORE[report.window][report.is_last]
        head += f" ({before}: {_total(line.before, report)})"
    return f"{head}{gap}{_parts(line.now, report.unit)}" if line.now.renders else head


def _total(costs: Costs, report: CostReport) -> str:
    return formatting.money(costs.total, report.unit) if costs.total else "nothing"


def _parts(costs: Costs, unit: str | None) -> str:
    named = (
        ("confirmed", costs.confirmed),
        ("held", costs.held),
        ("unconfirmed", costs.unconfirmed),
    )
    parts = [_part(word, one, unit) for word, one in named if one.renders]
    if costs.unpriced:
        parts.append(f"{costs.unpriced} of them without a known price")
    return ", ".join(parts)


def _part(word: str, one: Sum, unit: str | None) -> str:
    amount = formatting.money(one.amount, unit) if one.amount else "nothing yet"
    return f"{amount} {word} for {formatting.count(one.renders, 'render')}"


_WHICH = {
    Window.DAY: ("today", "yesterday"),
    Window.WEEK: ("this week", "last week"),
    Window.MONTH: ("this month", "last month"),
}
_BEFORE = {
    Window.DAY: ("yesterday", "the day before"),
    Window.WEEK: ("last week", "the week before"),
    Window.MONTH: ("last month", "the month before"),
}


def file_title(window: Window, period: Period) -> str:
    """Return the title of a report's file."""
    return f"Costs, {period_name(window, period)}"


def file_name(period: Period, ending: str) -> str:
    """Return the name of a report's file: from its first to its last day."""
    last = date.fromisoformat(period.until) - timedelta(days=1)
    return f"video-costs-{period.first}-to-{last.isoformat()}.{ending}"


def csv_name(name: str, key: str) -> str:
    """Return a name with its ID behind, because two people may have one name."""
    return f"{name} ({key})" if name else key


def chart_words(days: Sequence[tuple[date, Costs]], unit: str | None) -> str:
    """Return the alternative text of a chart, for screen readers."""
    listed = "; ".join(
        f"{day.day} {day:%B}: {formatting.money(costs.total, unit)}"
        for day, costs in days
        if costs.total
    )
    told = f"Bar chart of costs by day and by model. {listed or 'Nothing was spent'}."
    return blocks.shorten(told, ALT_TEXT_LIMIT)
