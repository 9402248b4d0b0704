"""Tests of payloads in the shapes of Slack's SDKs, sent to a running bot over signed HTTP.

Each is acknowledged; the table says what it shows, and how many jobs and charges come of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.jobs.access import ONLY_MEMBERS
from bot.messages import buttons, form
from bot.options.form_state import FormState
from bot.slack.manifest import CREATE_VIDEO, VIDEO_FROM_MESSAGE
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BOT, BOT_ID, GENERAL, PARTNER, TEAM, Payload, User
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support import sample_payloads as samples
from tests.support.conversation import direct_channel, make_video
from tests.support.forms import KLING
from tests.support.http_client import http_client
from tests.support.running_bot import RunningBot, running_bot
from tests.support.sample_payloads import Moment, authorization, enveloped

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIA = User(id="U0PIA", name="pia", real_name="Pia Novak", team=PARTNER)
"""Of the partner's workspace."""
OK = 200
UNSERVED = re.compile(r'^video_bot_requests_unserved_total{.*reason="(\w+)".*} (.+)$', re.MULTILINE)
"""A line of the metrics; prometheus-client's parser takes longer than most requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A request, and what must come of it."""

    kind: DeliveryKind
    payload: Callable[[Moment], Payload]
    shown: str = ""
    """Part of what somebody sees afterwards; empty: the acknowledgement has no body."""
    jobs: int = 0
    """How many jobs are accepted; each is charged once."""
    unserved: str | None = None
    """Why the request is counted as one that is not handled."""


event = partial(Sample, kind=DeliveryKind.EVENT)
command = partial(Sample, kind=DeliveryKind.COMMAND)
action = partial(Sample, kind=DeliveryKind.INTERACTION)


def mention_in(prompt: str, **envelope: object) -> Sample:
    """Return a mention in an envelope, which makes one job."""
    return event(
        payload=lambda now: enveloped(now, samples.mention(now, prompt), **envelope),
        shown=prompt,
        jobs=1,
    )


def mention_with(prompt: str, **fields: object) -> Sample:
    """Return a mention with further fields, which makes one job."""
    return event(
        payload=lambda now: enveloped(now, samples.mention(now, prompt, **fields)),
        shown=prompt,
        jobs=1,
    )


def ignored(**fields: object) -> Sample:
    """Return a mention that is no person's request."""
    return event(payload=lambda now: enveloped(now, samples.mention(now, "a lake", **fields)))


def unknown_event(**fields: object) -> Sample:
    """Return an event that no listener knows."""
    return event(payload=lambda now: enveloped(now, fields), unserved="unknown")


def lacking_event(*absent: str) -> Sample:
    """Return a mention without the fields `absent`."""

    def payload(now: Moment) -> Payload:
        said = samples.mention(now, "a lake")
        return enveloped(now, {name: said[name] for name in said if name not in absent})

    return event(payload=payload, unserved="unreadable")


def form_view(now: Moment, prompt: str | None = None, **fields: object) -> Payload:
    """Return the bot's form as it comes back, with an entered prompt."""
    callback = str(fields.pop("callback_id", form.CALLBACK))
    metadata = FormState(model=KLING, channel=GENERAL).to_text()
    entered = {"type": "plain_text_input", "value": prompt}
    state = {"values": {"option:prompt": {KLING: entered}}}
    return samples.view(now, callback, metadata, **({"state": state} | fields))


def submitted(prompt: str | None, *, view: Mapping[str, object] | None = None) -> Sample:
    """Return a submitted form, which makes one job if it has a prompt."""
    return action(
        payload=lambda now: samples.submission(now, form_view(now, prompt, **(view or {}))),
        shown=prompt or "Prompt is needed",
        jobs=int(prompt is not None),
    )


ENVELOPES: Mapping[str, Sample] = {
    "plain": mention_in("a lake in the morning"),
    "partner's outside, ours in authorizations": mention_in(
        "a boat under a bridge", team_id=PARTNER, enterprise_id="E0PARTNER"
    ),
    "authorizations null": mention_in("a tram in the snow", authorizations=None),
    "authorizations empty": mention_in("a kite over dunes", authorizations=[]),
    "authorizations missing": mention_in("a fox at the door", authorizations=...),
    "authorizations and context missing": mention_in(
        "a bell in a tower", authorizations=..., context_team_id=...
    ),
    "enterprise null": mention_in("a stone in a brook", enterprise_id=None, enterprise=None),
    "enterprise set": mention_in("a pier at low tide", enterprise={"id": "E0STUDIO", "name": ""}),
    "team null, whole organisation": mention_in(
        "a meadow with cows",
        authorizations=[authorization(team_id=None, enterprise_id="E0STUDIO")],
        is_enterprise_install=True,
    ),
    "unknown fields": mention_in(
        "a tent by a fire", event_context=None, later={"than": ["this", "bot"]}, is_new=True
    ),
    "shared channel": mention_in("a clock without hands", is_ext_shared_channel=True),
}

