"""How the parts of a model file are read."""

from __future__ import annotations

from pydantic import ConfigDict

# The first file builds the validators: of the parts by themselves, which nobody reads, none.
FILE_PART = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
"""The configuration of each part's model: a part has no fields but those that the model names."""
