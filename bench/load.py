"""Open-loop load, in a process of its own: `python -m bench.load URL RATE SECONDS SECRET`.

The moments of sending are fixed in advance and a latency counts from the fixed moment, so a server
that stalls cannot slow its own judge down. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from sandbox.slack.entities import GENERAL, TEAM

# The first connections and the first lines of code that run are nobody's everyday.
WARM_UP_REQUESTS = 100
START_AFTER_SECONDS = 1.0
DURATIONS = range(3, 16)
# A team: what a person asked in the last minute is compared with what they ask now.
PEOPLE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One signed request, ready to be sent."""

    trigger: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it; `seconds` is each answer's latency, `triggers` all that was acknowledged."""

    seconds: list[float]
    triggers: list[str]
    errors: list[str]


def shot(number: int, secret: str) -> Shot:
    """Return a command that differs from every other, signed now."""
    trigger = f"bench.{number}"
    fields = {
        "token": "unused",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": GENERAL,
        "channel_name": "general",
        "user_id": f"U{number % PEOPLE:08}",
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
    return Shot(trigger=trigger, body=body, headers=headers)


async def fire(url: str, rate: float, seconds: float, secret: str) -> Report:
    """Send `rate` commands a second for `seconds`, after a warm-up that is not counted."""
    count = int(rate * seconds)
    shots = [shot(number, secret) for number in range(WARM_UP_REQUESTS + count)]
    report = Report(seconds=[], triggers=[], errors=[])
    gc.collect()
    gc.disable()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(one: Shot, at: float, *, counts: bool) -> None:
            await asyncio.sleep(at - time.perf_counter())
            try:
                async with session.post(url, data=one.body, headers=one.headers) as answer:
                    said = await answer.read()
            except aiohttp.ClientError as error:
                report.errors.append(repr(error))
                return
            took = time.perf_counter() - at
            if answer.status != 200 or said:
                report.errors.append(f"{answer.status} {said[:200]!r}")
                return
            report.triggers.append(one.trigger)
            if counts:
                report.seconds.append(took)

        start = time.perf_counter() + START_AFTER_SECONDS
        await asyncio.gather(
            *(
                send(one, start + number / rate, counts=number >= WARM_UP_REQUESTS)
                for number, one in enumerate(shots)
            )
        )
    return report


def main() -> None:
    """Fire as the arguments say."""
    url, rate, seconds, secret = sys.argv[1:]
    report = asyncio.run(fire(url, float(rate), float(seconds), secret))
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
