"""A chain of lives on one file: each is killed somewhere, the last one finishes the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from bot.sandbox import mindvideo_faults, slack_faults
from bot.sandbox.slack_delivery import Delivery
from bot.sandbox.slack_entities import ANA, GENERAL, TEAM, Said
from bot.sandbox.town import Town, town
from tests.bot_process import BotProcess, bot_process
from tests.kills.launcher import VARIABLE

LAUNCHER = ("-m", "tests.kills.launcher")
PACE = {"POLL_MIN_SECONDS": "0.05", "POLL_MAX_SECONDS": "0.2", "LOG_LEVEL": "info"}
RENDER_SECONDS = 0.4
# A point that this life never reaches is passed over after so long.
LIFE_SECONDS = 4.0
# A share that was cut off is looked for during half a minute before it is made again.
END_SECONDS = 90.0
HANG_SECONDS = 3.0
COMMITS = 16
ENDS = ("Done in", "Not started")

SLACK_CALLS = (
    "chat.postMessage",
    "chat.update",
    "files.getUploadURLExternal",
    slack_faults.UPLOAD,
    "files.completeUploadExternal",
    "files.info",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Where a life ends: `commit`, `slack` or `mindvideo` with what exactly, or `time`."""

    kind: str
    at: str


def kills(chance: Random, number: int) -> list[Kill]:
    """Draw where the lives of a chain end."""
    return [_kill(chance) for _ in range(number)]


def _kill(chance: Random) -> Kill:
    kind = chance.choice(("commit", "commit", "commit", "slack", "mindvideo", "time"))
    match kind:
        case "commit":
            when = chance.choice(("before", "after"))
            return Kill(kind=kind, at=f"{when}:{chance.randint(1, COMMITS)}")
        case "slack":
            return Kill(kind=kind, at=chance.choice(SLACK_CALLS))
        case "mindvideo":
            return Kill(kind=kind, at=chance.choice(("submit", "task", "events", "file")))
        case _:
            return Kill(kind="time", at=f"{chance.uniform(0.0, 1.5):.2f}")


async def live(plan: list[Kill], prompts: list[str]) -> None:
    """Go through the chain and hold the promises at its end; raises `AssertionError`."""
    async with town(render_seconds=RENDER_SECONDS) as place:
        environment = place.environment(socket_mode=True) | PACE
        acknowledged: list[Delivery] = []
        for kill, prompt in zip(plan, prompts, strict=True):
            delivery = await _short_life(place, environment, kill, prompt)
            if delivery is not None and delivery.error is None:
                acknowledged.append(delivery)
            place.slack.faults.clear()
            place.video.faults.clear()
        async with bot_process(environment, place.folder, LAUNCHER) as bot:
            await bot.port()
            await _all_ended(place, len(acknowledged))
        _hold(place, len(acknowledged))


async def _short_life(
    place: Town, environment: Mapping[str, str], kill: Kill, prompt: str
) -> Delivery | None:
    """Start the bot, ask it for something, and kill it; return the ask if it could be made."""
    if kill.kind == "commit":
        environment = {**environment, VARIABLE: kill.at}
    async with bot_process(environment, place.folder, LAUNCHER) as bot:
        asking: asyncio.Task[Delivery] | None = None
        if await _is_up(place, bot):
            _hang(place, kill)
            asking = asyncio.create_task(place.slack.people.command(ANA, GENERAL, prompt))
            await _end(place, bot, kill)
        if bot.process.returncode is None:
            bot.process.kill()
        await bot.ended()
        return await asking if asking is not None else None


async def _is_up(place: Town, bot: BotProcess) -> bool:
    """Wait until the bot is connected; tell whether it lived to see that."""
    connected = asyncio.create_task(place.slack.sockets.connected())
    ended = asyncio.create_task(bot.process.wait())
    await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
    is_up = connected.done() and not ended.done()
    for waiting in (connected, ended):
        waiting.cancel()
    return is_up


def _hang(place: Town, kill: Kill) -> None:
    """Have the other side take the call, and not answer while the bot dies."""
    if kill.kind == "slack":
        silent = slack_faults.Fault(kind=slack_faults.FaultKind.SILENT_AFTER)
        place.slack.faults.add(kill.at, silent)
    elif kill.kind == "mindvideo":
        place.video.fail(
            mindvideo_faults.Fault(
                call=mindvideo_faults.Call(kill.at),
                kind=mindvideo_faults.FaultKind.SLOW,
                seconds=HANG_SECONDS,
            )
        )


async def _end(place: Town, bot: BotProcess, kill: Kill) -> None:
    """Wait for the moment at which this life is to end."""
    try:
        async with asyncio.timeout(LIFE_SECONDS):
            match kill.kind:
                case "commit":
                    await bot.process.wait()
                case "time":
                    await asyncio.sleep(float(kill.at))
                case "slack":
                    await _until(lambda: not place.slack.faults.waiting)
                case _:
                    call = mindvideo_faults.Call(kill.at)
                    await _until(lambda: bool(place.video.calls(call)))
    except TimeoutError:
        return


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - neither sandbox tells of a call by an event
        await asyncio.sleep(0.01)


async def _all_ended(place: Town, at_least: int) -> None:
    """Wait until every job that stands in the channel has ended, and so many of them do."""
    workspace = place.slack.world.workspace
    async with asyncio.timeout(END_SECONDS):
        while True:
            version = workspace.version
            messages = _messages(place)
            ended = [said for said in messages if any(end in said.text for end in ENDS)]
            if len(ended) == len(messages) and len(ended) >= at_least:
                return
            await workspace.changed_since(version)


def _messages(place: Town) -> list[Said]:
    said = place.slack.world.workspace.all_in(GENERAL)
    return [one for one in said if not one.thread_ts and not one.ephemeral_for]


def _hold(place: Town, acknowledged: int) -> None:
    """Hold one charge, one message and one result a job, and no acknowledged ask lost."""
    messages = _messages(place)
    jobs = [said.job_id for said in messages]
    assert len(jobs) == len(set(jobs)), "a job has two messages"
    assert len(jobs) >= acknowledged, "an acknowledged ask has no message"
    keys = [charge.key for charge in place.video.charges]
    assert len(keys) == len(set(keys)), "a key was charged twice"
    assert set(keys) == {f"slack:{TEAM}:{GENERAL}:{said.ts}" for said in messages}
    said = place.slack.world.workspace.all_in(GENERAL)
    results = [one.thread_ts for one in said if one.thread_ts and not one.ephemeral_for]
    assert sorted(results) == sorted(one.ts for one in messages), "not one result a thread"
