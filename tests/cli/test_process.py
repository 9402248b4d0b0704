"""Tests of the process itself: its standard streams, and signals before its event loop runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bot.base.stop_signals import StopSignals
from tests.cli.test_main import WELL_FORMED

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
NO_STORE = {"DATABASE_URL": "jobs.db"}
"""A wrong configuration, of a command that starts in a third of the time of `run`."""

STOPPED_AT_IMPORT = """
import os, runpy, sys

def stop(event, arguments):
    if event == "import" and arguments[0] == MODULE:
        os.kill(os.getpid(), NUMBER)

MODULE, NUMBER, sys.argv = sys.argv[1], int(sys.argv[2]), ["bot", *sys.argv[3:]]
sys.addaudithook(stop)
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""
"""Runs a command, and sends itself a signal once a certain module is imported."""


def to_a_full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def to_nobody() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def to_a_pipe_that_is_full() -> int:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    os.dup2(reader, 200)  # stays open, and unread, as long as this process lives
    os.close(reader)
    return writer


@pytest.mark.exhaustive
@pytest.mark.parametrize("stream", [to_a_full_disk, to_nobody, to_a_pipe_that_is_full])
def test_a_wrong_configuration_has_its_exit_code_wherever_it_is_printed(
    stream: Callable[[], int],
) -> None:
    descriptor = stream()
    done = subprocess.run(
        [sys.executable, "-m", "bot", "jobs", "list"],
        env=ENVIRONMENT | NO_STORE,
        stderr=descriptor,
        check=False,
        timeout=SECONDS,
    )
    os.close(descriptor)
    assert done.returncode == 2


def test_a_process_without_standard_streams_starts() -> None:
    """Its numbers 0 to 2 would else be those of the next files, and a warning be written there."""
    command = f'{sys.executable} -m bot jobs list <&- >&- 2>&-; test "$?" = 2'
    shell = ["/bin/sh", "-c", command]
    subprocess.run(shell, env=ENVIRONMENT | NO_STORE, check=True, timeout=SECONDS)  # noqa: S603 - ours


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("module", "number"), [("click", signal.SIGTERM), ("bot.app.run", signal.SIGINT)]
)
def test_a_signal_during_the_imports_stops_the_bot(
    module: str, number: signal.Signals, tmp_path: Path
) -> None:
    """Without reaching Slack, which would not answer here, and without a traceback."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", STOPPED_AT_IMPORT, module, str(int(number)), "run"],
        env=ENVIRONMENT | WELL_FORMED,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


NAMESPACE = ("unshare", "--user", "--map-root-user", "--pid", "--fork")
"""Starts a program as process 1 of a namespace, as in a container; not every system lets it."""


@pytest.mark.proof
@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0,  # noqa: S603
    reason="namespaces are not allowed here",
)
def test_the_first_process_of_a_container_is_stopped_by_a_signal_too(tmp_path: Path) -> None:
    """The kernel drops a signal that this process does not handle, whoever sends it."""
    stopped = [sys.executable, "-c", STOPPED_AT_IMPORT, "click", str(int(signal.SIGTERM)), "run"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*NAMESPACE, *stopped],
        env=ENVIRONMENT | WELL_FORMED,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr


NAME_SERVER_IS_SILENT = """
import os, runpy, signal, sys, time

def stop(event, arguments):
    if event == "socket.getaddrinfo" and arguments[0] == "slack.example":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(100)

sys.argv = ["bot", "run"]
sys.addaudithook(stop)
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""
"""Runs the bot, which is told to stop while a thread asks for Slack's address."""


@pytest.mark.proof
def test_a_thread_that_waits_for_a_name_does_not_keep_the_bot_from_stopping(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", NAME_SERVER_IS_SILENT],
        env=ENVIRONMENT | WELL_FORMED | {"SLACK_API_URL": "https://slack.example/api/"},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr


def test_a_signal_ends_a_command_that_is_no_service(tmp_path: Path) -> None:
    """As it would end any program."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", STOPPED_AT_IMPORT, "click", str(int(signal.SIGTERM)), "doctor"],
        env=ENVIRONMENT,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == -signal.SIGTERM


STOPPED_AT_ITS_END = """
import os, sys
from bot.base.stop_signals import StopSignals, leave_soon

class Last:
    def __del__(self, kill=os.kill, own=os.getpid(), number=int(sys.argv[1])):
        kill(own, number)

last = Last()
StopSignals().watch()
leave_soon()
"""
"""Leaves, and gets a signal when Python takes its modules apart."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_second_signal_while_the_process_ends_changes_no_exit_code(
    number: signal.Signals,
) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", STOPPED_AT_ITS_END, str(int(number))],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr


def test_a_released_watch_leaves_the_signals_as_they_were() -> None:
    # Under `nohup` the tests were started with this signal ignored.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        signals = StopSignals()
        signals.watch()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signals.release()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_signal_calls_whom_it_concerns_and_ends_nothing(number: signal.Signals) -> None:
    """As Python would: also one that came before, and one that comes when all is closed."""
    calls: list[str] = []
    signals = StopSignals()
    signals.watch()
    try:
        signal.raise_signal(number)
        with signals.calling(lambda: calls.append("stop")):
            assert calls == ["stop"]
            signal.raise_signal(number)
        signal.raise_signal(number)
        assert calls == ["stop", "stop"]
    finally:
        restore()


def test_what_nohup_started_goes_on_without_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        signals = StopSignals()
        signals.watch()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        restore()


def restore() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
