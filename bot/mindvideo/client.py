"""MindVideo's HTTP client: sends the requests of `protocol` and reads the answers by it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import structlog

from bot.base.errors import BotError, OutcomeUnknownError, RetryLaterError
from bot.base.hosts import is_loopback
from bot.base.network_errors import TRANSPORT_ERRORS, cause_of, reason, was_never_sent
from bot.base.ports import Download, Snapshot, TaskState
from bot.mindvideo import protocol
from bot.mindvideo.download import Downloader
from bot.mindvideo.exchange import Answer, Request, TaskCall, call_of
from bot.mindvideo.http import http_client, network_errors
from storage.job import Instant, Json

_EVENTS_IN_A_ROW = 5
"""Each time so many reads used the events alone, the task is read too: an event may be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Timeouts in seconds and sizes in bytes."""

    submit_seconds: float = 60.0
    """Longer than for a read, because a submit that times out has an unknown outcome."""
    read_seconds: float = 30.0
    stream_seconds: float = 2.0
    """How long to read a stream of events that does not end by itself."""
    json_bytes: int = 2**20
    """Largest answer; a task takes some hundred bytes."""
    download_seconds: float = 30 * 60.0
    download_bytes: int = 2**30
    remembered: int = 10_000
    """Tasks counted and unknown words kept in memory; losing one costs a call or a log line."""


_DEFAULT_LIMITS = Limits()


class MindVideoClient:
    """Implements the port `VideoService`.

    `base_url` is without `/api/v1`; a date in `Retry-After` is compared with `now`. The API key is
    sent to the host of `base_url` alone. Downloads connect to public addresses only, and to this
    machine if `base_url` is on this machine.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        now: Callable[[], Instant],
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._now = now
        self._limits = limits
        # `_exchange` bounds each call as a whole.
        self._http = http_client(headers={"Authorization": f"Bearer {api_key}"})
        self._downloader = Downloader(
            now=now,
            allow_loopback=is_loopback(urlsplit(base_url).hostname or ""),
            max_bytes=limits.download_bytes,
            max_seconds=limits.download_seconds,
        )
        self._events_in_a_row: Counter[str] = Counter()
        self._logged: set[tuple[str, str]] = set()
        self._log = structlog.get_logger("mindvideo")

    @property
    def key_lifetime(self) -> float:
        """See `VideoService`."""
        return protocol.KEY_LIFETIME_SECONDS

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._downloader.aclose()

    def request_body(self, model: str, options: Mapping[str, Json]) -> bytes:
        """See `VideoService`."""
        return protocol.request_body(model, options)

    async def submit(self, body: bytes, idempotency_key: str) -> Snapshot:
        """See `VideoService`. A lost reply raises `OutcomeUnknownError`."""
        request = protocol.submit_request(body, idempotency_key)
        answer = await self._exchange(request, self._limits.submit_seconds, OutcomeUnknownError)
        return self._log_state(protocol.read_submit(answer, self._now()))

    async def get_task(
        self, task_id: str, memo: Mapping[str, Json], *, fresh_urls: bool = False
    ) -> Snapshot:
        """See `VideoService`. Reads the task itself where its events are incomplete.

        Only the task has fresh URLs: those in events are as old as the event.
        """
        by_events = None
        if call_of(memo) is TaskCall.EVENTS and not fresh_urls:
            by_events = await self._read_events(task_id)
        if by_events is not None and not self._must_read_task(task_id, by_events):
            return self._log_state(by_events)
        request = protocol.task_request(task_id, TaskCall.TASK)
        answer = await self._exchange(request, self._limits.read_seconds, RetryLaterError)
        by_task = protocol.read_task_answer(answer, self._now())
        return self._log_state(protocol.combine(by_events, by_task) if by_events else by_task)

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """See `VideoService`."""
        return self._downloader.open(url)

    async def _read_events(self, task_id: str) -> Snapshot | None:
        request = protocol.task_request(task_id, TaskCall.EVENTS)
        answer = await self._exchange(request, self._limits.read_seconds, RetryLaterError)
        reading = protocol.read_events_answer(answer, self._now())
        self._log_once("an event that nobody here understands", reading.strange)
        return reading.snapshot

    def _must_read_task(self, task_id: str, by_events: Snapshot) -> bool:
        if by_events.state.is_terminal:
            self._events_in_a_row.pop(task_id, None)
            return not protocol.is_complete(by_events)
        if len(self._events_in_a_row) >= self._limits.remembered:
            self._events_in_a_row.clear()
        self._events_in_a_row[task_id] += 1
        return self._events_in_a_row[task_id] % _EVENTS_IN_A_ROW == 0

    async def _exchange(self, request: Request, seconds: float, lost: type[BotError]) -> Answer:
        """Send a request; raise `lost` if it may have arrived but its answer did not."""
        try:
            with network_errors():
                async with (
                    asyncio.timeout(seconds),
                    self._http.stream(
                        request.method,
                        self._base_url + request.path,
                        headers=request.headers,
                        content=request.content,
                    ) as response,
                ):
                    body, ended = await _read(response, self._limits)
        except TRANSPORT_ERRORS as error:
            if was_never_sent(error):
                why = reason(error)
                raise RetryLaterError("MindVideo cannot be reached.", why=why) from error
            broken = "The connection to MindVideo broke."
            raise lost(broken, why=reason(error)) from cause_of(error)
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.multi_items()},
            text=self._without_key(body.decode("utf-8-sig", errors="replace")),
            ended=ended,
        )

    def _without_key(self, text: str) -> str:
        """Remove the API key, which an error may quote and which people must not see."""
        return text.replace(self._api_key, "[removed]") if self._api_key else text

    def _log_state(self, snapshot: Snapshot) -> Snapshot:
        """Log a state that the protocol does not define, and return the snapshot."""
        if snapshot.state is TaskState.UNKNOWN:
            self._log_once("a state that nobody here understands", [snapshot.state_text])
        return snapshot

    def _log_once(self, event: str, words: Iterable[str]) -> None:
        """Log each unknown word once for an event name."""
        for word in words:
            if (event, word) not in self._logged and len(self._logged) < self._limits.remembered:
                self._logged.add((event, word))
                self._log.warning(event, word=word)


async def _read(response: httpx.Response, limits: Limits) -> tuple[bytes, bool]:
    """Return the body up to a limit of size or time, and whether it is complete.

    A JSON body that is cut is no JSON any more, so it counts as unreadable.
    """
    streamed = response.headers.get("content-type", "").lower().startswith("text/event-stream")
    body = bytearray()
    try:
        async with asyncio.timeout(limits.stream_seconds if streamed else None):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limits.json_bytes:
                    return bytes(body[: limits.json_bytes]), False
    except TimeoutError:
        return bytes(body), False
    return bytes(body), True
