"""The models of the simulated MindVideo: input schema, price, kind of output."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from sandbox.values import Json, Media

# By mode, without and with sound. 0.0756 for 5 seconds is the price on the page of Kling V3; the
# others are made up.
_PER_SECOND = {
    "std": (Decimal("0.01512"), Decimal("0.02268")),
    "pro": (Decimal("0.0252"), Decimal("0.0378")),
    "4k": (Decimal("0.0756"), Decimal("0.0756")),
}
_PER_IMAGE = Decimal("0.03")
_DEFAULT_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxModel:
    """A model. It produces images if its schema has no `duration`, else videos."""

    slug: str
    schema: Mapping[str, Json]

    @property
    def media(self) -> Media:
        """The kind of file that it produces."""
        properties = self.schema.get("properties")
        timed = isinstance(properties, Mapping) and "duration" in properties
        return Media.VIDEO if timed else Media.IMAGE

    def input_error(self, options: Json) -> str | None:
        """Return the error of an input that does not fit the schema, or `None`."""
        error = best_match(Draft202012Validator(dict(self.schema)).iter_errors(options))
        if error is None:
            return None
        where = ".".join(map(str, error.absolute_path))
        return f"{where}: {error.message}" if where else error.message

    def price(self, options: Mapping[str, Json]) -> Decimal:
        """Return the price of a valid input."""
        if self.media is Media.IMAGE:
            return _PER_IMAGE
        duration = options.get("duration", _DEFAULT_SECONDS)
        seconds = duration if isinstance(duration, int | str) else _DEFAULT_SECONDS
        silent, sounding = _PER_SECOND.get(str(options.get("mode")), _PER_SECOND["std"])
        rate = sounding if options.get("audio") is True else silent
        return (rate * Decimal(seconds)).quantize(Decimal("0.0001"))


def load_models(folders: Iterable[Path]) -> dict[str, SandboxModel]:
    """Return the models by slug; each file of the folders has `slug` and `schema`."""
    documents = (
        json.loads(path.read_text("utf-8"))
        for folder in folders
        for path in sorted(folder.glob("*.json"))
    )
    models = (SandboxModel(slug=doc["slug"], schema=doc["schema"]) for doc in documents)
    return {model.slug: model for model in models}
