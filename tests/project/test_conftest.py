"""The guards around every test do guard."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import aiohttp
import pytest

from bot.base.errors import ConfigurationError
from bot.base.settings import load_settings


def test_a_connection_to_the_outside_world_fails_and_names_the_address() -> None:
    with socket.socket() as sock, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        sock.connect(("192.0.2.1", 80))


async def test_code_that_tolerates_every_error_cannot_hide_a_connection() -> None:
    async def tolerate() -> None:
        async with aiohttp.ClientSession() as session:
            with contextlib.suppress(Exception):
                await session.get("http://192.0.2.1/")

    with pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        await tolerate()


async def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"example\.com"):
        await asyncio.get_running_loop().getaddrinfo("example.com", 443)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_the_developers_environment_is_not_read() -> None:
    assert list(Path.cwd().iterdir()) == []
    with pytest.raises(ConfigurationError, match="SLACK_BOT_TOKEN is not set"):
        load_settings()


@pytest.mark.parametrize(
    "group",
    [
        pytest.param("tests/project/test_conftest.py", id="a case"),
        pytest.param("postgres", id="postgres, a case"),
    ],
)
def test_a_worker_names_the_group_of_a_test(request: pytest.FixtureRequest, group: str) -> None:
    """Without the name, `--dist loadgroup` would give the tests of a file to all workers."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("this process is no worker of `--dist loadgroup`, which `make test` starts")
    assert request.node.nodeid.endswith(f"@{group}")


@pytest.mark.exhaustive
@pytest.mark.parametrize("is_proof", [False, True])
def test_all_cases_of_an_exhaustive_test_but_the_first_are_proofs(
    request: pytest.FixtureRequest, *, is_proof: bool
) -> None:
    assert (request.node.get_closest_marker("proof") is not None) == is_proof
