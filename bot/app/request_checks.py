"""Checks for `doctor` of whether the requests of Slack's are taken: the clock, the running bot."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import ClientTimeout
from yarl import URL

from bot.app.findings import Finding
from bot.base.network import open_session
from bot.base.network_errors import TRANSPORT_ERRORS
from bot.base.settings import Settings
from bot.slack.signature import WINDOW_SECONDS

ANSWER_SECONDS = 2.0
"""How long to wait for a bot that may not run."""

_MOST_APART = 60.0
"""A clock that is off by more is going wrong, long before `WINDOW_SECONDS`."""

_OWN_ADDRESS: Mapping[str, str] = MappingProxyType({"0.0.0.0": "127.0.0.1", "::": "::1"})  # noqa: S104 - compared, not listened on
"""Where a bot answers that listens on every address."""


def clock_finding(ahead: float | None) -> Finding:
    """Return what a clock is that is `ahead` seconds ahead of Slack's; `None`: it is unknown."""
    if ahead is None:
        return Finding(ok=True, what="Slack does not say what time it is.")
    if abs(ahead) <= _MOST_APART:
        return Finding(ok=True, what="This machine's clock agrees with Slack's.")
    side = "ahead of" if ahead > 0 else "behind"
    return Finding(
        ok=False,
        what=f"This machine's clock is {abs(ahead):.0f} s {side} Slack's.",
        advice=f"Set it: from {WINDOW_SECONDS:.0f} s on, Slack's requests by HTTP are refused.",
    )


async def examine_running_bot(settings: Settings) -> list[Finding]:
    """Return what the bot that runs with these settings says of itself; nothing if none runs.

    Only a running bot sees that the requests it gets are signed with another secret.
    """
    told = await _readiness(settings)
    match told:
        case {"status": "ready", "detail": str(detail)}:
            return [Finding(ok=False, what=f"The running bot says: {detail}.")]
        case {"status": "ready"}:
            return [Finding(ok=True, what="The bot runs, and is ready.")]
        case {"status": str(obstacle)}:
            return [Finding(ok=False, what=f"The running bot says: {obstacle}.")]
        case _:
            return []


async def _readiness(settings: Settings) -> object:
    """Return the answer of `/readyz`; `None` if there is none, or it is another program's."""
    host = _OWN_ADDRESS.get(settings.host, settings.host)
    try:
        url = URL.build(scheme="http", host=host, port=settings.port, path="/readyz")
    except ValueError:
        # No host of this name listens: the check of the address says so.
        return None
    async with open_session(timeout=ClientTimeout(total=ANSWER_SECONDS)) as session:
        try:
            async with session.get(url) as answer:
                told: object = await answer.json(content_type=None)
        except TRANSPORT_ERRORS:
            return None
    return told
