"""Faults in models that are added from their pages, and in the videos and audio that they take."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_READ = "tests/options/test_model_page.py"
_WRITTEN = "tests/cli/test_model.py"
_RENDERED = "tests/scenarios/test_added_model.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="keeps an API key that stands in a schema",
        file="bot/options/model_page.py",
        old="    if any(key in kept for key in keys):\n",
        new="    if not kept:\n",
        tests=(f"{_READ}::test_a_key_in_the_schema_is_neither_kept_nor_shown",),
    ),
    Mutant(
        name="writes over a model's file unasked",
        file="bot/cli/model.py",
        old="    if place.before is not None and not replaces:\n",
        new="    if place.before == {} and not replaces:\n",
        tests=(f"{_WRITTEN}::test_a_file_is_replaced_only_if_that_is_asked_for",),
    ),
    Mutant(
        name="takes a path for a model's slug",
        file="bot/options/model_page.py",
        old="    if not _SLUG.fullmatch(slug) or not ",
        new="    if not _SLUG.fullmatch(slug) and not ",
        tests=(f"{_READ}::test_a_text_that_cannot_be_read_is_refused_in_a_sentence",),
    ),
    Mutant(
        name="passes on whatever is called a video",
        file="bot/media/reference_images.py",
        old="        suffix = suffix_of(bytes(data[:HEAD_BYTES]), kind)\n",
        new='        suffix = suffix_of(bytes(data[:HEAD_BYTES]), kind) or "mp4"\n',
        tests=(f"{_RENDERED}::test_without_a_public_address_small_files_travel_in_the_request",),
    ),
)
