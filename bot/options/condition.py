"""When a line in a list of a model file counts: of several lines, the first that fits."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, JsonValue

from bot.options.file_part import FILE_PART
from storage.job import Json


class ConditionalLine(BaseModel):
    """A line that counts for some inputs only."""

    model_config = FILE_PART

    when: dict[str, JsonValue] = {}
    """The values that an input must have, by property; the first line that fits counts."""

    def fits(self, values: Mapping[str, Json]) -> bool:
        """Tell whether it counts for an input with these values of all options."""
        return all(values[name] == value for name, value in self.when.items())
