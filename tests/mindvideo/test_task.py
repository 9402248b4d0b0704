"""Tests of a task as it is read: states in any words, outputs, amounts of money."""

from decimal import Decimal

import pytest

from bot.base.json import Parsed
from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.events import read_events
from bot.mindvideo.task import read_amount, read_task


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, "0"),
        (3, "3"),
        (Decimal("0.0756"), "0.0756"),
        ("0.0756", "0.0756"),
        (" 1.50 ", "1.50"),
        ("7.56e-2", "0.0756"),
        (Decimal("-0.0"), "0.0"),
        ("999999999.99", "999999999.99"),
    ],
)
def test_an_amount_keeps_every_digit(value: Parsed, amount: str) -> None:
    assert str(read_amount(value)) == amount


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {"amount": 1},
        -1,
        Decimal("-0.01"),
        Decimal("NaN"),
        Decimal("Infinity"),
        "NaN",
        "Infinity",
        "-1",
        "$5",
        "5 USD",
        "1_000",
        "1,50",
        "",
        "٣",
        10**9,
        Decimal("1e999"),
        Decimal("1e-999"),
        "9" * 400,
    ],
)
def test_a_value_that_is_no_amount_is_unknown(value: Parsed) -> None:
    assert read_amount(value) is None


FILES: dict[str, Parsed] = {"videos": [{"url": "https://f.example/v.mp4"}]}


def task(**fields: Parsed) -> Snapshot:
    """Read a task with these fields."""
    snapshot = read_task({"task_id": "t", **fields})
    assert snapshot is not None
    return snapshot


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("queued QUEUED pending Waiting", TaskState.QUEUED),
        ("processing in_progress IN-PROGRESS Running", TaskState.PROCESSING),
        ("succeeded SUCCEEDED success Completed done FINISHED", TaskState.SUCCEEDED),
        ("failed Failure error ERROR", TaskState.FAILED),
        ("cancelled canceled CANCELED Aborted", TaskState.CANCELLED),
        ("polishing paused 7 ok", TaskState.UNKNOWN),
    ],
)
def test_a_state_is_read_in_the_words_of_other_services(words: str, state: TaskState) -> None:
    for word in words.split():
        assert task(status=word).state is state
        assert task(status=word).state_text == word


def test_a_state_of_two_words_is_read() -> None:
    assert task(status="In Progress").state is TaskState.PROCESSING


@pytest.mark.parametrize("word", ["success", "ok", "completed", "error"])
def test_the_word_for_a_call_is_not_its_tasks_state(word: str) -> None:
    """A call can succeed, or fail, while the task renders: an end that is none loses a video."""
    for inner, state in (("processing", TaskState.PROCESSING), (None, TaskState.UNKNOWN)):
        wrapped = read_task({"status": word, "data": {"task_id": "t", "status": inner}})
        assert wrapped is not None
        assert wrapped.state is state


def test_an_answer_that_names_no_task_ends_none() -> None:
    snapshot = read_task({"status": "error", "message": "try again"})
    assert snapshot is not None
    assert snapshot.state is TaskState.UNKNOWN


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ('event: task.completed\ndata: {"task_id": "t"}\n\n', TaskState.SUCCEEDED),
        ('event: task.in_progress\ndata: {"task_id": "t"}\n\n', TaskState.PROCESSING),
        ("event: error\ndata: {}\n\n", None),
        ("event: done\ndata: [DONE]\n\n", None),
        ('{"status": "success", "events": [{"status": "running"}]}', TaskState.PROCESSING),
    ],
)
def test_an_event_is_read_in_other_words_if_it_is_about_the_task(
    text: str, state: TaskState | None
) -> None:
    snapshot = read_events("", text).snapshot
    assert (snapshot and snapshot.state) == state


@pytest.mark.parametrize("status", ["polishing", None])
def test_files_and_a_cost_are_an_end_whatever_the_state_is_called(status: str | None) -> None:
    assert task(status=status, output=FILES, cost_actual="0.1").state is TaskState.SUCCEEDED
    assert task(status=status, output=FILES, cost_estimate="0.1").state is TaskState.UNKNOWN
    assert task(status=status, cost_actual="0.1").state is TaskState.UNKNOWN


def test_files_and_a_cost_end_no_task_of_a_known_state() -> None:
    snapshot = task(status="running", output=FILES, cost_actual="0.1")
    assert snapshot.state is TaskState.PROCESSING


def test_files_and_a_cost_of_two_events_are_an_end() -> None:
    events = (
        '[{"status": "odd", "output": {"videos": ["https://f.example/v"]}}, {"cost_actual": 1}]'
    )
    snapshot = read_events("application/json", events).snapshot
    assert snapshot is not None
    assert snapshot.state is TaskState.SUCCEEDED


def test_of_many_outputs_the_first_eleven_are_read() -> None:
    urls: list[Parsed] = [{"url": f"https://f.example/{number}"} for number in range(500)]
    outputs = task(output={"images": urls}).outputs
    assert [output.url for output in outputs] == [f"https://f.example/{n}" for n in range(11)]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://f.example/a%2Fb?s=%2b+", "https://f.example/a%2Fb?s=%2b+"),
        (" https://f.example/my car.mp4 ", "https://f.example/my%20car.mp4"),
        ("HTTPS://bücher.example/ü|", "https://xn--bcher-kva.example/%C3%BC%7C"),
    ],
)
def test_an_address_is_kept_as_it_is_with_raw_characters_encoded(url: str, kept: str) -> None:
    assert [output.url for output in task(output={"videos": [url]}).outputs] == [kept]


@pytest.mark.parametrize(
    "url", ["", "f.example/v", "file:///v", "https://", "https://f.example/" + "ä" * 3000, 7]
)
def test_what_is_no_address_is_no_output(url: Parsed) -> None:
    assert task(output={"videos": [url]}).outputs == ()
