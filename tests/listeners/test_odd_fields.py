"""Every field of every request, missing, null or of another type: never a failure of the bot."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession
from pydantic import JsonValue
from structlog.testing import capture_logs

from bot.slack.manifest import EVENTS_PATH
from sandbox.slack.delivery import DeliveryKind
from tests.listeners.test_sample_payloads import SAMPLES, Sample, moment
from tests.support.running_bot import RunningBot, running_bot
from tests.support.signed import FORM, JSON, signed

ODD: tuple[JsonValue, ...] = (
    None,
    "",
    7,
    -1.5,
    True,
    [],
    {},
    [None],
    ["x"],
    {"id": 7},
    "x" * 300,
    "\ud800",
    "9" * 400,
)
ODD_FIELDS = 4
"""How many fields of each sample are made odd, each in one request; chosen by a seed."""
SERVED = {200, 400}


def places(value: object, begin: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where each part of a JSON value is."""
    items = value.items() if isinstance(value, dict) else ()
    numbered = enumerate(value) if isinstance(value, list) else ()
    for key, inner in (*items, *numbered):
        yield (*begin, key)
        yield from places(inner, (*begin, key))


def with_odd(value: dict[str, object], place: tuple[str | int, ...], odd: object) -> object:
    """Return a JSON value with one part replaced, or taken away by `...`."""
    changed = copy.deepcopy(value)
    around: object = changed
    *path, last = place
    for step in path:
        around = around[step]  # type: ignore[index] # the place says what is there
    if odd is ...:
        del around[last]  # type: ignore[attr-defined] # as above
    else:
        around[last] = odd  # type: ignore[index] # as above
    return changed


def encoded(sample: Sample, body: object) -> tuple[bytes, str]:
    """Return the body as Slack sends such a request, and its type."""
    match sample.kind:
        case DeliveryKind.EVENT:
            return json.dumps(body).encode(), JSON
        case DeliveryKind.COMMAND:
            assert isinstance(body, dict)
            fields = {name: str(value) for name, value in body.items() if value is not None}
            return urlencode(fields, errors="replace").encode(), FORM
        case _:
            return urlencode({"payload": json.dumps(body)}).encode(), FORM


def requests(bot: RunningBot, seed: int) -> Iterator[tuple[str, bytes, str]]:
    """Yield requests, each with one odd field, and what it is."""
    choice = random.Random(seed)
    now = moment(bot)
    for name, sample in SAMPLES.items():
        body = json.loads(json.dumps(sample.payload(now), default=str))
        known = list(places(body))
        for place in choice.sample(known, min(ODD_FIELDS, len(known))):
            odd = choice.choice((*ODD, ...))
            yield f"{name}: {place} is {odd!r:.20}", *encoded(sample, with_odd(body, place, odd))


@pytest.mark.parametrize("seed", [1])
async def test_an_odd_field_is_no_failure_of_the_bot(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What lacks something is acknowledged or refused: Slack gains nothing by sending it again."""
    failed: list[str] = []
    # So long a delay that nothing is rendered meanwhile.
    async with running_bot(SUBMIT_DELAY_SECONDS="300") as bot, ClientSession() as session:
        await bot.type("a lake")
        await bot.until(bot.messages)
        secret = bot.sandbox.slack.credentials.signing_secret
        url = f"http://127.0.0.1:{bot.service.port}{EVENTS_PATH}"
        for what, body, content_type in requests(bot, seed):
            caplog.clear()
            headers = signed(secret, body, content_type)
            with capture_logs() as logs:
                async with session.post(url, data=body, headers=headers) as answer:
                    status = answer.status
            has_failed = any(each["event"] == "listener_failed" for each in logs)
            has_failed |= any(each.exc_info for each in caplog.records)
            if has_failed or status not in SERVED:
                failed.append(f"{what}: {status}")
    assert failed == []
