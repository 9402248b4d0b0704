"""What keeps the bot from starting is told at once, each by the variable to change."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app.checks import all_met
from bot.app.run import running
from bot.base.errors import BotError, ConfigurationError, RetryLaterError
from bot.base.settings import load_settings
from sandbox.both import Sandbox
from sandbox.slack.faults import Fault, FaultKind
from storage.store import StoreInUseError
from tests.support.sandbox import running_sandbox


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


async def start(sandbox: Sandbox, **changes: str) -> None:
    environment = sandbox.environment(socket_mode=True)
    async with running(load_settings({**environment, **changes})):
        pass


async def refusal(sandbox: Sandbox, **changes: str) -> list[str]:
    """Return the lines that an operator reads; no token stands in them."""
    with pytest.raises(ConfigurationError) as caught:
        await start(sandbox, **changes)
    assert "guessed" not in str(caught.value)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "token_revoked", "new_code"])
@pytest.mark.parametrize(
    ("method", "variable", "hint"),
    [
        ("auth.test", "SLACK_BOT_TOKEN", "install the app again"),
        ("apps.connections.open", "SLACK_APP_TOKEN", "Socket Mode"),
    ],
)
async def test_a_refused_token_is_named_with_slacks_word(
    method: str, variable: str, hint: str, code: str
) -> None:
    async with running_sandbox() as sandbox:
        sandbox.slack.faults.add(method, Fault(kind=FaultKind.ERROR_BEFORE, code=code))
        (line,) = await refusal(sandbox)
    assert line.startswith(f"{variable} is refused by Slack ({code}). Set it to ")
    assert hint in line


async def test_everything_that_is_wrong_is_named_at_once(taken_port: int) -> None:
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
    told = "\n".join(lines)
    assert len(lines) == len(wrong)
    assert all(name in told for name in wrong if name != "MODELS_DIR")
    assert "odd.json" in told
    assert "DATABASE_URL leads to no store (no/such/folder/jobs.db: there is no folder" in told
    assert f"Nobody can listen on 127.0.0.1, port {taken_port} (Address already in use)" in told


async def test_a_refused_start_leaves_nothing_open() -> None:
    """The store in particular: once the token is right, the same process can start."""
    async with running_sandbox() as sandbox:
        await refusal(sandbox, SLACK_BOT_TOKEN="xoxb-guessed")
        await start(sandbox)


async def test_an_address_without_slacks_api_is_named_once() -> None:
    """No token is to blame when it was not Slack that answered."""
    async with running_sandbox() as sandbox:
        (line,) = await refusal(sandbox, SLACK_API_URL=sandbox.video_url)
    assert line.startswith("SLACK_API_URL leads to no API of Slack's (http_40")


async def test_slack_out_of_reach_is_no_wrong_configuration() -> None:
    """It may be back in a minute: whoever supervises the bot starts it again."""
    async with running_sandbox() as sandbox:
        with pytest.raises(BotError, match=r"Slack cannot be reached\.$") as caught:
            await start(sandbox, SLACK_API_URL="http://127.0.0.1:9/")
    assert not isinstance(caught.value, ConfigurationError)


async def test_slack_out_of_reach_is_told_beside_what_is_wrong() -> None:
    async with running_sandbox() as sandbox:
        lines = await refusal(
            sandbox, SLACK_API_URL="http://127.0.0.1:9/", DATABASE_URL="sqlite:///no/jobs.db"
        )
    assert [line.split()[0] for line in lines] == ["DATABASE_URL", "Slack"]


async def test_slack_in_trouble_is_no_wrong_token() -> None:
    async with running_sandbox() as sandbox:
        sandbox.slack.faults.add("apps.connections.open", Fault(kind=FaultKind.STATUS_BEFORE))
        with pytest.raises(RetryLaterError):
            await start(sandbox)


async def test_a_second_bot_on_the_same_file_is_no_wrong_configuration() -> None:
    async with (
        running_sandbox() as sandbox,
        running(load_settings(sandbox.environment(socket_mode=False))),
    ):
        with pytest.raises(StoreInUseError, match="in use by another process"):
            await start(sandbox)


async def test_what_nobody_foresaw_is_not_made_a_sentence() -> None:
    """Its traceback is what leads to the mistake."""

    async def stumble() -> None:
        raise LookupError("a mistake of ours")

    async def refuse() -> None:
        raise ConfigurationError("PORT is wrong.")

    checks = (asyncio.create_task(refuse()), asyncio.create_task(stumble()))
    with pytest.raises(LookupError):
        await all_met(*checks)
