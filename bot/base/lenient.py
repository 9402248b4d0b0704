"""The base of all models of another service's JSON: what makes no sense is absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

Place: TypeAlias = tuple[str | int, ...]
"""The keys and positions that lead to a part of a value."""


class LenientObject(BaseModel):
    """A JSON object of another service; fields that the model does not name are ignored.

    A field that is null or an empty text is absent, because services send either for what there is
    not. So is one of another type, unless the model requires it; and of a list, or of an object
    that is read as a dictionary, only the items that make no sense are absent.
    """

    # The first object builds its model's validator: at the start, all of them would take 0.03 s.
    model_config = ConfigDict(defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_fields(cls, fields: object) -> object:
        if not isinstance(fields, Mapping):
            return fields
        return {name: value for name, value in fields.items() if value is not None and value != ""}

    @field_validator("*", mode="wrap")
    @classmethod
    def _absent_unless_valid(
        cls, value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        try:
            return _without_odd_parts(value, validate)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            if field.is_required():
                raise
            return field.get_default(call_default_factory=True, validated_data={})


def _without_odd_parts(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Return the validated value, without the parts that were odd, the innermost first.

    Raises `ValidationError` if it is odd as a whole. Each round takes away a part of every place
    that an error names, so it ends.
    """
    while True:
        try:
            return validate(value)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            odd = {_place(value, problem["loc"]) for problem in problems}
            if () in odd:
                raise
            value = _without(value, odd)


def _place(value: object, location: Place) -> Place:
    """Return the place of the innermost part that is there: a missing field is its object's."""
    place: list[str | int] = []
    for step in location:
        match value:
            case dict() if step in value:
                value = value[step]
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                break
        place.append(step)
    return tuple(place)


def _without(value: object, places: Iterable[Place]) -> object:
    inner: dict[str | int, set[Place]] = {}
    for first, *rest in places:
        inner.setdefault(first, set()).add(tuple(rest))
    match value:
        case dict():
            return dict(_kept(value.items(), inner))
        case list():
            return [item for _, item in _kept(enumerate(value), inner)]
        case _:
            return value


def _kept(
    items: Iterable[tuple[str | int, object]], inner: Mapping[str | int, set[Place]]
) -> Iterator[tuple[str | int, object]]:
    for key, item in items:
        places = inner.get(key, set())
        if () not in places:
            yield key, _without(item, places) if places else item
