"""Tests of how budgets are shown: what is left first, then a bar for each."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.budget_view import BudgetLine
from bot.messages import budget_table
from sandbox.slack.blocks import checked_blocks
from storage.budget import CapUse, Pace, Raise, ScopeKind, Stop, Use, Window
from tests.support.budget_samples import CAP, NO_BUDGET, SHORT

LINE = BudgetLine(use=CapUse(applied=SHORT.applied, use=SHORT.use, resets_at=86400.0))
"""Of 5 per day, 4.4 are spent and 0.5 held."""
SOFT = replace(
    LINE, use=replace(LINE.use, applied=replace(SHORT.applied, cap=replace(CAP, is_hard=False)))
)
VIEW = replace(NO_BUDGET, lines=(LINE,), unit="USD", may_edit=False)


@pytest.mark.parametrize(
    ("spent", "held", "limit", "bar"),
    [
        ("0", "0", "12", "░░░░░░░░░░░░"),
        ("6", "3", "12", "██████▓▓▓░░░"),
        ("0.01", "0.01", "12", "█▓░░░░░░░░░░"),
        ("12", "0", "12", "████████████"),
        ("11", "9", "12", "███████████▓"),
        ("99", "9", "12", "████████████"),
        ("0", "0", "0", "████████████"),
    ],
)
def test_a_bar_has_what_is_spent_and_then_what_is_held(
    spent: str, held: str, limit: str, bar: str
) -> None:
    """What is there has a cell, and a bar never grows longer."""
    use = Use(spent=Decimal(spent), held=Decimal(held))
    assert budget_table.bar(use, Decimal(limit)) == bar


def test_what_is_left_comes_first() -> None:
    """Then each budget, then what the words mean, and who can make room."""
    shown = budget_table.budget_shown(VIEW)
    first, second = shown.text.splitlines()[:2]
    assert first == (
        ":moneybag: *You can spend 0.1 USD more here*, by your budget per day. "
        "It begins anew <!date^86400^{date_short_pretty} {time}|1970-01-02 00:00 UTC>."
    )
    assert second == "*Your budget per day*: *0.1 USD left* of 5 USD"
    assert "█" not in shown.text
    assert "`██████████▓░`" in str(shown.blocks)
    assert "Held: set aside for videos until MindVideo names their cost." in str(shown.blocks)
    assert "<@U1> can make room" in str(shown.blocks)
    assert checked_blocks([dict(block) for block in shown.blocks])


@pytest.mark.parametrize(
    ("lines", "head"),
    [
        ((), "*No budget limits you here.* You used nothing this month."),
        ((SOFT,), "*No budget refuses anything here*; what goes beyond one is asked about."),
        (
            (LINE, replace(LINE, use=replace(LINE.use, use=Use(spent=Decimal(6))))),
            "*You can spend nothing more here now*: your budget per day is used up.",
        ),
    ],
)
def test_the_least_that_is_left_decides(lines: tuple[BudgetLine, ...], head: str) -> None:
    assert head in budget_table.headline(replace(VIEW, lines=lines))


def test_a_stop_goes_before_everything() -> None:
    """With who stopped it and why; nothing in a reason is markup."""
    stop = Stop(scope=CAP.scope, by="operator", because="<!here> *audit*", at=0.0)
    head = budget_table.headline(replace(VIEW, stops=(stop,)))
    assert head.startswith(
        ":octagonal_sign: *No new videos in this workspace*: Whoever runs this bot stopped them: "
        "“&lt;!here&gt; "
    )


def test_a_raise_and_a_pace_that_is_too_high_are_told() -> None:
    more = Raise(scope=CAP.scope, amount=Decimal(2), until=3600.0, by="U9", because="", at=0.0)
    ahead = Pace(used_up_on="2026-11-23", total=Decimal("7.5"))
    row = budget_table.row(replace(LINE, raises=(more,), pace=ahead), "USD")
    assert " · raised by 2 USD until <!date^3600^" in row
    assert row.endswith(" · at this pace used up on the 23rd")
    assert "pace" not in budget_table.row(LINE, "USD")
    weekly = replace(CAP, window=Window.WEEK)
    use = replace(LINE.use, applied=replace(SHORT.applied, cap=weekly))
    row = budget_table.row(replace(LINE, use=use, pace=ahead), "USD")
    assert row.endswith(" · at this pace used up on Monday")


def test_nobody_can_check_where_nobody_is_in_charge() -> None:
    """After a restore; a view of those in charge is told how."""
    view = replace(VIEW, uncounted_since=60.0, in_charge=())
    assert budget_table.budget_shown(view).text.splitlines()[1] == (
        ":warning: *Budgets may count too little*: a backup was restored, and what was asked after "
        "<!date^60^{date_short_pretty} {time}|1970-01-01 00:01 UTC> is not counted."
    )
    shown = budget_table.budget_shown(replace(view, may_edit=True))
    assert "lower a budget if need be, then press *Checked* or type" in shown.text
    assert checked_blocks([dict(block) for block in shown.blocks])


def test_more_budgets_than_a_message_holds_are_counted() -> None:
    shown = budget_table.all_shown((LINE,) * 40, NO_BUDGET.calendar, None)
    assert checked_blocks([dict(block) for block in shown.blocks])
    assert "and 28 more budgets" in str(shown.blocks)
    assert "*40 budgets of this workspace*" in shown.text
    assert "No budget is set" in budget_table.all_shown((), NO_BUDGET.calendar, None).text


def test_a_cap_of_everyone_is_each_persons() -> None:
    """Among all budgets it has no use of its own; in the Home tab it is the reader's."""
    cap = replace(CAP, scope=replace(CAP.scope, kind=ScopeKind.EVERYONE, name=""))
    line = replace(LINE, use=replace(LINE.use, applied=replace(SHORT.applied, cap=cap)))
    assert budget_table.row(line, "USD", is_here=False) == (
        "*Everybody's own budget per day*: 5 USD for each person"
    )
    own = budget_table.own_section(replace(VIEW, lines=(line,)))
    assert "Your budget per day" in str(own)
    workspace = replace(cap, scope=replace(cap.scope, kind=ScopeKind.WORKSPACE))
    other = replace(line, use=replace(line.use, applied=replace(SHORT.applied, cap=workspace)))
    assert budget_table.own_section(replace(VIEW, lines=(other,))) == []
    assert Window.DAY is cap.window
