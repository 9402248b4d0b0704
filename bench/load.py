"""Open-loop load, in a process of its own.

`python -m bench.load URL[,URL …] RATE SECONDS SECRET [CHANNELS WARM_UP]`

Several servers get the commands in turn, as the router of a platform sends them.

The times of sending are fixed in advance and a latency counts from the fixed time, so a server that
stalls cannot slow the load down. Prints a `LoadReport` as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from sandbox.slack.entities import GENERAL, TEAM

# The first requests open connections, prepare statements and import code, so they are not typical.
WARM_UP_REQUESTS = 100
START_AFTER_SECONDS = 1.0
SETTLE_SECONDS = 1.0
"""The pause after the warm-up."""
DURATIONS = range(3, 16)
# The users of a team. The bot compares a command with those of the same user in the last minute.
PEOPLE = 300


def person_id(number: int) -> str:
    """Return the ID of the user who sends the command of this number."""
    return f"U{number % PEOPLE:08}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCommand:
    """A signed slash command, ready to be sent; `trigger` is its trigger ID."""

    trigger: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """Latencies in seconds after the warm-up, trigger IDs of acknowledged commands, and errors."""

    seconds: list[float]
    triggers: list[str]
    errors: list[str]


def channel_id(number: int, channels: int) -> str:
    """Return the ID of the channel in which the command of this number is typed."""
    return f"C{number % channels:08}" if channels > 1 else GENERAL


def signed_command(number: int, secret: str, channels: int = 1) -> SignedCommand:
    """Return a command that differs from every other, signed with the present time."""
    trigger = f"bench.{number}"
    fields = {
        "token": "unused",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": channel_id(number, channels),
        "channel_name": "general",
        "user_id": person_id(number),
        "user_name": "somebody",
        "command": "/video",
        "text": f"a lake, take {number} --duration {DURATIONS[number % len(DURATIONS)]}",
        "response_url": "http://127.0.0.1:9/never-asked",
        "trigger_id": trigger,
    }
    body = urlencode(fields).encode()
    stamp = str(int(time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature or "",
    }
    return SignedCommand(trigger=trigger, body=body, headers=headers)


async def send_commands(
    urls: Sequence[str],
    rate: float,
    seconds: float,
    secret: str,
    *,
    channels: int = 1,
    warm_up: int = WARM_UP_REQUESTS,
) -> LoadReport:
    """Send `rate` commands a second for `seconds`, after a warm-up that is not counted."""
    count = round(rate * seconds)
    commands = [signed_command(number, secret, channels) for number in range(warm_up + count)]
    report = LoadReport(seconds=[], triggers=[], errors=[])
    gc.collect()
    gc.disable()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(command: SignedCommand, url: str, at: float, *, counts: bool) -> None:
            await asyncio.sleep(at - time.perf_counter())
            try:
                async with session.post(url, data=command.body, headers=command.headers) as answer:
                    body = await answer.read()
            except aiohttp.ClientError as error:
                report.errors.append(repr(error))
                return
            took = time.perf_counter() - at
            if answer.status != 200 or body:
                report.errors.append(f"{answer.status} {body[:200]!r}")
                return
            report.triggers.append(command.trigger)
            if counts:
                report.seconds.append(took)

        start = time.perf_counter() + START_AFTER_SECONDS
        sends = []
        for number, (command, url) in enumerate(zip(commands, cycle(urls), strict=False)):
            counts = number >= warm_up
            at = start + number / rate + (SETTLE_SECONDS if counts else 0.0)
            sends.append(send(command, url, at, counts=counts))
        await asyncio.gather(*sends)
    return report


def main() -> None:
    """Send commands as the arguments say, and print the report."""
    urls, rate, seconds, secret, *rest = sys.argv[1:]
    channels, warm_up = map(int, rest or (1, WARM_UP_REQUESTS))
    sent = send_commands(
        urls.split(","), float(rate), float(seconds), secret, channels=channels, warm_up=warm_up
    )
    report = asyncio.run(sent)
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
