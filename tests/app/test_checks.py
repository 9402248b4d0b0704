"""Tests of the checks before a start and of `doctor`: each failure names the variable to change."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from bot.app import checks
from bot.app.checks import all_met, examine
from bot.app.findings import Finding
from bot.app.run import running
from bot.base.errors import BotError, ConfigurationError, RetryLaterError
from bot.base.settings import Settings, load_settings
from bot.mindvideo import http as mindvideo_http
from bot.options import catalog
from bot.options.catalog import Catalog
from bot.slack.manifest import SCOPES
from sandbox.sandbox import Sandbox
from sandbox.slack.faults import Fault, FaultKind
from storage.job import Json
from storage.store import StoreInUseError
from tests.support.model_samples import model_file, write
from tests.support.sandbox import running_sandbox
from tests.support.wire import raw_server


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another socket listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


async def start(sandbox: Sandbox, **changes: str) -> None:
    """Start and stop a bot of this sandbox, with changed variables."""
    environment = sandbox.environment(socket_mode=True)
    async with running(load_settings({**environment, **changes})):
        pass


async def refusal(sandbox: Sandbox, **changes: str) -> list[str]:
    """Return the lines of the refused start, and check that no token is among them."""
    with pytest.raises(ConfigurationError) as caught:
        await start(sandbox, **changes)
    assert "guessed" not in str(caught.value)
    return str(caught.value).splitlines()


async def test_a_start_says_that_its_file_is_a_new_one(tmp_path: Path) -> None:
    """That of a mistyped path is one, and has none of the jobs that are under way."""
    path = tmp_path / "jobs.db"
    async with running_sandbox() as sandbox:
        with capture_logs() as logs:
            await start(sandbox, DATABASE_URL=f"sqlite:///{path}")
            await start(sandbox, DATABASE_URL=f"sqlite:///{path}")
    made = [each["path"] for each in logs if each["event"] == "store_created"]
    assert made == [str(path)]


async def test_a_path_that_cannot_be_looked_at_is_no_address_of_a_store() -> None:
    async with running_sandbox() as sandbox:
        (line,) = await refusal(sandbox, DATABASE_URL=f"sqlite:///{'x' * 300}.db")
    assert line.startswith("DATABASE_URL leads to no store (")


@pytest.mark.parametrize(
    ("method", "code", "variable", "hint"),
    [
        ("auth.test", "account_inactive", "SLACK_BOT_TOKEN", "install the app again"),
        ("apps.connections.open", "a_code_of_the_future", "SLACK_APP_TOKEN", "Socket Mode"),
    ],
)
async def test_a_refused_token_is_named_with_slacks_error_code(
    method: str, code: str, variable: str, hint: str
) -> None:
    async with running_sandbox() as sandbox:
        sandbox.slack.faults.add(method, Fault(kind=FaultKind.ERROR_BEFORE, code=code))
        (line,) = await refusal(sandbox)
    assert line.startswith(f"{variable} is refused by Slack ({code}). Set it to ")
    assert hint in line


async def test_all_failed_checks_are_reported_at_once(taken_port: int) -> None:
    Path("models").mkdir()
    Path("models/odd.json").write_text("{")
    wrong = {
        "SLACK_BOT_TOKEN": "xoxb-guessed",
        "SLACK_APP_TOKEN": "xapp-guessed",
        "DATABASE_URL": "sqlite:///no/such/folder/jobs.db",
        "MODELS_DIR": "models",
        "PORT": str(taken_port),
    }
    async with running_sandbox() as sandbox:
        lines = await refusal(sandbox, **wrong)
    printed = "\n".join(lines)
    assert len(lines) == len(wrong)
    assert all(name in printed for name in wrong if name != "MODELS_DIR")
    assert "odd.json" in printed
    assert "DATABASE_URL leads to no store (no/such/folder/jobs.db: there is no folder" in printed
    assert f"Nobody can listen on 127.0.0.1, port {taken_port} (Address already in use)" in printed


async def test_a_refused_start_leaves_nothing_open() -> None:
    """The store is closed, so the same process can start with the right token."""
    async with running_sandbox() as sandbox:
        await refusal(sandbox, SLACK_BOT_TOKEN="xoxb-guessed")
        await start(sandbox)


async def test_an_address_without_slacks_api_is_reported_once() -> None:
    """The tokens are not blamed when another server answered."""
    async with running_sandbox() as sandbox:
        (line,) = await refusal(sandbox, SLACK_API_URL=sandbox.video_url)
    assert line.startswith("SLACK_API_URL leads to no API of Slack's (http_40")


async def test_an_unreachable_slack_is_not_a_configuration_error() -> None:
    """The failure may pass, so a supervisor may start the bot again."""
    async with running_sandbox() as sandbox:
        with pytest.raises(
            BotError, match=r"^Slack cannot be reached: 127\.0\.0\.1:9 refuses"
        ) as caught:
            await start(sandbox, SLACK_API_URL="http://127.0.0.1:9/")
    assert not isinstance(caught.value, ConfigurationError)


async def test_an_unreachable_slack_is_reported_beside_other_failures() -> None:
    async with running_sandbox() as sandbox:
        lines = await refusal(
            sandbox, SLACK_API_URL="http://127.0.0.1:9/", DATABASE_URL="sqlite:///no/jobs.db"
        )
    assert [line.split()[0] for line in lines] == ["DATABASE_URL", "Slack"]


async def test_a_failing_slack_is_not_a_wrong_token() -> None:
    async with running_sandbox() as sandbox:
        sandbox.slack.faults.add("apps.connections.open", Fault(kind=FaultKind.STATUS_BEFORE))
        with pytest.raises(RetryLaterError):
            await start(sandbox)


async def test_a_store_in_use_is_not_a_configuration_error() -> None:
    async with (
        running_sandbox() as sandbox,
        running(load_settings(sandbox.environment(socket_mode=False))),
    ):
        with pytest.raises(StoreInUseError, match="in use by another process"):
            await start(sandbox)


async def test_an_unexpected_error_is_raised_as_it_is() -> None:
    """Its traceback leads to the bug."""

    async def fail() -> None:
        raise LookupError("a mistake of ours")

    async def refuse() -> None:
        raise ConfigurationError("PORT is wrong.")

    checks = (asyncio.create_task(refuse()), asyncio.create_task(fail()))
    with pytest.raises(LookupError):
        await all_met(*checks)


BOT, APP, KEY = "xoxb-doctor-1", "xapp-doctor-1", "mv_live_doctor1"


@dataclass(slots=True, kw_only=True)
class FakeApis:
    """Slack's and MindVideo's APIs on loopback, with settable responses and recorded requests."""

    me: Mapping[str, object] = field(
        default_factory=lambda: {"ok": True, "team_id": "T1", "user_id": "U1", "bot_id": "B1"}
    )
    scopes: str = ",".join(SCOPES)
    connection: Mapping[str, object] = field(
        default_factory=lambda: {"ok": True, "url": "wss://127.0.0.1/link"}
    )
    task_status: int = 404
    base: str = ""
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    def settings(self, **changes: str) -> Settings:
        """Return settings whose URLs are these APIs."""
        env = {
            "SLACK_BOT_TOKEN": BOT,
            "SLACK_APP_TOKEN": APP,
            "SLACK_API_URL": f"{self.base}/api/",
            "MINDVIDEO_API_KEY": KEY,
            "MINDVIDEO_BASE_URL": self.base,
            "DATABASE_URL": "sqlite:///jobs.db",
        }
        return load_settings({**env, **changes})

    async def answer_slack(self, request: web.Request) -> web.Response:
        """Answer `auth.test` or `apps.connections.open`."""
        self._record(request)
        if request.path == "/api/auth.test":
            return web.json_response(self.me, headers={"x-oauth-scopes": self.scopes})
        return web.json_response(self.connection)

    async def answer_mindvideo(self, request: web.Request) -> web.Response:
        """Answer a read of a task; the body quotes the key."""
        self._record(request)
        return web.json_response({"error": f"told {KEY}."}, status=self.task_status)

    def _record(self, request: web.Request) -> None:
        self.requests.append((request.method, request.path, request.headers["Authorization"]))


@pytest.fixture
async def apis() -> AsyncIterator[FakeApis]:
    """Serve the fake APIs."""
    built = FakeApis()
    site = web.Application()
    site.router.add_post("/api/{method}", built.answer_slack)
    site.router.add_route("*", "/api/v1/tasks/{task}", built.answer_mindvideo)
    async with TestServer(site) as server:
        built.base = str(server.make_url("")).rstrip("/")
        yield built


def problems(findings: list[Finding]) -> list[Finding]:
    """Return the failed findings; check that no finding holds a secret."""
    for finding in findings:
        assert not (finding.ok and finding.advice)
        assert not any(secret in f"{finding}" for secret in (BOT, APP, KEY))
    return [finding for finding in findings if not finding.ok]


async def test_doctor_only_reads_and_finds_no_problem_in_a_working_bot(apis: FakeApis) -> None:
    findings = await examine(apis.settings())

    assert problems(findings) == []
    report = " ".join(finding.what for finding in findings)
    assert all(name in report for name in ("bot token", "scope", "Socket Mode", "MindVideo"))
    assert "kling-v3" in report
    assert sorted(apis.requests) == [
        ("GET", "/api/v1/tasks/doctor-no-such-task", f"Bearer {KEY}"),
        ("POST", "/api/apps.connections.open", f"Bearer {APP}"),
        ("POST", "/api/auth.test", f"Bearer {BOT}"),
    ]
    assert list(Path.cwd().iterdir()) == []


async def test_doctor_does_not_check_socket_mode_in_http_mode(apis: FakeApis) -> None:
    findings = await examine(apis.settings(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="abc"))
    assert problems(findings) == []
    assert "/api/apps.connections.open" not in [path for _, path, _ in apis.requests]


async def test_doctor_reports_a_refused_bot_token_with_slacks_error_code(apis: FakeApis) -> None:
    apis.me = {"ok": False, "error": "invalid_auth"}
    (problem,) = problems(await examine(apis.settings()))
    assert problem.what.startswith("SLACK_BOT_TOKEN is refused by Slack (invalid_auth). Set it to")


async def test_doctor_names_every_missing_scope_with_its_use(apis: FakeApis) -> None:
    apis.scopes = ",".join(set(SCOPES) - {"files:write", "channels:join"})
    (problem,) = problems(await examine(apis.settings()))
    for scope in ("files:write", "channels:join"):
        assert f"{scope} ({SCOPES[scope]})" in problem.what
    assert "chat:write" not in problem.what
    assert "manifest" in problem.advice


async def test_doctor_reports_a_refused_app_token(apis: FakeApis) -> None:
    apis.connection = {"ok": False, "error": "not_allowed_token_type"}
    (problem,) = problems(await examine(apis.settings()))
    assert "SLACK_APP_TOKEN is refused by Slack (not_allowed_token_type)" in problem.what
    assert "connections:write" in problem.what
    assert "Socket Mode" in problem.what


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "MINDVIDEO_API_KEY"),
        (402, "credit"),
        (403, "MINDVIDEO_API_KEY"),
        (500, "MINDVIDEO_BASE_URL"),
    ],
)
async def test_doctor_reports_an_error_of_mindvideo(
    apis: FakeApis, status: int, advice: str
) -> None:
    apis.task_status = status
    (problem,) = problems(await examine(apis.settings()))
    assert str(status) in problem.what
    assert not problem.what.endswith("..")
    assert advice in problem.advice


async def test_doctor_reports_each_unreachable_service_once(apis: FakeApis) -> None:
    closed = "http://127.0.0.1:9"  # the port of "discard": nothing listens on it
    found = problems(await examine(apis.settings(SLACK_API_URL=closed, MINDVIDEO_BASE_URL=closed)))
    named = ("SLACK_API_URL", "MINDVIDEO_BASE_URL")
    assert len(found) == len(named)
    assert all(name in finding.advice for name, finding in zip(named, found, strict=True))


async def test_doctor_says_why_a_proxy_does_not_connect_without_its_password(
    apis: FakeApis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(b"HTTP/1.1 407 Auth\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hush@127.0.0.1:{proxy.port}")
        away = {"SLACK_API_URL": "https://slack.com", "MINDVIDEO_BASE_URL": "https://mv.example"}
        found = problems(await examine(apis.settings(**away)))
    assert [finding.what.partition(":")[0] for finding in found] == [
        "Slack cannot be reached",
        "MindVideo cannot be reached",
    ]
    for finding in found:
        assert "(status 407: it wants a user and a password)" in finding.what
        assert "hush" not in f"{finding}"


async def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://hush:hush@proxy:1080")
    async with running_sandbox() as sandbox:
        (line,) = await refusal(sandbox)
    assert line.startswith("ALL_PROXY is wrong: ")
    assert "hush" not in line


async def test_doctor_reports_an_unusable_store(apis: FakeApis) -> None:
    Path("jobs.db").write_text("this is not a database, and long enough to be told from one")
    (broken,) = problems(await examine(apis.settings()))
    assert broken.what.startswith("DATABASE_URL leads to no store (")

    (nowhere,) = problems(await examine(apis.settings(DATABASE_URL="sqlite:///no/such/jobs.db")))
    assert f"no/such/jobs.db: there is no folder {Path.cwd()}/no/such" in nowhere.what


async def test_doctor_reports_an_invalid_model_file(apis: FakeApis) -> None:
    Path("models").mkdir()
    Path("models/odd.json").write_text("{")
    (problem,) = problems(await examine(apis.settings(MODELS_DIR="models")))
    assert "odd.json" in problem.what


async def test_doctor_reports_an_invalid_packaged_file(
    apis: FakeApis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A start, which does not check the packaged files, takes this one."""
    schema: Mapping[str, Json] = {"type": "integer", "maximum": 1, "default": 2}
    monkeypatch.setattr(
        catalog, "PACKAGED", write(tmp_path / "packaged", model_file({"a": schema}))
    )
    assert Catalog.load().default.slug == "sample"
    (problem,) = problems(await examine(apis.settings()))
    assert "sample.json: the default of `a` is not what it allows" in problem.what


async def test_doctor_waits_until_a_proxy_that_is_silent_is_the_reason(
    apis: FakeApis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may take longer than a call; then MindVideo alone would seem to be silent."""
    monkeypatch.setattr(checks, "CALL_SECONDS", 0.1)
    monkeypatch.setattr(mindvideo_http, "ALL_CONNECT_SECONDS", 0.2)
    async with raw_server(None) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        *_, found = problems(await examine(apis.settings(MINDVIDEO_BASE_URL="https://mv.example")))
    assert "does not connect to mv.example in time" in found.what
