"""Model files that nobody has written yet: refused by name at the start, or usable throughout."""

from __future__ import annotations

import json
from pathlib import Path

from bot.base.errors import ConfigurationError, UsageError
from bot.listeners.subcommands import router, thread
from bot.messages.form import form_view
from bot.messages.help import HelpPage, HelpTables, help_view, model_page, overview
from bot.options.catalog import PACKAGED, Catalog
from bot.options.form_state import FormState
from bot.options.parser import read_text
from bot.options.request import all_options, non_default_options, read_request
from sandbox.slack.blocks import checked_blocks, checked_view
from storage.job import Json
from tests.hardening.fuzzing import Effort, each_effort, mutated, search, within
from tests.support.model_samples import ANIMATE

BASES: list[Json] = [json.loads((PACKAGED / "kling-v3.json").read_text()), ANIMATE]
TYPED = ("a lake", "a lake --duration 5 --mode pro", "--mode x", "", "a lake --prompt b")
TABLES = HelpTables(
    commands=router.usages(), replies=thread.usages(), buttons={"Again": "again"}, bot_user="U1"
)


@each_effort
def test_a_model_file_is_refused_by_name_or_usable(effort: Effort, tmp_path: Path) -> None:
    """What loads can be shown in the help and in the form, and be asked for."""
    path = tmp_path / "sample.json"

    def check(content: Json) -> None:
        text = json.dumps(content)
        path.write_text(text)
        try:
            catalog = within(1.0, 30.0, len(text), lambda: Catalog.read([tmp_path]))
        except ConfigurationError as error:
            _check_named(str(error), path)
            return
        within(1.0, 30.0, len(text), lambda: _use(catalog))

    search(effort, mutated(BASES), check)


def _check_named(message: str, path: Path) -> None:
    assert str(path) in message
    assert len(message) < len(str(path)) + 2_000


def _use(catalog: Catalog) -> None:
    """Show the model everywhere, and ask for it."""
    model = catalog.default
    for page in HelpPage:
        _check_view(help_view(page, catalog, TABLES))
    checked_blocks([dict(block) for block in overview(catalog, TABLES).blocks])
    assert model_page(model)
    _check_view(form_view(catalog, model, FormState(model=model.slug, channel="C1"), {}))
    for text in TYPED:
        try:
            request = read_request(read_text(text), catalog)
        except UsageError:
            continue
        all_options(model, request.input)
        non_default_options(model, request.input)
        state = FormState(model=model.slug, channel="C1")
        _check_view(form_view(catalog, model, state, request.input))


def _check_view(view: object) -> None:
    checked_view(json.loads(json.dumps(view)))
