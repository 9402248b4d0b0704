"""Tests that command, reply, button and Home tab perform the same actions of the registry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.base.ports import Message
from bot.jobs.actions import (
    JOB_ACTIONS,
    ActionName,
    ActionOutcome,
    ActionRequest,
    Allowed,
    NotAllowed,
    ResendAnswered,
)
from bot.jobs.services import Services
from bot.listeners.actions import BUTTONS, CHOICES
from bot.listeners.job_replies import reply_to
from bot.listeners.subcommands.job_words import JOB_SUBCOMMANDS
from bot.listeners.subcommands.thread import THREAD_WORDS
from bot.messages import buttons
from bot.options.attachments import Attached
from tests.support.listener_harness import JOB, ListenerHarness, listener_harness
from tests.support.services import BOT
from tests.support.store_samples import ACCEPTED, NOW

STRANGER = "U9"

Trigger: TypeAlias = Callable[[ListenerHarness, str], Awaitable[Message | None]]
"""Performs a user's act on one surface; returns the ephemeral answer."""
Performed: TypeAlias = list[tuple[ActionName, ActionRequest]]


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ListenerHarness]:
    """Listeners over a store with one job."""
    async with listener_harness(tmp_path) as ready:
        yield ready


def command(word: str) -> Trigger:
    """Return a trigger that types a subcommand with the job's ID."""
    return lambda harness, user: harness.command(f"{word} {JOB.id}", user)


def reply(word: str) -> Trigger:
    """Return a trigger that mentions the bot in the job's thread."""
    return lambda harness, user: harness.reply(word, user)


def button(action_id: str, *, at_home: bool = False) -> Trigger:
    """Return a trigger that clicks a button of the job."""
    return lambda harness, user: harness.click(action_id, user, at_home=at_home)


def choice(what: buttons.Choice) -> Trigger:
    """Return a trigger that chooses something in the job's menu *More*."""
    value = f"{what} {JOB.id}"
    return lambda harness, user: harness.click(buttons.MORE, user, chosen=value)


def thumb(what: buttons.Choice) -> Trigger:
    """Return a trigger that presses one of the feedback buttons."""
    return lambda harness, user: harness.click(buttons.FEEDBACK, user, job_id=f"{what} {JOB.id}")


COMMANDS: Mapping[str, ActionName] = {
    "status": ActionName.STATUS,
    "cancel": ActionName.CANCEL,
    "again": ActionName.AGAIN,
    "resend": ActionName.RESEND,
    "continue": ActionName.CONTINUE,
    "loop": ActionName.LOOP,
    "stitch": ActionName.STITCH,
    "delete": ActionName.DELETE,
}
REPLIES: Mapping[str, ActionName] = {
    **COMMANDS,
    "cost": ActionName.COST,
    "keep": ActionName.KEEP,
    "approve": ActionName.MARK_APPROVED,
    "changes": ActionName.ASK_CHANGES,
    "next": ActionName.NEXT_TAKE,
}
CLICKED: Mapping[str, ActionName] = {
    buttons.AGAIN: ActionName.AGAIN,
    f"{buttons.UPGRADE}_0": ActionName.AGAIN,
    buttons.CANCEL: ActionName.CANCEL,
    buttons.GIVE_UP: ActionName.GIVE_UP,
    buttons.SHARE: ActionName.SHARE,
    buttons.BRING: ActionName.BRING,
    buttons.DELETE: ActionName.DELETE,
    buttons.DETAILS: ActionName.DETAILS,
    buttons.REVIEW_APPROVED: ActionName.MARK_APPROVED,
    buttons.REVIEW_CHANGES: ActionName.ASK_CHANGES,
    buttons.CONFIRM: ActionName.CONFIRM,
    buttons.ASK_APPROVER: ActionName.ASK_APPROVER,
    buttons.DETAILS_IDS: ActionName.DETAILS,
    buttons.SET_CANCEL: ActionName.CANCEL_SET,
}
CHOSEN: Mapping[buttons.Choice, ActionName] = {
    buttons.Choice.KEEP: ActionName.KEEP,
    buttons.Choice.STOP_KEEPING: ActionName.STOP_KEEPING,
    buttons.Choice.AGAIN: ActionName.AGAIN,
    buttons.Choice.LOOP: ActionName.LOOP,
    buttons.Choice.STITCH: ActionName.STITCH,
}
THUMBS: Mapping[buttons.Choice, ActionName] = {
    buttons.Choice.GOOD: ActionName.RATE_GOOD,
    buttons.Choice.BAD: ActionName.RATE_BAD,
}
TRIGGERS: Mapping[str, tuple[Trigger, ActionName]] = {
    **{f"choice {each}": (choice(each), name) for each, name in CHOSEN.items()},
    **{f"thumb {each}": (thumb(each), name) for each, name in THUMBS.items()},
    **{f"command {word}": (command(word), name) for word, name in COMMANDS.items()},
    **{f"reply {word}": (reply(word), name) for word, name in REPLIES.items()},
    **{f"button {each}": (button(each), name) for each, name in CLICKED.items()},
    "note": (reply("0:03 the logo is too small"), ActionName.NOTE),
    "home again": (button(buttons.AGAIN, at_home=True), ActionName.AGAIN),
}

