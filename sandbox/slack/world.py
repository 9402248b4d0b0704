"""Everything that the simulated Slack holds, in one place for those who act on it."""

from dataclasses import dataclass, field

from sandbox.slack.app_manifest import SlackApp
from sandbox.slack.entities import APP
from sandbox.slack.faults import Faults
from sandbox.slack.files import FileStore
from sandbox.slack.views import Views
from sandbox.slack.workspace import Workspace

ANSWER_USES = 5
ANSWER_SECONDS = 1800.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#message_responses"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the bot, as it arrived; `outcome` is `ok`, Slack's error or the fault's name."""

    at: float
    method: str
    args: dict[str, object]
    outcome: str


@dataclass(slots=True, kw_only=True)
class AnswerUrl:
    """A `response_url`: where its answers appear, for whom, and how often it was used."""

    channel: str
    user: str
    issued_at: float
    thread_ts: str | None = None
    source_ts: str | None = None
    uses: int = 0


@dataclass(slots=True, kw_only=True)
class Credentials:
    """What the bot must show to be let in. A token of `None` has been revoked."""

    scopes: set[str]
    bot_token: str | None = "xoxb-sandbox"  # noqa: S105 - opens nothing but the sandbox
    app_token: str | None = "xapp-sandbox"  # noqa: S105 - opens nothing but the sandbox
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - signs for the sandbox alone


@dataclass(slots=True, kw_only=True)
class World:
    """The whole simulated Slack. `base_url` is known once it listens."""

    app: SlackApp
    workspace: Workspace
    files: FileStore
    views: Views
    credentials: Credentials
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)
    tickets: set[str] = field(default_factory=set)
    """Sockets that may be opened: `apps.connections.open` hands one out."""
    answer_urls: dict[str, AnswerUrl] = field(default_factory=dict)
    app_id: str = APP
    base_url: str = ""

    def url(self, path: str) -> str:
        """Return an address of this Slack."""
        if not self.base_url:
            raise RuntimeError("set base_url to where the sandbox listens")
        return self.base_url.rstrip("/") + path

    def count(self, method: str) -> int:
        """Tell how often the bot called a method, whatever came of it."""
        return sum(call.method == method for call in self.calls)

    def note(self, method: str, args: dict[str, object], outcome: str) -> None:
        """Write a call into the journal."""
        self.calls.append(Call(at=self.workspace.now(), method=method, args=args, outcome=outcome))

    def new_answer_url(
        self,
        channel: str,
        user: str,
        *,
        thread_ts: str | None = None,
        source_ts: str | None = None,
    ) -> str:
        """Mint a `response_url`, good for 5 uses within 30 minutes."""
        key = self.workspace.new_id("R")
        self.answer_urls[key] = AnswerUrl(
            channel=channel,
            user=user,
            issued_at=self.workspace.now(),
            thread_ts=thread_ts,
            source_ts=source_ts,
        )
        return self.url(f"/hooks/{key}")

    def expire_answer_urls(self) -> None:
        """Let every `response_url` that was given out be too old."""
        for answer in self.answer_urls.values():
            answer.issued_at -= ANSWER_SECONDS + 1
