"""What limits a user in a place: what is left first, then a bar for each budget."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from slack_sdk.models.blocks import ButtonElement

from bot.base.ports import Message
from bot.jobs.budget_view import BudgetLine, BudgetView
from bot.messages import blocks, formatting
from bot.messages.blocks import Block
from bot.messages.budgets import budget_name, day_name, not_counted, window_name
from storage.budget import Calendar, Raise, ScopeKind, Stop, Use, subtract, total
from storage.job import Instant

CHECKED = "budget_counts_checked"
"""Action ID of the button that confirms what is counted; its value is the doubt that it is about.
"""

BAR_CELLS = 12
MOST_LINES = 12
"""More budgets than this are counted, not shown: a message has at most 50 blocks."""


def budget_shown(view: BudgetView) -> Message:
    """Return the answer to `/video budget`."""
    head = headline(view)
    lines = [*view.lines, *view.others]
    rows = [row(line, view.unit) for line in lines]
    small = _small_print(view)
    doubt = _doubt_of(view)
    return Message(
        # Without bars, which a screen reader would read block by block.
        text="\n".join([head, *doubt, *(_in_words(line, view.unit) for line in lines)]),
        blocks=[
            blocks.section(head),
            *doubt_blocks(view),
            *map(blocks.section, _bounded(rows)),
            *small,
        ],
    )


def all_shown(
    lines: Sequence[BudgetLine],
    calendar: Calendar,
    unit: str | None,
    *,
    uncounted_since: Instant | None = None,
) -> Message:
    """Return the answer to `/video budget all`, which only those in charge get."""
    if not lines:
        head = "*No budget is set.* `/video budget set everyone 5 per day` sets one."
        return Message(text=head, blocks=[blocks.section(head)])
    head = f"*{formatting.count(len(lines), 'budget')} of this workspace*"
    rows = _bounded([row(line, unit, is_here=False) for line in lines])
    told = [head, *(_in_words(line, unit, is_here=False) for line in lines)]
    small = calendar_words(calendar)
    doubt = [] if uncounted_since is None else _doubt_to_check(uncounted_since)
    return Message(
        text="\n".join([*told, small]),
        blocks=[blocks.section(head), *doubt, *map(blocks.section, rows), blocks.context(small)],
    )


def doubt_blocks(view: BudgetView) -> list[Block]:
    """Return the blocks that say that budgets may count too little; none if they do not.

    Those in charge have a button that confirms what is counted.
    """
    if view.uncounted_since is None:
        return []
    if view.may_edit:
        return _doubt_to_check(view.uncounted_since)
    return [*map(blocks.section, _doubt_of(view))]


def _doubt_to_check(since: Instant) -> list[Block]:
    words = f"{doubt(since)} {how_to_check()}"
    return [blocks.section(words), blocks.actions([check_button(since)])]


def _doubt_of(view: BudgetView) -> list[str]:
    """Return the same as words, none or one text."""
    if view.uncounted_since is None:
        return []
    who = f" {people(view.in_charge)} can check that." if view.in_charge else ""
    then = f" {how_to_check()}" if view.may_edit else who
    return [f"{doubt(view.uncounted_since)}{then}"]


def doubt(since: Instant) -> str:
    """Return the warning that budgets may count too little since a backup was restored."""
    return f":warning: *Budgets may count too little*: {not_counted(since)}."


def how_to_check() -> str:
    """Return what those in charge do about it."""
    return (
        "Compare with MindVideo's own page, lower a budget if need be, then press *Checked* or "
        "type `/video budget checked`."
    )


def check_button(since: Instant) -> ButtonElement:
    """Return the button that confirms what is counted."""
    return blocks.button("Checked", CHECKED, repr(since), spoken="Checked what budgets count")


def own_section(view: BudgetView) -> list[Block]:
    """Return the blocks of a person's own budget in the Home tab."""
    own = [line for line in view.lines if _is_own(line)]
    if not own:
        return []
    rows = "\n".join(row(line, view.unit) for line in own)
    return [blocks.header("Your budget"), blocks.section(rows)]


def all_section(lines: Sequence[BudgetLine], unit: str | None) -> Block:
    """Return the budgets of a workspace as one block of the Home tab."""
    rows = _bounded([row(line, unit, is_here=False) for line in lines])
    return blocks.section("\n".join(rows) or "None is set: nothing limits what is spent.")


def _is_own(line: BudgetLine) -> bool:
    return line.use.applied.cap.scope.kind in {ScopeKind.PERSON, ScopeKind.EVERYONE}


def headline(view: BudgetView) -> str:
    """Return how much a user can still spend in a place, by the budget that has least left."""
    if view.stops:
        return "\n".join(map(_stopped, view.stops))
    hard = [line for line in view.lines if line.use.applied.cap.is_hard]
    if not hard:
        return f"{_unlimited(view)}{_this_month(view.used, view.unit)}"
    least = min(hard, key=_left)
    left, resets = _left(least), least.use.resets_at
    anew = "" if resets is None else f" It begins anew {blocks.moment(resets)}."
    name = budget_name(least.use.applied.cap.scope)
    per = window_name(least.use.applied.cap.window)
    if left <= 0:
        return f":no_entry: *You can spend nothing more here now*: {name} {per} is used up.{anew}"
    amount = formatting.money(left, view.unit)
    return f":moneybag: *You can spend {amount} more here*, by {name} {per}.{anew}"