each_trigger = pytest.mark.parametrize(("trigger", "name"), TRIGGERS.values(), ids=TRIGGERS.keys())


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> Performed:
    """Replace each action of the registry by one that records its request."""
    requests: Performed = []

    async def record(name: ActionName, request: ActionRequest, _: Services) -> ActionOutcome:
        requests.append((name, request))
        return ResendAnswered(job=request.job)

    recording = {
        name: replace(action, run=partial(record, name)) for name, action in JOB_ACTIONS.items()
    }
    monkeypatch.setattr("bot.jobs.actions.JOB_ACTIONS", recording)
    return requests


@each_trigger
async def test_each_trigger_runs_its_action_and_shows_the_outcome(
    harness: ListenerHarness, performed: Performed, trigger: Trigger, name: ActionName
) -> None:
    answer = await trigger(harness, JOB.user)
    ((done, request),) = performed
    assert (done, request.job.id, request.interaction.user) == (name, JOB.id, JOB.user)
    assert answer == reply_to(ResendAnswered(job=request.job), NOW)


@each_trigger
async def test_the_same_users_are_allowed_by_every_trigger(
    harness: ListenerHarness, performed: Performed, trigger: Trigger, name: ActionName
) -> None:
    answer = await trigger(harness, STRANGER)
    if JOB_ACTIONS[name].allowed is Allowed.MEMBERS:
        ((done, request),) = performed
        assert (done, request.interaction.user) == (name, STRANGER)
    else:
        assert performed == []
        assert answer == reply_to(NotAllowed(job=JOB, name=name), NOW)


def test_every_action_has_a_trigger_and_every_trigger_is_tested_here() -> None:
    # The state of a set is asked for with its own ID, or in its thread: see `test_sets`.
    of_a_job = set(ActionName) - {ActionName.SET_STATUS}
    assert {name for _, name in TRIGGERS.values()} == of_a_job
    assert set(COMMANDS) == set(JOB_SUBCOMMANDS)
    replies = {word: known.action for word, known in THREAD_WORDS.items() if known.action}
    assert replies == REPLIES
    assert set(CLICKED.values()) == set(BUTTONS.values())
    assert len(CLICKED) == len(BUTTONS)
    assert {**CHOSEN, **THUMBS} == CHOICES


@pytest.mark.parametrize(
    ("trigger", "surface"),
    [
        (command("again"), "command"),
        (reply("again"), "reply"),
        (button(buttons.AGAIN), "button"),
        (button(buttons.AGAIN, at_home=True), "button"),
    ],
    ids=["command", "reply", "button", "home"],
)
async def test_again_makes_the_same_job_by_every_trigger(
    harness: ListenerHarness, trigger: Trigger, surface: str
) -> None:
    """Triggered again at once, it is asked about: each may be done twice by mistake."""
    assert await trigger(harness, STRANGER) is None
    (made,) = await harness.new_jobs()
    assert (made.parent_id, made.model, made.input) == (JOB.id, JOB.model, JOB.input)
    assert (made.channel, made.user, made.surface) == (JOB.channel, STRANGER, surface)
    second = await trigger(harness, STRANGER)
    assert second is not None
    assert f"job `{made.id}` is on its way" in second.text
    assert await harness.new_jobs() == [made]


