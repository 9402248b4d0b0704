"""Command, reply, button and Home tab: each leads to the one action, whoever asks and how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.base.ports import Message, Place
from bot.jobs.actions import (
    JOB_ACTIONS,
    ActionName,
    ActionOutcome,
    ActionRequest,
    Allowed,
    JobAction,
    NotAllowed,
    ResendAnswered,
    perform,
)
from bot.jobs.services import Services
from bot.listeners import messages
from bot.listeners.actions import BUTTONS, press
from bot.listeners.context import answer
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import ButtonPayload, CommandPayload, MessagePayload
from bot.listeners.subcommands import router
from bot.listeners.subcommands.job_words import JOB_WORDS
from bot.listeners.subcommands.thread import THREAD_WORDS
from bot.messages import buttons
from bot.options.attachments import Attached
from storage.job import Job, Stage
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.inline_store import inline_session
from tests.support.services import BOT, services
from tests.support.store_samples import ACCEPTED, NOW, a_job

STRANGER = "U9"
JOB = replace(
    a_job(),
    id="0123456789",
    stage=Stage.RENDERING,
    message_ts="1800000000.000100",
    created_at=NOW - 3600.0,
    first_sent_at=NOW,
)


@dataclass
class Told:
    """The port `EphemeralMessages`, which keeps what is sent."""

    messages: dict[str, Message] = field(default_factory=dict)

    def send(
        self,
        key: str,
        _place: Place | None,
        _user: str,
        message: Message,
        _response_url: str | None = None,
    ) -> None:
        """Keep a message."""
        self.messages[key] = message

    def has_sent(self, key: str) -> bool:
        """Tell whether there is one."""
        return key in self.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """A bot's services over a store with one job, and what people are told ephemerally."""

    services: Services
    told: Told

    async def made(self) -> list[Job]:
        """Return the jobs that were made of the first one."""
        jobs = await self.services.store.jobs.jobs(JobFilter())
        return [job for job in jobs if job.id != JOB.id]

    def answered(self) -> Message | None:
        """Return the one message that was sent, or `None`."""
        sent = list(self.told.messages.values())
        assert len(sent) <= 1
        return sent[0] if sent else None


@pytest.fixture
async def surfaces(tmp_path: Path) -> AsyncIterator[Surfaces]:
    """Give services at `NOW`, over a store that has the job."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    await store.jobs.insert(JOB, ACCEPTED)
    told, numbers = Told(), count(100)
    made = services(
        store, ephemeral=told, now=lambda: NOW, new_id=lambda: f"job{next(numbers)}", team="T1"
    )
    yield Surfaces(services=made, told=told)
    await store.close()


async def type_command(surfaces: Surfaces, text: str, user: str = JOB.user) -> Message | None:
    """Type `/video text`."""
    typed = CommandPayload(team_id="T1", channel_id="C1", user_id=user, trigger_id="1.2", text=text)
    return await answer(partial(router.respond, typed.text), typed.interaction(), surfaces.services)


async def write(
    surfaces: Surfaces, text: str, user: str = JOB.user, thread_ts: str | None = JOB.message_ts
) -> Message | None:
    """Mention the bot, in the job's thread unless another is given."""
    event = {
        "ts": "1800000009.000100",
        "channel": "C1",
        "user": user,
        "text": f"<@{BOT}> {text}",
        "thread_ts": thread_ts,
    }
    payload = MessagePayload.model_validate({"team_id": "T1", "event": event})
    await messages.receive(payload, surfaces.services)
    return surfaces.answered()


async def click(
    surfaces: Surfaces,
    action_id: str,
    user: str = JOB.user,
    *,
    at_home: bool = False,
    job_id: str = JOB.id,
) -> Message | None:
    """Press a button of the job, under its message or in the Home tab."""
    where = {} if at_home else {"channel": {"id": "C1"}}
    payload = ButtonPayload.model_validate(
        {
            "team": {"id": "T1"},
            "user": {"id": user},
            "actions": [{"action_id": action_id, "action_ts": "1.2", "value": job_id}],
            **where,
        }
    )
    await press(payload, surfaces.services)
    return surfaces.answered()


