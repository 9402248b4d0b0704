"""Tests of the catalog: the models on offer, and the search by slug."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.base.errors import ConfigurationError, UsageError
from bot.options.catalog import Catalog
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_file, write


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The path of an empty folder for model files."""
    return tmp_path / "models"


def test_the_packaged_catalog_offers_kling_with_all_fourteen_options() -> None:
    model = Catalog.load().default
    assert (model.slug, model.title) == ("kling-v3", "Kling V3")
    assert {option.name for option in model.options} == {
        "mode",
        "audio",
        "prompt",
        "duration",
        "shot_type",
        "watermark",
        "image_urls",
        "multi_shot",
        "aspect_ratio",
        "element_list",
        "multi_prompt",
        "negative_prompt",
        "last_frame_image",
        "first_frame_image",
    }
    assert model.max_prompt == 2500


def test_an_added_file_is_offered_beside_the_packaged_one(models: Path) -> None:
    catalog = catalog_with(models, ANIMATE)
    assert [model.slug for model in catalog.models] == ["kling-v3", ANIMATE_SLUG]
    assert catalog.default.slug == "kling-v3"
    animate = catalog.get(ANIMATE_SLUG)
    assert animate.prompt is None
    assert animate.title == "Animate 2"


def test_a_model_without_a_title_has_its_slug(models: Path) -> None:
    catalog = catalog_with(models, model_file({"prompt": {"type": "string"}}))
    assert catalog.get("sample").title == "sample"


def test_an_added_file_may_be_the_default(models: Path) -> None:
    catalog = catalog_with(models, model_file({"prompt": {"type": "string"}}, default=True))
    assert catalog.default.slug == "sample"


def test_without_a_default_the_first_file_is_the_default(models: Path) -> None:
    write(models, ANIMATE, "b.json")
    write(models, model_file({"prompt": {"type": "string"}}), "a.json")
    assert Catalog.read([models]).default.slug == "sample"


def test_options_are_sorted_by_prompt_then_required(models: Path) -> None:
    part = {"type": "string"}
    catalog = catalog_with(models, model_file({"a": part, "b": part, "prompt": part}, "b"))
    names = [option.name for option in catalog.get("sample").in_reading_order]
    assert names == ["prompt", "b", "a"]


def test_slugs_are_found_in_any_case() -> None:
    assert Catalog.load().get("Kling-V3").slug == "kling-v3"


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        (
            "klingv3",
            "There is no model `klingv3`. Did you mean `kling-v3`? Models: `kling-v3`.",
        ),
        ("?", "There is no model `?`. Models: `kling-v3`."),
        ("", "There is no model nothing. Models: `kling-v3`."),
    ],
)
def test_an_unknown_slug_is_refused_with_the_nearest_and_all(slug: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        Catalog.load().get(slug)
    assert str(refused.value) == sentence


def test_a_missing_folder_is_refused_with_its_variable(models: Path) -> None:
    with pytest.raises(ConfigurationError, match="MODELS_DIR: there is no folder"):
        Catalog.load(models)


def test_a_catalog_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no model file"):
        Catalog.read([tmp_path])


def test_two_files_with_one_slug_are_refused(models: Path) -> None:
    write(models, {**ANIMATE, "slug": "KLING-V3"}, "again.json")
    with pytest.raises(ConfigurationError, match=r"kling-v3\.json and .*again\.json both"):
        Catalog.load(models)
