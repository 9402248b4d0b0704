"""Tests of the demo's processes: each comes back after it was killed, and none is left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession

from sandbox.demo.api import DemoApi
from sandbox.demo.formation import Formation
from sandbox.server import serve
from sandbox.slack.entities import RefusalError
from sandbox.slack.service import SlackSandbox
from tests.support.sandbox import MANIFEST

WAITING = ("sleep", "100")
SECONDS = 10.0


def a_formation(*, release: tuple[str, ...] = ("true",)) -> Formation:
    """Return two processes that do nothing."""
    commands = {"web": WAITING, "worker.1": WAITING}
    return Formation(commands=commands, release=release, restart_seconds=0.01)


def pids(formation: Formation) -> list[object]:
    return [state["pid"] for state in formation.states()]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a process, which tells nobody in this loop."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - a process tells nobody here
            await asyncio.sleep(0.01)


def is_there(pid: object) -> bool:
    assert isinstance(pid, int)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_process_comes_back_and_all_end_with_the_demo() -> None:
    formation = a_formation()
    async with formation.running({}):
        await until(lambda: None not in pids(formation))
        web, worker = pids(formation)
        formation.kill("worker.1")
        await until(lambda: pids(formation)[1] not in {worker, None})
        assert pids(formation)[0] == web
        assert not is_there(worker)
        left = pids(formation)
    assert [pid for pid in left if is_there(pid)] == []


async def test_each_process_has_its_name_and_the_demos_variables() -> None:
    check = ("sh", "-c", 'test "$PROCESS_NAME/$PORT" = web/0 && exec sleep 100')
    formation = Formation(commands={"web": check}, release=("true",), restart_seconds=100)
    async with formation.running({"PORT": "0"}):
        await until(lambda: None not in pids(formation))
        await asyncio.sleep(0.05)
        assert None not in pids(formation)


async def test_nothing_starts_without_the_release() -> None:
    formation = a_formation(release=("false",))
    with pytest.raises(ChildProcessError):
        async with formation.running({}):
            pass
    assert formation.states() == []


async def test_the_page_kills_a_process_by_its_name(tmp_path: Path) -> None:
    slack = SlackSandbox(tmp_path, MANIFEST)
    api, formation = DemoApi(slack.people), a_formation()
    api.add_to(slack.app)
    async with serve(slack.app) as url, ClientSession(url) as page:
        async with page.get("/demo/state") as answer:
            assert (await answer.json())["processes"] == []
        async with page.post("/demo/processes/web/kill") as answer:
            assert answer.status == 404
        api.show_processes(formation)
        async with formation.running({}):
            await until(lambda: None not in pids(formation))
            before = pids(formation)
            async with page.get("/demo/state") as answer:
                assert [one["pid"] for one in (await answer.json())["processes"]] == before
            async with page.post("/demo/processes/web/kill") as answer:
                assert answer.status == 200
            await until(lambda: pids(formation)[0] != before[0])
            async with page.post("/demo/processes/nobody/kill") as answer:
                assert answer.status == 404
    with pytest.raises(RefusalError):
        formation.kill("nobody")
