"""What the README says of adding a model, a subcommand, a step and a surface is true."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from bot.base.ports import Message
from bot.jobs.accept import Accepted, Interaction, accept
from bot.jobs.actions import ActionName, ActionRequest, StatusShown, perform
from bot.jobs.services import Services
from bot.listeners.job_replies import reply_to
from bot.listeners.subcommands import router
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages.form import form_view
from bot.messages.help import model_page
from bot.messages.replies import words
from bot.options.catalog import PACKAGED, Catalog
from bot.options.form_state import FormState
from bot.options.parser import read_text
from bot.options.request import read_request
from storage.job import ReplyTo
from storage.sqlite.store import SqliteStore
from tests.support.inline_store import inline_session
from tests.support.services import services as services_over
from tools.docs import README


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Give services over an empty store."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    yield services_over(store)
    await store.close()


def interaction(key: str = "email:1") -> Interaction:
    """Return something that a person did on a new surface."""
    return Interaction(
        team="T1", channel="C1", user="U1", surface="email", dedup_key=key, reply_to=ReplyTo()
    )


def test_a_model_is_one_file(tmp_path: Path) -> None:
    """Its options are typed, explained and drawn at once."""
    file = json.loads((PACKAGED / "kling-v3.json").read_text())
    file |= {"slug": "kling-v4", "title": "Kling V4"}
    (tmp_path / "kling-v4.json").write_text(json.dumps(file))
    catalog = Catalog.load(tmp_path)
    request = read_request(read_text("a lake --model kling-v4 --mode pro"), catalog)
    assert (request.model, request.input["mode"]) == ("kling-v4", "pro")
    model = catalog.get("kling-v4")
    assert "`--mode`" in model_page(model)
    state = FormState(model="kling-v4", channel="C1")
    assert "Kling V4" in json.dumps(form_view(catalog, model, state, {}))


async def test_a_subcommand_is_one_entry(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's own example runs, and the help shows it."""
    [code] = re.findall(r"```python\n(.*?)```", README.path.read_text(), re.DOTALL)
    names: dict[str, object] = {
        "Interaction": Interaction,
        "Message": Message,
        "Services": Services,
        "Subcommand": Subcommand,
        "words": words,
    }
    exec(code, names)  # noqa: S102 - an example of our own
    ping = names["PING"]
    assert isinstance(ping, Subcommand)
    table: Mapping[str, Subcommand] = {**router.SUBCOMMANDS, "ping": ping}
    monkeypatch.setattr(router, "SUBCOMMANDS", MappingProxyType(table))
    answer = await router.respond("ping", interaction(), services)
    assert answer is not None
    assert "Here I am" in answer.text
    manual = await router.respond("help commands", interaction("email:2"), services)
    assert manual is not None
    assert "`/video ping`: says that I am here" in manual.text


async def test_a_surface_makes_a_request_and_an_interaction(services: Services) -> None:
    """What it accepts is a job like any other, once for each interaction."""
    request = read_request(read_text("a lake --duration 8"), services.catalog)
    outcomes = [await accept(request, interaction(), services) for _ in range(2)]
    first, second = outcomes
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert (first.is_new, second.is_new, first.job) == (True, False, second.job)
    assert first.job.surface == "email"
    asked = ActionRequest(job=first.job, interaction=interaction("email:2"))
    outcome = await perform(ActionName.STATUS, asked, services)
    assert isinstance(outcome, StatusShown)
    answer = reply_to(outcome, services.now())
    assert answer is not None
    assert first.job.id in json.dumps(answer.blocks)