Way: TypeAlias = Callable[[Surfaces, str], Awaitable[Message | None]]
"""Lets a person do something; returns what only they see."""


def command(word: str) -> Way:
    return lambda surfaces, user: type_command(surfaces, f"{word} {JOB.id}", user)


def reply(word: str) -> Way:
    return lambda surfaces, user: write(surfaces, word, user)


def button(action_id: str, *, at_home: bool = False) -> Way:
    return lambda surfaces, user: click(surfaces, action_id, user, at_home=at_home)


COMMANDS: Mapping[str, ActionName] = {
    "status": ActionName.STATUS,
    "cancel": ActionName.CANCEL,
    "again": ActionName.AGAIN,
    "resend": ActionName.RESEND,
}
REPLIES: Mapping[str, ActionName] = {**COMMANDS, "cost": ActionName.COST}
PRESSED: Mapping[str, ActionName] = {
    buttons.AGAIN: ActionName.AGAIN,
    f"{buttons.UPGRADE}_0": ActionName.AGAIN,
    buttons.CANCEL: ActionName.CANCEL,
    buttons.GIVE_UP: ActionName.GIVE_UP,
    buttons.SHARE: ActionName.SHARE,
    buttons.DETAILS: ActionName.DETAILS,
}
WAYS: Mapping[str, tuple[Way, ActionName]] = {
    **{f"command {word}": (command(word), name) for word, name in COMMANDS.items()},
    **{f"reply {word}": (reply(word), name) for word, name in REPLIES.items()},
    **{f"button {each}": (button(each), name) for each, name in PRESSED.items()},
    "home again": (button(buttons.AGAIN, at_home=True), ActionName.AGAIN),
}

each_way = pytest.mark.parametrize(("way", "name"), WAYS.values(), ids=WAYS.keys())


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ActionName, ActionRequest]]:
    """Put an action that only notes what it is asked for in the place of each."""
    seen: list[tuple[ActionName, ActionRequest]] = []

    async def note(name: ActionName, request: ActionRequest, _: Services) -> ActionOutcome:
        seen.append((name, request))
        return ResendAnswered(job=request.job)

    noting = {
        name: JobAction(allowed=action.allowed, run=partial(note, name))
        for name, action in JOB_ACTIONS.items()
    }
    monkeypatch.setattr("bot.jobs.actions.JOB_ACTIONS", noting)
    return seen


@each_way
async def test_each_way_leads_to_its_action_and_shows_its_outcome(
    surfaces: Surfaces,
    performed: list[tuple[ActionName, ActionRequest]],
    way: Way,
    name: ActionName,
) -> None:
    said = await way(surfaces, JOB.user)
    ((done, request),) = performed
    assert (done, request.job.id, request.interaction.user) == (name, JOB.id, JOB.user)
    assert said == reply_to(ResendAnswered(job=request.job), NOW)


@each_way
async def test_who_may_do_it_is_the_same_by_every_way(
    surfaces: Surfaces,
    performed: list[tuple[ActionName, ActionRequest]],
    way: Way,
    name: ActionName,
) -> None:
    said = await way(surfaces, STRANGER)
    if JOB_ACTIONS[name].allowed is Allowed.EVERYBODY:
        ((done, request),) = performed
        assert (done, request.interaction.user) == (name, STRANGER)
    else:
        assert performed == []
        assert said == reply_to(NotAllowed(job=JOB), NOW)


def test_every_action_can_be_reached_and_no_way_is_left_out_here() -> None:
    assert {name for _, name in WAYS.values()} == set(ActionName)
    assert set(COMMANDS) == set(JOB_WORDS)
    words = {word: known.action for word, known in THREAD_WORDS.items() if known.action}
    assert words == REPLIES
    assert set(PRESSED.values()) == set(BUTTONS.values())
    assert len(PRESSED) == len(BUTTONS)


