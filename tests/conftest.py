"""Fixtures of every test: network limited to loopback, environment and logs isolated."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import re
import shutil
import socket
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

# Its plugin would import it at the end of a run, where Python 3.11 may refuse to compile it while
# coroutines that a test cut off are collected: https://github.com/python/cpython/issues/106905
import hypothesis  # noqa: F401
import pytest
import structlog
from _pytest.nodeid import coerce_node_id
from sqlite_utils import Database

from bot.base.settings import Settings
from storage.sqlite import session
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import migrate
from tests.support.memory import use_memory
from tests.support.postgres import Server, running_server

Address: TypeAlias = "tuple[str, int] | tuple[str, int, int, int] | str | bytes"

_VARIABLES = {name.upper() for name in Settings.model_fields} | {
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
}
"""Those of the bot and of the network, which no test gets from the one who runs it."""

LONGEST_TEST_SECONDS = 30.0
"""What a test with a browser may take on a busy machine."""

_EARLY = {"chromium": 0, "postgres": 1}
"""The fixtures, or parameters, of tests that share something that takes seconds to start."""


def pytest_configure() -> None:
    """Put all temporary files into memory, before the first one is made."""
    use_memory()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all tests of one Chromium, one PostgreSQL or one file to one worker, in that order.

    So that each of them starts once, and before what other workers can share out at the end.
    """
    _mark_later_cases(items)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if item.config.getoption("loadgroup", default=False):
            # pytest-xdist 3.8 writes the group into `_nodeid`, which pytest 9.2 does not read.
            item._id = coerce_node_id(f"{item.nodeid}@{_group(item)}")  # noqa: SLF001
    items.sort(key=lambda item: _EARLY.get(_group(item), len(_EARLY)))


def _mark_later_cases(items: list[pytest.Item]) -> None:
    """Make proofs of all cases of an exhaustive test but the first."""
    begun = set[str]()
    for item in items:
        if item.get_closest_marker("exhaustive"):
            name = item.nodeid.partition("[")[0]
            if name in begun:
                item.add_marker(pytest.mark.proof)
            begun.add(name)


def _group(item: pytest.Item) -> str:
    names = {*getattr(item, "fixturenames", ()), *re.split(r"[\[\],-]", item.name)}
    return next((each for each in _EARLY if each in names), item.location[0])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage meanwhile, and leave what stays to the end out of later searches."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def _empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The current folder of tests that have none of their own: making one takes a millisecond."""
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(autouse=True)
def _isolated_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _empty_folder: Path
) -> Iterator[None]:
    """Remove the bot's and the network's variables; change to an empty folder without `.env`.

    It is `tmp_path` of a test that asks for it.
    """
    for name in list(os.environ):
        if name.upper() in _VARIABLES:
            monkeypatch.delenv(name)
    if "tmp_path" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))
        yield
        return
    monkeypatch.chdir(_empty_folder)
    yield
    for left in _empty_folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(autouse=True)
def _isolated_logs() -> Iterator[None]:
    """Reset the configuration of the logs before and after each test.

    Tracebacks are drawn plainly: structlog's default renderer takes tenths of a second for each.
    """
    handlers, level = logging.root.handlers, logging.root.level
    structlog.reset_defaults()
    processors = structlog.get_config()["processors"][:-1]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, renderer])
    yield
    logging.root.handlers, logging.root.level = handlers, level


@pytest.fixture(autouse=True)
def _within_one_day() -> None:
    """Begin no test in the last seconds of a day in UTC: budgets per day would begin anew in it."""
    left = -time.time() % 86400
    if left < LONGEST_TEST_SECONDS:
        time.sleep(left)


@pytest.fixture(autouse=True, scope="session")
def _quick_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Open the stores of this process without waiting for the disk, new ones without migrating.

    A wait at each commit takes most of the time of a test, and only the loss of power would show a
    difference. A new store is a copy of one that all migrations made, in a tenth of their time.
    Processes that a test starts wait and migrate as ever.
    """
    migrated = tmp_path_factory.mktemp("store") / "migrated.db"
    with closing(connect_writer(str(migrated), create=True)) as db:
        migrate(db)
    # The last connection has left no WAL behind.
    copy = migrated.read_bytes()

    def connect(path: str, *, create: bool) -> Database:
        file = Path(path)
        # The owner has made an empty file. Its lock outlasts the closing of this one.
        if create and file.exists() and not file.stat().st_size:
            file.write_bytes(copy)
        db = connect_writer(path, create=create)
        db.execute("PRAGMA synchronous = OFF")
        return db

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "connect_writer", connect)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL, which starts with the first test that needs it."""
    with running_server() as server:
        yield server


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Fail a test that connects or resolves outside loopback, and name the address.

    `pytest.fail` raises no `Exception`, so code that tolerates network errors cannot hide it.
    """
    connect, connect_ex, resolve = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def guarded_connect(self: socket.socket, address: Address) -> None:
        _refuse_outside(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Address) -> int:
        _refuse_outside(self, address)
        return connect_ex(self, address)

    def guarded_resolve(
        host: str | bytes | None, *rest: object, **named: object
    ) -> list[tuple[object, ...]]:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name != "localhost" and not _is_address(name):
            pytest.fail(f"a test wanted to look up {name}: only loopback is allowed")
        return resolve(host, *rest, **named)  # type: ignore[arg-type,return-value] # passed on

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        yield


def _refuse_outside(sock: socket.socket, address: Address) -> None:
    if sock.family == socket.AF_UNIX:
        return
    host = str(address[0])
    if host != "localhost" and not (_is_address(host) and ipaddress.ip_address(host).is_loopback):
        pytest.fail(f"a test wanted to connect to {address!r}: only loopback is allowed")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
