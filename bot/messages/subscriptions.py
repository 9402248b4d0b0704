"""The ephemeral answers to `/video notify` and `/video settings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Protocol

from bot.base.ports import Message
from bot.messages import blocks, formatting
from bot.messages.replies import cannot_enter, words
from storage.notification import Level

_ABOUT = {
    Level.ALL: "each finished video, each failure, jobs on hold, and trouble with a key or the "
    "credit",
    Level.FAILURES: "failures, jobs on hold, and trouble with a key or the credit",
}
UNDO = "setting_undo"
"""Action ID of the button that takes a change back."""
_UNDO = "Undo"
_HOW = (
    "`/video notify #channel all`, `failures` or `off` changes what a channel hears; "
    "`/video notify here digest daily` or `weekly`, with `at 09:00` for another hour, or `off`, "
    "its digests."
)


class DigestTimes(Protocol):
    """When a channel gets its digest."""

    @property
    def is_daily(self) -> bool:
        """Whether it comes every day, else on the day on which weeks begin."""

    @property
    def at(self) -> time:
        """The time of day."""

    @property
    def zone(self) -> str:
        """The name of the time zone of `at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribedChannel:
    """The subscriptions of one channel; `None`: it has none of that kind."""

    channel: str
    level: Level | None
    schedule: DigestTimes | None


def subscribed(channels: Sequence[SubscribedChannel], here: str, *, first_weekday: int) -> Message:
    """Return the subscriptions of all channels; `here` is the channel of the reader.

    Weeks begin on `first_weekday`; 0 is Monday.
    """
    if not channels:
        return words(f"No channel is told anything of its own accord.\n{_HOW}")
    lines = [
        f"• {_named(one.channel, here)}: {_subscriptions(one, first_weekday)}" for one in channels
    ]
    return words("\n".join(["*Channels that listen*", *lines, _HOW]))


def level_set(channel: str, level: Level | None) -> Message:
    """Return the answer to a change of a channel's notifications."""
    return words(level_line(_own(channel), level))


def level_line(channel: str, level: Level | None) -> str:
    """Return which notifications a channel gets from now on; `channel` as within a sentence."""
    if level is None:
        return f"No single videos are told in {channel} any more."
    return (
        f":bell: From now on I tell in {channel}: {_ABOUT[level]}, of all channels. What is asked "
        f"for in {channel} itself is told in its thread alone."
    )


def digest_set(channel: str, schedule: DigestTimes | None, *, first_weekday: int) -> Message:
    """Return the answer to a change of a channel's digests."""
    return words(digest_line(_own(channel), schedule, first_weekday=first_weekday))


def digest_line(channel: str, schedule: DigestTimes | None, *, first_weekday: int) -> str:
    """Return when a channel gets its digest from now on; `channel` as within a sentence."""
    if schedule is None:
        return f"No more digests come to {channel}."
    return f":bar_chart: A digest comes to {channel} {_when(schedule, first_weekday)}."


def not_a_member(channel: str) -> Message:
    """Return why a user may not change the subscriptions of a channel."""
    return words(
        f":warning: Only members of <#{channel}>, and admins, decide what it hears. Join it, or "
        "ask one of its members."
    )


def not_let_in(channel: str) -> Message:
    """Return why the bot cannot post notifications in a channel."""
    return words(f":warning: <#{channel}>: {cannot_enter()}")


def defaults_shown(
    flags: Sequence[str], delay: float, own: Sequence[str], *, needs_project: bool
) -> Message:
    """Return a channel's defaults, as a user would type them, its delay, and the user's own."""
    starts = f"Jobs here start {_after(delay)}."
    if needs_project:
        starts += " Each video here names its project."
    how = (
        "`/video settings mode pro --aspect-ratio 9:16` sets some for everybody here, "
        "`/video settings me …` for you alone"
    )
    mine = f"\n*Your own defaults:* {_listed(own)}. {_OWN_FIRST}" if own else ""
    if not flags:
        return words(f"This channel has no defaults of its own. {starts}{mine}\n{how}.")
    return words(
        f"*Defaults of this channel:* {_listed(flags)}. {starts}{mine}\n"
        f"What an ask says itself goes before. {how}, `/video settings reset` takes the channel's "
        "away."
    )


_OWN_FIRST = "They go before those of a channel."


def own_defaults_shown(flags: Sequence[str]) -> Message:
    """Return a person's own defaults, as they would type them."""
    how = "`/video settings me mode pro` sets some for your videos, in every channel"
    if not flags:
        return words(f"You have no defaults of your own.\n{how}.")
    return words(
        f"*Your own defaults:* {_listed(flags)}. {_OWN_FIRST}\n"
        f"What an ask says itself goes before. {how}, `/video settings me reset` takes yours away."
    )


def own_defaults_set(flags: Sequence[str]) -> Message:
    """Return the answer to a change of a person's own defaults."""
    return words(
        f":gear: From now on your videos have {_listed(flags)}, in every channel, unless you say "
        f"otherwise. {_OWN_FIRST} `/video settings me reset` takes that away."
    )


def own_defaults_gone() -> Message:
    """Return the answer to `/video settings me reset`."""
    return words("You have no defaults of your own any more; those of a channel hold for you too.")


def delay_set(seconds: float) -> Message:
    """Return the answer to a change of a channel's delay."""
    return words(delay_line(seconds))


def delay_line(seconds: float | None) -> str:
    """Return when a channel's jobs start from now on; `None`: as everywhere."""
    if seconds is None:
        return "This channel has no delay of its own any more."
    return f":gear: From now on jobs in this channel start {_after(seconds)}."


def requirement_line(*, is_on: bool) -> str:
    """Return whether each video in a channel names its project from now on."""
    if is_on:
        return ":gear: From now on each video in this channel names its project: `--project NAME`."
    return "Videos in this channel need not name a project any more."


def requirement_set(*, is_on: bool, is_everywhere: bool) -> Message:
    """Return the answer to a change of the requirement to name a project."""
    if not is_everywhere:
        return words(requirement_line(is_on=is_on))
    if is_on:
        return words(":gear: From now on each video in this workspace names its project.")
    return words("Videos need not name a project any more, unless a channel requires it.")


def not_for_everywhere() -> Message:
    """Return the refusal to a user who may not decide for the whole workspace."""
    return words("Only those who change budgets decide this for the whole workspace.")


def _after(seconds: float) -> str:
    if seconds == 0:
        return "at once"
    return f"{formatting.duration(seconds)} after the ask; until then a cancel is free"


def defaults_set(flags: Sequence[str]) -> Message:
    """Return the answer to a change of a channel's defaults."""
    return words(f"{defaults_line(flags)} `/video settings reset` takes that away.")


def settings_gone() -> Message:
    """Return the answer to `/video settings reset`."""
    return words(
        f"{defaults_line(())} Neither has it a delay of its own, nor need videos here name their "
        "project, unless the whole workspace asks for that."
    )


def defaults_gone() -> Message:
    """Return the answer to a change that leaves no defaults."""
    return words(defaults_line(()))


def defaults_line(flags: Sequence[str]) -> str:
    """Return which defaults a channel has from now on."""
    if not flags:
        return "This channel has no defaults of its own any more."
    return (
        f":gear: From now on videos asked for in this channel have {_listed(flags)}, unless the "
        "ask says otherwise."
    )


def setting_changed(who: str, line: str, change_id: str, *, is_undo: bool) -> Message:
    """Return the message to a channel about a change that concerns everybody in it.

    `who` is a name as plain text, which notifies nobody; the button's value is `change_id`.
    """
    did = "took a change back" if is_undo else "changed a setting"
    body = [
        blocks.section(line),
        blocks.context(f"*{blocks.literal(who)}* {did} for everybody here."),
        blocks.actions([blocks.button(_UNDO, UNDO, change_id, spoken=f"{_UNDO}: {did}")]),
    ]
    return Message(text=f"{blocks.literal(who)} {did} for everybody here: {line}", blocks=body)


def changed_since() -> Message:
    """Return the answer to *Undo* when the setting has another value by now."""
    return words("That was changed or taken back since, so I left it as it is.")


def change_gone() -> Message:
    """Return the answer to *Undo* of a change that is not in the store."""
    return words("I have no record of that change any more, so I left everything as it is.")


def _own(channel: str) -> str:
    """Return the name of a channel; a direct one is the reader's own: no other can be set."""
    return blocks.place(channel, whose="your ")


def _named(channel: str, here: str) -> str:
    """Return the name of a channel in the list; a direct one may be somebody else's."""
    return blocks.place(channel, whose="your " if channel == here else "somebody's ")


def _subscriptions(one: SubscribedChannel, first_weekday: int) -> str:
    parts = [_ABOUT[one.level]] if one.level else []
    if one.schedule:
        parts.append(f"a digest {_when(one.schedule, first_weekday)}")
    return "; ".join(parts)


def _when(schedule: DigestTimes, first_weekday: int) -> str:
    day = "every day" if schedule.is_daily else f"every {formatting.weekday(first_weekday)}"
    return f"{day} at {schedule.at:%H:%M} ({schedule.zone})"


def _listed(flags: Sequence[str]) -> str:
    return ", ".join(f"`{blocks.escape(flag.replace('`', chr(39)))}`" for flag in flags)
