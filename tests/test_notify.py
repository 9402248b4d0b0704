"""`/video notify`, over real HTTP: what channels are told of their own accord, and who decides."""

from __future__ import annotations

import json

from bot.sandbox.mindvideo_faults import Call, Fault, FaultKind
from bot.sandbox.slack_entities import ANA, CREW, GENERAL, Said
from tests.house import House, house


async def answer(home: House, text: str, *, user: str = ANA, channel: str = GENERAL) -> str:
    """Type a subcommand and return its private answer."""
    delivery = await home.type(text, user=user, channel=channel)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == user
    return delivery.shown.text


def notices(home: House, channel: str) -> list[Said]:
    """Return what a channel was told of the bot's own accord."""
    return [said for said in home.messages(channel) if (said.job_id or "").startswith("notice-")]


async def test_a_finished_video_is_told_with_a_link_to_its_thread() -> None:
    """One notice, with the asker's plain name, so that it rings nobody."""
    async with house() as home:
        told = await answer(home, f"notify <#{CREW}|crew> all")
        assert f"<#{CREW}>" in told
        await home.type("a lake at dawn")
        await home.until(lambda: notices(home, CREW))
        await home.until_delivered()
        (message,) = home.messages()
        (notice,) = notices(home, CREW)
    assert f"/archives/{GENERAL}/p{message.ts.replace('.', '')}|“a lake at dawn”>" in notice.text
    assert "*ana*" in notice.text
    assert "<@" not in notice.text + json.dumps(notice.blocks)
    assert "cost 0.0756 as billed by MindVideo" in json.dumps(notice.blocks)


async def test_failures_are_told_and_successes_are_not() -> None:
    async with house() as home:
        await answer(home, "notify here failures", channel=CREW)
        await home.type("a lake")
        await home.until_delivered()
        home.town.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.TASK_FAILS, message="unsafe content")
        )
        await home.type("a storm")
        await home.until(lambda: notices(home, CREW))
        await home.until_delivered(2)
        (notice,) = notices(home, CREW)
    assert "could not be made" in notice.text
    assert "unsafe content" in notice.text
