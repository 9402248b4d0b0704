"""The doctor finds what is wrong, says what to do, and costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.checks import Finding, examine
from bot.base.settings import Settings, load_settings
from bot.slack.manifest import SCOPES

BOT, APP, KEY = "xoxb-doctor-1", "xapp-doctor-1", "mv_live_doctor1"


@dataclass(slots=True, kw_only=True)
class World:
    """Slack and MindVideo on loopback: what they answer, and what they were asked."""

    me: Mapping[str, object] = field(
        default_factory=lambda: {"ok": True, "team_id": "T1", "user_id": "U1", "bot_id": "B1"}
    )
    scopes: str = ",".join(SCOPES)
    connection: Mapping[str, object] = field(
        default_factory=lambda: {"ok": True, "url": "wss://127.0.0.1/link"}
    )
    task_status: int = 404
    base: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def settings(self, **changes: str) -> Settings:
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
        self._note(request)
        if request.path == "/api/auth.test":
            return web.json_response(self.me, headers={"x-oauth-scopes": self.scopes})
        return web.json_response(self.connection)

    async def answer_mindvideo(self, request: web.Request) -> web.Response:
        self._note(request)
        return web.json_response({"error": f"told {KEY}."}, status=self.task_status)

    def _note(self, request: web.Request) -> None:
        self.asked.append((request.method, request.path, request.headers["Authorization"]))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    built = World()
    site = web.Application()
    site.router.add_post("/api/{method}", built.answer_slack)
    site.router.add_route("*", "/api/v1/tasks/{task}", built.answer_mindvideo)
    async with TestServer(site) as server:
        built.base = str(server.make_url("")).rstrip("/")
        yield built


def problems(findings: list[Finding]) -> list[Finding]:
    """Return what is not well, having checked what holds for every report."""
    for finding in findings:
        assert not (finding.ok and finding.advice)
        assert not any(secret in f"{finding}" for secret in (BOT, APP, KEY))
    return [finding for finding in findings if not finding.ok]


async def test_a_healthy_bot_is_found_healthy_with_reads_alone(world: World) -> None:
    findings = await examine(world.settings())

    assert problems(findings) == []
    told = " ".join(finding.what for finding in findings)
    assert all(word in told for word in ("bot token", "scope", "Socket Mode", "MindVideo"))
    assert "kling-v3" in told
    assert sorted(world.asked) == [
        ("GET", "/api/v1/tasks/doctor-no-such-task", f"Bearer {KEY}"),
        ("POST", "/api/apps.connections.open", f"Bearer {APP}"),
        ("POST", "/api/auth.test", f"Bearer {BOT}"),
    ]
    assert list(Path.cwd().iterdir()) == []


async def test_http_mode_asks_nothing_of_socket_mode(world: World) -> None:
    findings = await examine(world.settings(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="abc"))
    assert problems(findings) == []
    assert "/api/apps.connections.open" not in [path for _, path, _ in world.asked]


async def test_a_refused_bot_token_is_told_with_slacks_word(world: World) -> None:
    world.me = {"ok": False, "error": "invalid_auth"}
    (problem,) = problems(await examine(world.settings()))
    assert problem.what.startswith("SLACK_BOT_TOKEN is refused by Slack (invalid_auth). Set it to")


async def test_every_missing_scope_is_named_with_its_use(world: World) -> None:
    world.scopes = ",".join(set(SCOPES) - {"files:write", "channels:join"})
    (problem,) = problems(await examine(world.settings()))
    for scope in ("files:write", "channels:join"):
        assert f"{scope} ({SCOPES[scope]})" in problem.what
    assert "chat:write" not in problem.what
    assert "manifest" in problem.advice


async def test_a_refused_app_token_is_told(world: World) -> None:
    world.connection = {"ok": False, "error": "not_allowed_token_type"}
    (problem,) = problems(await examine(world.settings()))
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
async def test_mindvideos_refusal_is_told(world: World, status: int, advice: str) -> None:
    world.task_status = status
    (problem,) = problems(await examine(world.settings()))
    assert str(status) in problem.what
    assert not problem.what.endswith("..")
    assert advice in problem.advice


async def test_services_that_do_not_answer_are_told_once_each(world: World) -> None:
    gone = "http://127.0.0.1:9"  # the port of "discard", where nothing listens
    found = problems(await examine(world.settings(SLACK_API_URL=gone, MINDVIDEO_BASE_URL=gone)))
    named = ("SLACK_API_URL", "MINDVIDEO_BASE_URL")
    assert len(found) == len(named)
    assert all(name in finding.advice for name, finding in zip(named, found, strict=True))


async def test_a_store_that_cannot_be_used_is_told(world: World) -> None:
    Path("jobs.db").write_text("this is not a database, and long enough to be told from one")
    (broken,) = problems(await examine(world.settings()))
    assert broken.what.startswith("DATABASE_URL leads to no store (")

    (nowhere,) = problems(await examine(world.settings(DATABASE_URL="sqlite:///no/such/jobs.db")))
    assert "no/such/jobs.db: there is no folder no/such" in nowhere.what


async def test_a_model_file_that_cannot_be_used_is_told(world: World) -> None:
    Path("models").mkdir()
    Path("models/odd.json").write_text("{")
    (problem,) = problems(await examine(world.settings(MODELS_DIR="models")))
    assert "odd.json" in problem.what
