"""The base of all models of Slack's JSON: what makes no sense is absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import (
    BaseModel,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)


class UnreadableRequestError(Exception):
    """A request lacks what the bot needs, or is none; the text never holds the values of fields."""


class SlackObject(BaseModel):
    """A JSON object of Slack's; fields that the model does not name are ignored.

    A field that is null or an empty text is absent, because Slack sends either for what a request
    does not have. So is one of another type, unless the model requires it.
    """

    @classmethod
    def read(cls, body: Mapping[str, object]) -> Self:
        """Return the object. Raises `UnreadableRequestError` if a required field is absent."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            # Its text has the values, which may be a prompt.
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            places = (".".join(map(str, problem["loc"])) or "workspace" for problem in problems)
            raise UnreadableRequestError(", ".join(places)) from None

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
            return validate(value)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            if field.is_required():
                raise
            return field.get_default(call_default_factory=True, validated_data={})