MESSAGES: Mapping[str, Sample] = {
    "nulls where a message has nothing": mention_with(
        "a train in a valley", thread_ts=None, files=None, attachments=None, edited=None
    ),
    "empty texts where a message has nothing": mention_with(
        "a barn in the rain", thread_ts="", subtype="", bot_id="", username="", parent_user_id=""
    ),
    "odd types of optional fields": mention_with(
        "a market at noon", files={}, attachments=7, user_profile="", channel_type=None, blocks="x"
    ),
    "text null": mention_with("a cellar with wine", text=None),
    "direct": event(
        payload=lambda now: enveloped(
            now, samples.message(now, "an owl in a barn", channel_type="im")
        ),
        shown="an owl in a barn",
        jobs=1,
    ),
    "file share": event(
        payload=lambda now: enveloped(
            now,
            samples.mention(
                now, "a wall with ivy", type="message", subtype="file_share", files=[samples.file()]
            ),
        ),
        shown="notes.txt",
    ),
    "thread broadcast": event(
        payload=lambda now: enveloped(
            now,
            samples.mention(
                now,
                "a yard with hens",
                type="message",
                subtype="thread_broadcast",
                root={"type": "message", "ts": now.ts, "user": ANA, "reply_count": 1},
            ),
        ),
        shown="a yard with hens",
        jobs=1,
    ),
    "in a channel, to nobody": event(
        payload=lambda now: enveloped(now, samples.message(now, "a lake"))
    ),
    "of an app": ignored(bot_id=BOT_ID, bot_profile={"id": BOT_ID, "icons": {}}, username="app"),
    "of an app, as its subtype": ignored(subtype="bot_message", user=...),
    "subtype of another type": ignored(subtype=["bot_message"]),
    "bot_id of another type": ignored(bot_id={"id": BOT_ID}),
    "unknown subtype": ignored(subtype="sailed_away"),
    "the bot's own": ignored(user=BOT),
    "changed, without ts": event(
        payload=lambda now: enveloped(now, samples.changed(now, f"<@{BOT}> a lake"))
    ),
    "changed, without message": event(
        payload=lambda now: enveloped(now, samples.changed(now, "", message=None))
    ),
    "deleted": event(
        payload=lambda now: enveloped(
            now,
            {
                **samples.changed(now, "", message=..., subtype="message_deleted"),
                "deleted_ts": "1.2",
                "message": None,
            },
        )
    ),
    "partner's person": event(
        payload=lambda now: enveloped(
            now,
            samples.mention(
                now, "a lake", user=PIA.id, team=PARTNER, user_team=PARTNER, source_team=PARTNER
            ),
            team_id=PARTNER,
            is_ext_shared_channel=True,
        ),
        shown=ONLY_MEMBERS,
    ),
}

OTHER_EVENTS: Mapping[str, Sample] = {
    "reaction": unknown_event(type="reaction_added", user=ANA, reaction="heart", item={}),
    "joined": event(
        payload=lambda now: enveloped(
            now, {"type": "member_joined_channel", "user": ANA, "channel": GENERAL, "team": TEAM}
        )
    ),
    "joined by nobody": event(
        payload=lambda now: enveloped(now, {"type": "member_joined_channel", "channel": GENERAL}),
        unserved="unreadable",
    ),
    "uninstalled": unknown_event(type="app_uninstalled"),
    "revoked": unknown_event(type="tokens_revoked", tokens={"oauth": None, "bot": [BOT]}),
    "access": unknown_event(type="team_access_granted", team_ids=[TEAM], event_ts="1.2"),
    "of next year": unknown_event(type="video_bot_praised", by=None),
    "home": event(
        payload=lambda now: enveloped(
            now,
            {"type": "app_home_opened", "user": ANA, "channel": "D1", "tab": "home", "view": None},
        )
    ),
    "messages tab, whole organisation": event(
        payload=lambda now: enveloped(
            now,
            {"type": "app_home_opened", "user": ANA, "channel": "D1", "tab": "messages"},
            authorizations=[authorization(team_id=None, is_enterprise_install=True)],
        )
    ),
    "home of nobody": event(
        payload=lambda now: enveloped(now, {"type": "app_home_opened", "tab": "home"})
    ),
    "mention without channel": lacking_event("channel"),
    "mention without ts": lacking_event("ts", "event_ts"),
    "mention without workspace": event(
        payload=lambda now: enveloped(
            now,
            samples.mention(now, "a lake", team=...),
            team_id=None,
            context_team_id=None,
            authorizations=None,
        ),
        unserved="unreadable",
    ),
    "address check": event(
        payload=lambda _: {"token": "t", "challenge": "say this", "type": "url_verification"},
        shown="say this",
    ),
}

