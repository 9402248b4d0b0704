"""All state of the simulated Slack in one object."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from sandbox.slack.app_manifest import SlackApp
from sandbox.slack.entities import APP, BOT
from sandbox.slack.faults import Faults
from sandbox.slack.files import FileStore
from sandbox.slack.limits import RateLimiter
from sandbox.slack.views import Views
from sandbox.slack.workspace import Workspace

STATUS_SECONDS = 120.0
"""https://docs.slack.dev/reference/methods/assistant.threads.setStatus"""

RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 1800.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#message_responses"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the bot, as it arrived; `outcome` is `ok`, Slack's error or the fault's name."""

    at: float
    method: str
    args: dict[str, object]
    outcome: str


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """A `response_url`: the channel, person and thread of its messages, and its number of uses."""

    channel: str
    user: str
    issued_at: float
    thread_ts: str | None = None
    source_ts: str | None = None
    uses: int = 0


@dataclass(slots=True, kw_only=True)
class Credentials:
    """The scopes, tokens and signing secret of the bot. A token of `None` has been revoked."""

    scopes: set[str]
    bot_token: str | None = "xoxb-sandbox"  # noqa: S105 - opens nothing but the sandbox
    app_token: str | None = "xapp-sandbox"  # noqa: S105 - opens nothing but the sandbox
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - signs for the sandbox alone


class Prompt(BaseModel, frozen=True):
    """A prompt that an agent suggests."""

    title: str
    message: str


@dataclass(slots=True, kw_only=True)
class World:
    """All state of the simulated Slack. `base_url` is set once it is served."""

    app: SlackApp
    workspace: Workspace
    files: FileStore
    views: Views
    credentials: Credentials
    faults: Faults = field(default_factory=Faults)
    limiter: RateLimiter | None = None
    """Refuses calls beyond Slack's limits; `None`: any number of calls is taken."""
    calls: list[Call] = field(default_factory=list)
    tickets: set[str] = field(default_factory=set)
    """Tickets of `apps.connections.open`: each opens one websocket."""
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    prompts: dict[str, list[Prompt]] = field(default_factory=dict)
    """What the bot suggests, by direct conversation."""
    _statuses: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    """What the bot does, and since when, by thread."""
    app_id: str = APP
    base_url: str = ""

    def url(self, path: str) -> str:
        """Return the URL of a path. Raises `RuntimeError` before `base_url` is set."""
        if not self.base_url:
            raise RuntimeError("set base_url to where the sandbox listens")
        return self.base_url.rstrip("/") + path

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Show a status in a thread; an empty one takes it away."""
        self._statuses[channel, thread_ts] = (status, self.workspace.now())
        self.workspace.touch()

    def status(self, channel: str, thread_ts: str) -> str:
        """Return the status of a thread; it ends after two minutes, and with the bot's next reply.

        Empty: there is none.
        """
        status, since = self._statuses.get((channel, thread_ts), ("", 0.0))
        messages = self.workspace.all_in(channel)
        is_answered = any(
            message.user == BOT and message.thread_ts == thread_ts and float(message.ts) > since
            for message in messages
        )
        is_over = is_answered or self.workspace.now() - since > STATUS_SECONDS
        return "" if is_over else status

    def count(self, method: str) -> int:
        """Return how often the bot called a method, with any outcome."""
        return sum(call.method == method for call in self.calls)

    def note(self, method: str, args: dict[str, object], outcome: str) -> None:
        """Add a call to `calls`."""
        self.calls.append(Call(at=self.workspace.now(), method=method, args=args, outcome=outcome))

    def new_response_url(
        self,
        channel: str,
        user: str,
        *,
        thread_ts: str | None = None,
        source_ts: str | None = None,
    ) -> str:
        """Return a new `response_url`, valid for 5 uses within 30 minutes."""
        key = self.workspace.new_id("R")
        self.response_urls[key] = ResponseUrl(
            channel=channel,
            user=user,
            issued_at=self.workspace.now(),
            thread_ts=thread_ts,
            source_ts=source_ts,
        )
        return self.url(f"/hooks/{key}")

    def expire_response_urls(self) -> None:
        """Make every issued `response_url` too old."""
        for url in self.response_urls.values():
            url.issued_at -= RESPONSE_URL_SECONDS + 1