def _unlimited(view: BudgetView) -> str:
    if view.lines:
        return ":moneybag: *No budget refuses anything here*; what goes beyond one is asked about."
    return ":moneybag: *No budget limits you here.*"


def _this_month(used: Use, unit: str | None) -> str:
    if not used.total:
        return " You used nothing this month."
    held = f", {formatting.money(used.held, unit)} of it held" if used.held else ""
    return f" You used {formatting.money(used.total, unit)} this month{held}."


def _stopped(stop: Stop) -> str:
    where = "here" if stop.scope.kind is ScopeKind.CHANNEL else "in this workspace"
    why = f": “{blocks.literal(stop.because)}”" if stop.because else ""
    by = f"<@{stop.by}>" if stop.by.startswith(("U", "W")) else "Whoever runs this bot"
    return f":octagonal_sign: *No new videos {where}*: {by} stopped them{why}. None is charged."


def row(line: BudgetLine, unit: str | None, *, is_here: bool = True) -> str:
    """Return a budget in two lines: what is left, and a bar of what is spent and held."""
    use, applied = line.use.use, line.use.applied
    name = _name(line, is_here=is_here)
    kind = "" if applied.cap.is_hard else " · soft: asks first"
    limit = formatting.money(applied.limit, unit)
    if applied.cap.scope.kind is ScopeKind.EVERYONE and not is_here:
        return f"*{name}*: {limit} for each person{kind}{_raised(line.raises, unit)}"
    left = formatting.money(max(_left(line), Decimal(0)), unit)
    parts = [f"{formatting.money(use.spent, unit)} spent"]
    if use.held:
        parts.append(f"{formatting.money(use.held, unit)} held")
    if line.use.resets_at is not None:
        parts.append(f"begins anew {blocks.moment(line.use.resets_at)}")
    if line.pace is not None:
        parts.append(f"at this pace used up {day_name(line.pace.used_up_on, applied.cap.window)}")
    head = f"*{name}*: *{left} left* of {limit}{kind}{_raised(line.raises, unit)}"
    return f"{head}\n`{bar(use, applied.limit)}` {' · '.join(parts)}"


def bar(use: Use, limit: Decimal) -> str:
    """Return a bar: full cells are spent, dark ones held, light ones left.

    What is there has a cell, however little it is.
    """
    if not limit:
        return "█" * BAR_CELLS
    spent = _cells(use.spent, limit)
    held = min(max(_cells(use.total, limit) - spent, int(use.held > 0)), BAR_CELLS - spent)
    return "█" * spent + "▓" * held + "░" * (BAR_CELLS - spent - held)


def _cells(amount: Decimal, limit: Decimal) -> int:
    return min(max(int(BAR_CELLS * amount / limit), int(amount > 0)), BAR_CELLS)


def _in_words(line: BudgetLine, unit: str | None, *, is_here: bool = True) -> str:
    return row(line, unit, is_here=is_here).replace(
        f"`{bar(line.use.use, line.use.applied.limit)}` ", ""
    )


def _name(line: BudgetLine, *, is_here: bool) -> str:
    cap = line.use.applied.cap
    return f"{formatting.capitalized(budget_name(cap.scope, is_here=is_here))} " + window_name(
        cap.window
    )


def _left(line: BudgetLine) -> Decimal:
    return subtract(line.use.applied.limit, line.use.use.total)


def _raised(raises: Sequence[Raise], unit: str | None) -> str:
    if not raises:
        return ""
    more = formatting.money(total(one.amount for one in raises), unit)
    return f" · raised by {more} until {blocks.moment(_first_end(raises))}"


def _first_end(raises: Sequence[Raise]) -> Instant:
    return min(one.until for one in raises)


def _bounded(rows: Sequence[str]) -> list[str]:
    more = len(rows) - MOST_LINES
    return [
        *rows[:MOST_LINES],
        *([f"and {formatting.count(more, 'more budget')}"] if more > 0 else []),
    ]


def _small_print(view: BudgetView) -> list[Block]:
    held = "Held: set aside for videos until MindVideo names their cost. " if view.lines else ""
    how = ""
    if view.may_edit:
        how = " · You may change budgets: `/video help budget`"
    elif view.in_charge and (view.lines or view.stops):
        how = f" · {people(view.in_charge)} can make room"
    return [blocks.context(f"{held}{calendar_words(view.calendar)}{how}")]


def people(users: Sequence[str]) -> str:
    """Return users as mentions, in an ephemeral message, which notifies nobody."""
    return " or ".join(f"<@{user}>" for user in users)


def calendar_words(calendar: Calendar) -> str:
    """Return when days and weeks begin."""
    day = formatting.weekday(calendar.first_weekday)
    return f"Days begin at midnight in {calendar.zone}, weeks on {day}."