COMMANDS: Mapping[str, Sample] = {
    "plain": command(
        payload=lambda now: samples.command(now, "a mill on a hill"),
        shown="a mill on a hill",
        jobs=1,
    ),
    "empty texts": command(
        payload=lambda now: samples.command(
            now, "a lamp in fog", enterprise_id="", enterprise_name="", team_domain=""
        ),
        shown="a lamp in fog",
        jobs=1,
    ),
    "unknown fields": command(
        payload=lambda now: samples.command(now, "a desk by a window", mood="good"),
        shown="a desk by a window",
        jobs=1,
    ),
    "no text": command(payload=lambda now: samples.command(now, ""), shown="Create"),
    "no address for answers": command(
        payload=lambda now: samples.command(now, "help", response_url=""), shown="/video"
    ),
    "no trigger": command(
        payload=lambda now: samples.command(now, "a lake", trigger_id=""),
        shown="could not make sense",
        unserved="unreadable",
    ),
    "no person": command(
        payload=lambda now: samples.command(now, "a lake", user_id=""),
        shown="could not make sense",
        unserved="unreadable",
    ),
    "another command": command(
        payload=lambda now: samples.command(now, "a lake", command="/videos"),
        shown="could not make sense",
        unserved="unknown",
    ),
    "certificate check": command(payload=lambda _: {"token": "t", "ssl_check": "1"}),
}

ACTIONS: Mapping[str, Sample] = {
    "details": action(
        payload=lambda now: samples.click(now, buttons.DETAILS, now.job_id), shown="Show IDs"
    ),
    "again, team null": action(
        payload=lambda now: samples.click(
            now, buttons.AGAIN, now.job_id, team=None, is_enterprise_install=True
        ),
        shown="made from job",
        jobs=1,
    ),
    "nulls around a button": action(
        payload=lambda now: samples.click(
            now, buttons.DETAILS, now.job_id, container=None, view=None, state=None, message=None
        ),
        shown="Show IDs",
    ),
    "button without value": action(
        payload=lambda now: samples.click(now, buttons.DETAILS, None),
        shown="no record of this video",
    ),
    "button of another type": action(
        payload=lambda now: samples.click(now, buttons.DETAILS, {"a": 1}),
        shown="no record of this video",
    ),
    "partner's person": action(
        payload=lambda now: samples.click(
            now,
            buttons.AGAIN,
            now.job_id,
            team=dict(samples.PARTNER_TEAM),
            user={"id": PIA.id, "username": "pia", "team_id": PARTNER},
        ),
        shown=ONLY_MEMBERS,
    ),
    "unknown button": action(
        payload=lambda now: samples.click(now, "a", "click_me"), unserved="unknown"
    ),
    "button without person": action(
        payload=lambda now: samples.click(now, buttons.AGAIN, now.job_id, user=None),
        unserved="unreadable",
    ),
    "more of Home, without a number": action(
        payload=lambda now: samples.click(now, "home_more", "many"), unserved="unreadable"
    ),
    "unknown page of the manual": action(
        payload=lambda now: samples.click(now, "help:x", "x"), unserved="unreadable"
    ),
    "shortcut": action(
        payload=lambda now: samples.shortcut(now, CREATE_VIDEO), shown="Where the video goes"
    ),
    "shortcut, team null": action(
        payload=lambda now: samples.shortcut(
            now, CREATE_VIDEO, team=None, is_enterprise_install=True, enterprise={"id": "E0STUDIO"}
        ),
        shown="Where the video goes",
    ),
    "shortcut without trigger": action(
        payload=lambda now: samples.shortcut(now, CREATE_VIDEO, trigger_id=""),
        unserved="unreadable",
    ),
    "unknown shortcut": action(
        payload=lambda now: samples.shortcut(now, "test-shortcut"), unserved="unknown"
    ),
    "message shortcut": action(
        payload=lambda now: samples.message_shortcut(now, VIDEO_FROM_MESSAGE, "a gate in a wall"),
        shown="a gate in a wall",
    ),
    "message shortcut, user without team": action(
        payload=lambda now: samples.message_shortcut(
            now, VIDEO_FROM_MESSAGE, "a path of stones", user={"id": ANA, "name": "ana"}
        ),
        shown="a path of stones",
    ),
    "form": submitted("a bench in a park"),
    "form, partner's outside": submitted("a shed by a pond", view={"team_id": PARTNER}),
    "form without values": submitted(None, view={"state": {}}),
    "form, state null": submitted(None, view={"state": None}),
    "form of another bot": action(
        payload=lambda now: samples.submission(now, form_view(now, "a lake", private_metadata="x")),
        unserved="unreadable",
    ),
    "form without metadata": action(
        payload=lambda now: samples.submission(now, form_view(now, "a lake", private_metadata="")),
        unserved="unreadable",
    ),
    "unknown form": action(
        payload=lambda now: samples.submission(now, form_view(now, callback_id="view-id")),
        unserved="unknown",
    ),
    "form closed": action(
        payload=lambda now: samples.closed(now, form_view(now)), unserved="unknown"
    ),
    "menu that asks for options": action(
        payload=lambda now: samples.interaction("block_suggestion", now, value="a"),
        unserved="unknown",
    ),
    "of next year": action(
        payload=lambda now: samples.interaction("handshake", now), unserved="unknown"
    ),
}