@pytest.mark.parametrize(
    ("way", "surface", "sure"),
    [
        (command("again"), "command", True),
        (reply("again"), "reply", True),
        (button(buttons.AGAIN), "button", False),
        (button(buttons.AGAIN, at_home=True), "button", False),
    ],
    ids=["command", "reply", "button", "home"],
)
async def test_the_same_again_is_the_same_job_by_every_way(
    surfaces: Surfaces,
    monkeypatch: pytest.MonkeyPatch,
    way: Way,
    surface: str,
    *,
    sure: bool,
) -> None:
    """Only a button may have been pressed twice by mistake."""
    requests: list[ActionRequest] = []

    async def noted(name: ActionName, request: ActionRequest, services: Services) -> ActionOutcome:
        requests.append(request)
        return await perform(name, request, services)

    for module in ("actions", "subcommands.job_words", "subcommands.thread"):
        monkeypatch.setattr(f"bot.listeners.{module}.perform", noted)
    assert await way(surfaces, STRANGER) is None
    (made,) = await surfaces.made()
    assert (made.parent_id, made.model, made.input) == (JOB.id, JOB.model, JOB.input)
    assert (made.channel, made.user, made.surface) == (JOB.channel, STRANGER, surface)
    assert [request.sure for request in requests] == [sure]


async def test_a_job_of_another_workspace_cannot_be_reached(
    surfaces: Surfaces, performed: list[tuple[ActionName, ActionRequest]]
) -> None:
    """It is as if there were none."""
    other = replace(JOB, id="9876543210", dedup_key="command:T2:1", team="T2", message_ts="1.1")
    await surfaces.services.store.jobs.insert(other, ACCEPTED)
    typed = await type_command(surfaces, f"status {other.id}")
    pressed = await click(surfaces, buttons.DETAILS, job_id=other.id)
    assert typed is not None
    assert "There is no job" in typed.text
    assert pressed is not None
    assert "no record of this video" in pressed.text
    assert performed == []


MARKED = "a &lt;b&gt; &amp;amp; c"
PLAIN = "a <b> &amp; c"


@pytest.mark.parametrize(
    "way",
    [
        lambda surfaces, user: type_command(surfaces, MARKED, user),
        lambda surfaces, user: type_command(surfaces, f"again {JOB.id} {MARKED}", user),
        lambda surfaces, user: write(surfaces, MARKED, user),
        lambda surfaces, user: write(surfaces, MARKED, user, thread_ts=None),
        lambda surfaces, user: write(surfaces, f'again --prompt "{MARKED}"', user),
    ],
    ids=["command", "command again", "reply", "mention", "reply again"],
)
async def test_slacks_markup_is_undone_once_wherever_words_are_typed(
    surfaces: Surfaces, way: Way
) -> None:
    """A person who types `<b>` means these three characters."""
    assert await way(surfaces, JOB.user) is None
    (made,) = await surfaces.made()
    assert made.input["prompt"] == PLAIN


async def test_files_of_a_message_go_where_its_words_go(
    surfaces: Surfaces, performed: list[tuple[ActionName, ActionRequest]]
) -> None:
    """A reply with a file alone renders the same again with it."""
    event = {
        "ts": "1800000009.000100",
        "channel": "C1",
        "user": JOB.user,
        "text": f"<@{BOT}>",
        "thread_ts": JOB.message_ts,
        "files": [{"id": "F1", "name": "a.png"}],
    }
    payload = MessagePayload.model_validate({"team_id": "T1", "event": event})
    await messages.receive(payload, surfaces.services)
    ((name, request),) = performed
    assert name is ActionName.AGAIN
    assert request.files == (Attached(id="F1", name="a.png"),)
    assert request.changes is None
