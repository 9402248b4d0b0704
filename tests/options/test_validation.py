"""Tests of the validation of a value against a schema."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.options.validation import Violation, find_violation
from storage.job import Json


@pytest.mark.parametrize(
    ("value", "step"), [(0.3, 0.1), (1, 0.1), (1.1, 0.05), (16, 8), (1e22, 0.5), (-0.3, 0.1)]
)
def test_multiples_are_exact_in_decimal(value: float, step: float) -> None:
    assert find_violation(value, {"multipleOf": step}) is None


@pytest.mark.parametrize(("value", "step"), [(0.35, 0.1), (9, 8), (1e-9, 1)])
def test_a_value_between_two_steps_is_refused(value: float, step: float) -> None:
    assert find_violation(value, {"multipleOf": step}) is not None


@pytest.mark.parametrize("value", ["https://a.b/c", "data:image/png;base64,AA==", "s3://x"])
def test_a_link_has_a_scheme(value: str) -> None:
    assert find_violation(value, {"format": "uri"}) is None


@pytest.mark.parametrize("value", ["a.b", "https://a b", "http://[", ""])
def test_a_text_without_a_scheme_is_no_link(value: str) -> None:
    assert find_violation(value, {"format": "url"}) is not None


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"type": "boolean", "multipleOf": 2}),
        ("x", {"multipleOf": 2}),
        (5, {"format": "uri"}),
        ("x", {"format": "unheard-of"}),
    ],
)
def test_a_rule_for_another_type_is_not_applied(value: Json, schema: Mapping[str, Json]) -> None:
    assert find_violation(value, schema) is None


def test_a_violation_has_its_path_and_schema() -> None:
    inner: Mapping[str, Json] = {"type": "integer"}
    schema: Mapping[str, Json] = {"properties": {"a": {"items": inner}}}
    assert find_violation({"a": [1, "x"]}, schema) == Violation(
        path=("a", 1), schema=inner, value="x"
    )
