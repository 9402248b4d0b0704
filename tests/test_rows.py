"""A job becomes a row and comes back as it was."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields, replace
from decimal import Decimal

import pysqlite3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from storage.job import Job, Json, Stage
from storage.sqlite import job_writes
from storage.sqlite.migrations import migrate
from storage.sqlite.rows import changed_columns, input_text, job_to_row
from tests.store_samples import ACCEPTED, a_full_job, a_job

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _stored(job: Job) -> Job:
    """Write `job` into the real table and read it again."""
    db = Database(pysqlite3.connect(":memory:", isolation_level=None))
    migrate(db)
    db.conn.row_factory = pysqlite3.Row
    with closing(db):
        return job_writes.insert(db, job, ACCEPTED)[0]


def test_the_sample_has_no_default_left() -> None:
    """A new field of a job must get a value in the sample, or it would go untested."""
    sample = a_full_job()
    for field in fields(Job):
        assert getattr(sample, field.name) != field.default, field.name


@pytest.mark.parametrize("job", [a_job(), a_full_job()], ids=["fresh", "full"])
def test_a_job_comes_back_exactly(job: Job) -> None:
    """Equal, of equal types, and money with every digit it had."""
    stored = _stored(job)
    assert stored == job
    for field in fields(Job):
        assert type(getattr(stored, field.name)) is type(getattr(job, field.name)), field.name
    assert str(stored.cost_actual) == str(job.cost_actual)


@given(
    given_input=st.dictionaries(st.text(), JSON, max_size=4),
    text=st.none() | st.text(),
    moment=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    money=st.none() | st.decimals(allow_nan=False),
    body=st.none() | st.binary(max_size=64),
)
def test_whatever_people_and_services_send_comes_back_exactly(
    given_input: dict[str, Json],
    text: str | None,
    moment: float | None,
    money: Decimal | None,
    body: bytes | None,
) -> None:
    """NUL, marks of direction, lone surrogates in the input, large numbers: nothing is lost."""
    job = replace(
        a_job(),
        input=given_input,
        problem=text,
        due_at=moment,
        cost_actual=money,
        request_body=body,
    )
    stored = _stored(job)
    assert stored == job
    assert str(stored.cost_actual) == str(job.cost_actual)


def test_a_lone_surrogate_outside_the_input_becomes_a_question_mark() -> None:
    """It has no form in UTF-8, and a job must not become impossible to write for it."""
    assert (
        _stored(replace(a_job(), provider_state="odd \ud83d word")).provider_state == "odd ? word"
    )


def test_equal_inputs_have_one_text_whatever_their_order() -> None:
    """A twin is recognised by this text; `true` is not `1`."""
    assert input_text({"a": 1, "b": {"c": 2, "d": 3}}) == input_text(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert input_text({"audio": True}) != input_text({"audio": 1})


def test_only_what_differs_counts_as_changed() -> None:
    """Another object with the same content is no change; another number of digits is one."""
    before = a_full_job()
    after = replace(
        before,
        outputs=tuple(replace(output) for output in before.outputs),
        cost_actual=Decimal("0.0756"),
        stage=Stage.FINISHED,
        parked_from=None,
    )
    assert changed_columns(before, after) == {
        "cost_actual": "0.0756",
        "stage": "finished",
        "parked_from": None,
    }
    assert changed_columns(before, before) == {}


@pytest.mark.parametrize("forged", [{"id": "other"}, {"fence": 9}])
def test_identity_and_fence_are_the_stores_own(forged: dict[str, str | int]) -> None:
    """A step that changes either has a fault, which must not reach the file."""
    with pytest.raises(ValueError, match="neither"):
        changed_columns(a_job(), replace(a_job(), **forged))  # type: ignore[arg-type] # the point


def test_a_value_without_a_form_is_refused() -> None:
    """A field of a new type needs a form before it can be stored."""
    with pytest.raises(TypeError, match="a job cannot hold a set"):
        job_to_row(replace(a_job(), problem={"not", "text"}))  # type: ignore[arg-type] # the point