async def test_a_job_of_another_workspace_is_unknown(
    harness: ListenerHarness, performed: Performed
) -> None:
    other = replace(JOB, id="9876543210", dedup_key="command:T2:1", team="T2", message_ts="1.1")
    await harness.services.store.jobs.insert(other, ACCEPTED)
    typed = await harness.command(f"status {other.id}")
    pressed = await harness.click(buttons.DETAILS, job_id=other.id)
    assert typed is not None
    assert "There is no job" in typed.text
    assert pressed is not None
    assert "no record of this video" in pressed.text
    assert performed == []


ESCAPED = "a &lt;b&gt; &amp;amp; c"
PLAIN = "a <b> &amp; c"


@pytest.mark.parametrize(
    "trigger",
    [
        lambda harness, user: harness.command(ESCAPED, user),
        lambda harness, user: harness.command(f"again {JOB.id} {ESCAPED}", user),
        lambda harness, user: harness.reply(ESCAPED, user),
        lambda harness, _: harness.message(text=f"<@{BOT}> {ESCAPED}", thread_ts=None),
        lambda harness, user: harness.reply(f'again --prompt "{ESCAPED}"', user),
    ],
    ids=["command", "command again", "reply", "mention", "reply again"],
)
async def test_slacks_escapes_are_reverted_once_on_every_surface(
    harness: ListenerHarness, trigger: Trigger
) -> None:
    """A user who types `<b>` means these three characters."""
    assert await trigger(harness, JOB.user) is None
    (made,) = await harness.new_jobs()
    prompt = made.input["prompt"]
    assert isinstance(prompt, str)
    assert prompt.removeprefix(f"{JOB.input['prompt']}. ") == PLAIN


async def test_files_without_text_in_a_thread_perform_again(
    harness: ListenerHarness, performed: Performed
) -> None:
    await harness.message(files=[{"id": "F1", "name": "a.png"}])
    ((name, request),) = performed
    assert name is ActionName.AGAIN
    assert request.files == (Attached(id="F1", name="a.png"),)
    assert request.changes is None


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("Again!", JOB.input["prompt"]),
        ("again and again in snow", "car number 1. again and again in snow"),
        ("-- status", "car number 1. status"),
        ("status of things to come", "car number 1. status of things to come"),
        ("new: status", "status"),
    ],
)
async def test_a_reply_is_a_command_of_the_thread_or_changes_the_prompt(
    harness: ListenerHarness, text: str, prompt: str
) -> None:
    """A longer text that begins with a command is added to the prompt."""
    assert await harness.reply(text) is None
    (made,) = await harness.new_jobs()
    assert made.input == {**JOB.input, "prompt": prompt}


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B0OTHER", "user": "U0OTHER"},
        {"bot_id": "B0OTHER", "user": None, "subtype": "bot_message"},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"subtype": "channel_topic"},
        {"subtype": "thread_not_yet_invented"},
        {"type": "app_mention", "edited": {"user": JOB.user, "ts": "1.2"}},
        {"channel_type": "mpim", "text": "a lake"},
        {"text": "a lake"},
    ],
    ids=[
        "bot",
        "bot_message",
        "own",
        "slackbot",
        "note",
        "unknown",
        "edited",
        "group",
        "no mention",
    ],
)
async def test_a_message_that_no_user_sends_to_the_bot_is_ignored(
    harness: ListenerHarness, event: dict[str, str]
) -> None:
    """Two bots that answer each other would never stop."""
    usual = {"text": f"<@{BOT}> a lake", "thread_ts": None}
    assert await harness.message(**{**usual, **event}) is None
    assert await harness.new_jobs() == []
