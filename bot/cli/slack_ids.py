"""The shapes of Slack's IDs, so that a mistyped one is refused: nothing would ever match it."""

from __future__ import annotations

import click

from bot.base.patterns import lazy_compile

# https://docs.slack.dev/reference/objects/user-object and …/conversation-object
TEAM = lazy_compile(r"[TE][0-9A-Z]{1,20}")
USER = lazy_compile(r"[UW][0-9A-Z]{1,20}")
CHANNEL = lazy_compile(r"[CG][0-9A-Z]{1,20}")


def checked_team(_: click.Context, __: click.Parameter, team: str | None) -> str | None:
    """Return the ID of a workspace that was given. Raises `click.UsageError` for another text."""
    if team is not None and not TEAM.fullmatch(team):
        raise click.UsageError("TEAM is a workspace's ID at Slack, such as T0123ABCD.")
    return team


TEAM_ARGUMENT = click.argument("team", callback=checked_team)
"""Nothing is kept under a mistyped one, in which nobody would look."""