SAMPLES: Mapping[str, Sample] = {
    f"{table}: {name}": sample
    for table, those in (
        ("envelope", ENVELOPES),
        ("message", MESSAGES),
        ("event", OTHER_EVENTS),
        ("command", COMMANDS),
        ("action", ACTIONS),
    )
    for name, sample in those.items()
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot() -> AsyncIterator[RunningBot]:
    """Run one bot for all samples, in a channel that is shared; Ana has made a video."""
    async with running_bot() as running:
        running.sandbox.slack.share(GENERAL, PARTNER, PIA)
        await make_video(running)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(bot: RunningBot) -> AsyncIterator[SqliteStore]:
    """Open the bot's store beside it."""
    opened = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    yield opened
    await opened.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
async def test_a_sample_is_acknowledged_and_does_what_it_says(
    bot: RunningBot, store: SqliteStore, sample: Sample, caplog: pytest.LogCaptureFixture
) -> None:
    slack, charges = bot.sandbox.slack, bot.sandbox.video.charges
    payload = sample.payload(moment(bot))
    jobs, shown, counted = await job_count(store), texts(bot), await unserved(bot)
    charged = len(charges)
    with capture_logs() as logs:
        delivery = await slack.people.dispatcher.deliver(sample.kind, payload)

        def seen() -> str:
            new = [text for text in texts(bot) if text not in shown]
            return "\n".join([str(delivery.ack.body or ""), *new])

        await bot.until(lambda: sample.shown in seen())
        assert await job_count(store) == jobs + sample.jobs
        await bot.until(lambda: len(bot.sandbox.video.charges) == charged + sample.jobs)
    assert [ack.status for ack in delivery.acks] == [OK]
    assert sample.shown or not delivery.ack.body
    new = {key: n - counted.get(key, 0) for key, n in (await unserved(bot)).items()}
    assert {key: n for key, n in new.items() if n} == (
        {} if sample.unserved is None else {sample.unserved: 1}
    )
    assert [each for each in logs if each["log_level"] == "error" or "exc_info" in each] == []
    assert [each for each in caplog.records if each.exc_info or each.levelname == "ERROR"] == []


def moment(bot: RunningBot) -> Moment:
    """Return what a new request has, about a message that Ana wrote just now."""
    world = bot.sandbox.slack.world
    written = world.workspace.post(GENERAL, ANA, "")
    direct_channel(bot)
    return Moment(
        ts=written.ts,
        trigger_id=world.views.new_trigger(ANA),
        response_url=world.new_response_url(GENERAL, ANA),
        job_id=bot.messages()[0].job_id or "",
    )


def texts(bot: RunningBot) -> list[str]:
    """Return all that somebody sees: messages, and the topmost view of Ana."""
    world = bot.sandbox.slack.world
    view = world.views.top(ANA)
    shown = [f"{one.ts} {one.text} {one.blocks}" for one in world.workspace.all_in(GENERAL)]
    return [*shown, f"{view.id} {view.data}"] if view else shown


async def job_count(store: SqliteStore) -> int:
    """Return how many jobs the store has."""
    return len(await store.jobs.jobs(JobFilter()))


async def unserved(bot: RunningBot) -> Mapping[str, int]:
    """Return how many requests were not handled, by the reason."""
    async with http_client() as client:
        answer = await client.get(f"http://127.0.0.1:{bot.service.port}/metrics")
    counts: Counter[str] = Counter()
    for reason, count in UNSERVED.findall(answer.text):
        counts[reason] += int(float(count))
    return counts
