"""The base of all models of the requests that Slack sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self, TypeAlias

from pydantic import Field, ValidationError

from bot.base.lenient import LenientObject

Identifier: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]+$", max_length=1000)]
"""An ID, a moment or an address of Slack's. Half of a surrogate pair, which JSON can hold, is none:
it can be neither stored nor sent."""


class UnreadableRequestError(Exception):
    """A request lacks what the bot needs, or is none; the text never holds the values of fields."""


class SlackObject(LenientObject):
    """A JSON object of a request of Slack's."""

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
