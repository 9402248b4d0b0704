"""A store of the version before, and the simulated services that its rows refer to.

`samples/stores/README.md` says how they were made and what they hold.
"""
# ruff: noqa: SLF001 - the services have no calls that set their state

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pysqlite3
from pydantic import TypeAdapter

from sandbox.mindvideo.service import MindVideoSandbox
from sandbox.mindvideo.tasks import Charge, SandboxTask, TaskOutcome
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import StoredMessage
from sandbox.slack.files import StoredFile
from sandbox.slack.world import ResponseUrl, World

FOLDER = Path(__file__).parent / "samples" / "stores"
STORE = FOLDER / "before.db"
SERVICES = (FOLDER / "before.json").read_text(encoding="utf-8")
SLACK = "https://slack.example"
VIDEO = "https://mindvideo.example"

NOW: float = json.loads(SERVICES)["now"]
"""When the process of the version before was killed."""
READ: Mapping[str, Any] = json.loads(SERVICES)["read"]
"""What the version before read from its store."""


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on a file that may have the tables of either version."""
    with closing(pysqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return list(db.execute(query))


def copy_store(path: Path, sandbox: Sandbox) -> None:
    """Copy the store to `path`, with the addresses of the sandbox's services."""
    shutil.copy(STORE, path)
    with closing(pysqlite3.connect(str(path))) as db, db:
        for column in ("outputs", "response_url"):
            for name, url in ((SLACK, sandbox.slack_url), (VIDEO, sandbox.video_url)):
                db.execute(f"UPDATE jobs SET {column} = replace({column}, ?, ?)", (name, url))  # noqa: S608 - ours


def load_services(sandbox: Sandbox) -> None:
    """Put the tasks, keys, charges, messages and files of then into the sandbox's services."""
    text = SERVICES.replace(SLACK, sandbox.slack_url).replace(VIDEO, sandbox.video_url)
    state = json.loads(text)
    _load_mindvideo(sandbox.video, state["mindvideo"])
    _load_slack(sandbox.slack.world, state["slack"])


def _load_mindvideo(video: MindVideoSandbox, state: Mapping[str, Any]) -> None:
    store = video._tasks
    for each in state["tasks"]:
        read = {
            "model": video._models[each["model"]],
            "estimate": Decimal(each["estimate"]),
            "cost": Decimal(each["cost"]),
            "outcome": TaskOutcome(each["outcome"]),
            "amounts": [(0.0, Decimal(each["cost"]))],
        }
        store._tasks[each["id"]] = SandboxTask(**{**each, **read})
    for key, sent in state["keys"].items():
        store._keys[key] = (store._tasks[sent["task"]], sent["payload"])
    store.charges.extend(TypeAdapter(list[Charge]).validate_python(state["charges"]))


def _load_slack(world: World, state: Mapping[str, Any]) -> None:
    workspace, files = world.workspace, world.files
    for name, channel in state["channels"].items():
        workspace.channels[name].members = set(channel["members"])
        workspace.channels[name].archived = channel["archived"]
    for message in TypeAdapter(list[StoredMessage]).validate_python(state["messages"]):
        workspace._messages[message.channel][message.ts] = message
    for each in state["files"]:
        path = files._folder / each["id"]
        path.write_bytes(base64.b64decode(each.pop("data", "")))
        files.files[each["id"]] = TypeAdapter(StoredFile).validate_python({**each, "path": path})
    urls = TypeAdapter(dict[str, ResponseUrl]).validate_python(state["response_urls"])
    world.response_urls.update(urls)
    workspace._last_stamp = state["last_stamp"]
    workspace._numbers = count(state["next_number"])
