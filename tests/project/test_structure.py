"""The structure that import-linter cannot state: names that are unique, imports that are lazy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.bot_process import ROOT
from tools.syntax import tree_of

# A name of these is a metaphor for what has a term, or two meanings at once.
COINED = {
    "desk",
    "ground",
    "aside",
    "whisper",
    "whispers",
    "turnstile",
    "rounds",
    "trouble",
    "troubles",
    "wish",
    "wishes",
    "verbs",
    "acts",
    "turn",
    "telling",
    "twin",
    "twins",
    "learn",
    "learned",
    "look",
    "looks",
    "figures",
    "operate",
    "listening",
}
# What makes a client or, without one, a call.
HTTPX_OPENS = re.compile(
    r"httpx\.(\w*Client|request|stream|get|post|put|patch|delete|head|options)|AiohttpTransport"
)
# What a running bot must not import. The last two come with the tools of development, where httpx
# and structlog would import them.
UNUSED_BY_RUN = {
    "sandbox",
    "tests",
    "opentelemetry",
    "bench",
    "playwright",
    "matplotlib",
    "numpy",
    "pandas",
    "PIL",
    "av",
    "jsonschema",
    "tabulate",
    "truststore",
    "pygments",
    "rich",
}
DEMO = Path("bot/cli/demo.py")
MESSAGES = Path("bot/messages")


@dataclass(frozen=True, slots=True)
class Module:
    """What the tests here ask of a module; its syntax tree is large, and is not kept."""

    path: Path
    classes: tuple[str, ...]
    imported: tuple[str, ...]
    """The modules that it imports, wherever it does."""


def paths(folder: str) -> list[Path]:
    """Return the path of each module of a folder."""
    return [path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def tokens_of(path: Path) -> frozenset[str]:
    """Return the identifiers of a module, and the words of its texts."""
    return frozenset(re.findall(r"[^\W\d]\w*", (ROOT / path).read_text(encoding="utf-8")))


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Read each module of a folder, once for all tests here."""
    return tuple(_module(path) for path in paths(folder))


def _module(path: Path) -> Module:
    classes, found = list[str](), list[str]()
    for node in ast.walk(tree_of(ROOT / path)):
        match node:
            case ast.ClassDef(name=name):
                classes.append(name)
            case ast.ImportFrom(module=str(module)):
                found.append(module)
            case ast.Import(names=names):
                found.extend(alias.name for alias in names)
    return Module(path, tuple(classes), tuple(found))


@cache
def words_of(name: str) -> set[str]:
    """Return the words of an identifier, in lower case: `readLine` and `read_line` have two."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def is_coined(name: str) -> bool:
    """Return whether a name has a word of `COINED`."""
    return not words_of(name).isdisjoint(COINED)


def names_of(tree: ast.Module) -> Iterator[str]:
    """Return the names that a module gives to something."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def test_no_two_classes_of_bot_and_storage_have_one_name() -> None:
    """Private ones as well: one word has one meaning."""
    classes = Counter(
        name
        for folder in ("bot", "storage")
        for module in modules(folder)
        for name in module.classes
    )
    assert [name for name, times in classes.items() if times > 1] == []


@pytest.mark.parametrize("folder", ["bot", "storage", "sandbox", "bench", "tests"])
def test_no_name_is_a_metaphor_where_there_is_a_term(folder: str) -> None:
    coined = [
        (str(path), name)
        for path in paths(folder)
        # Most modules have none of the words, and need no syntax tree to show it.
        if any(map(is_coined, {path.stem, *tokens_of(path)}))
        for name in {path.stem, *names_of(tree_of(ROOT / path))}
        if is_coined(name) and not name.startswith("test_")
    ]
    assert coined == []


def test_only_messages_draws_blocks_and_knows_nothing_else_of_the_sdk() -> None:
    """A contract of import-linter cannot name a part of a package from outside."""
    models = {
        (module.path.parent, name.startswith("slack_sdk.models"))
        for module in modules("bot")
        for name in module.imported
        if name.startswith("slack_sdk.models")
        or (module.path.parent == MESSAGES and "slack" in name)
    }
    assert models == {(MESSAGES, True)}


def test_only_the_demo_command_imports_the_sandbox() -> None:
    users = {
        module.path
        for module in modules("bot")
        if any(name.split(".")[0] == "sandbox" for name in module.imported)
    }
    assert users == {DEMO}


def test_the_sandbox_knows_of_the_bot_only_documents_and_variables() -> None:
    for module in modules("sandbox"):
        packages = {name.split(".")[0] for name in module.imported}
        assert not packages & {"bot", "storage"}, module.path


def test_a_running_bot_loads_nothing_that_only_others_need() -> None:
    """Neither the sandbox, nor what draws charts, tables and images: a start must be quick."""
    code = """if True:
        import sys, bot.__main__, bot.cli.run
        from aiohttp import connector
        print(*{name.split(".")[0] for name, module in sys.modules.items() if module is not None})
        print("certificates:", len(connector._SSL_CONTEXT_VERIFIED.get_ca_certs()))
    """
    loaded = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    names, certificates = loaded.splitlines()
    assert "bot" in names.split()
    assert not set(names.split()) & UNUSED_BY_RUN
    # aiohttp's own context, which no connection takes.
    assert certificates == "certificates: 0"


def test_no_collection_of_garbage_searches_what_a_start_imports() -> None:
    """It would find nothing to free, for a tenth of the start."""
    code = """if True:
        import gc, sys
        aside = []
        def note(phase, _):
            # One may come while the first module is compiled, if it was not before.
            if "click" in sys.modules:
                aside.append(gc.get_freeze_count())
        gc.callbacks.append(note)
        from bot.__main__ import SIGNALS, main
        main(["run", "--help"], obj=SIGNALS, standalone_mode=False)
        gc.collect()
        print(gc.isenabled(), min(aside) > 10_000)
    """
    printed = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines()[-1] == "True True"


def test_a_start_builds_no_validator_that_a_request_may_never_need() -> None:
    """All of them take a twentieth of the start; the first object of a model builds its own."""
    code = """if True:
        from pydantic import BaseModel
        import bot.cli.main, bot.cli.run
        def subclasses(model):
            for each in model.__subclasses__():
                yield each
                yield from subclasses(each)
        print(*sorted(
            each.__name__ for each in subclasses(BaseModel)
            if each.__pydantic_complete__ and each.__module__.startswith("bot.")
        ))
    """
    printed = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    # A constant is an object of this one.
    assert printed.split() == ["ImageLimits"]


def test_a_store_is_opened_without_plugins(tmp_path: Path) -> None:
    """sqlite-utils would search all packages for them, and let them change each connection."""
    code = """if True:
        import asyncio, sys
        from sqlite_utils import plugins
        from storage.sqlite.store import SqliteStore
        async def use():
            await (await SqliteStore.open(sys.argv[1])).close()
        asyncio.run(use())
        print(plugins._plugins_loaded)
    """
    printed = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, str(tmp_path / "jobs.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == ["False"]


def test_a_start_compiles_no_pattern_that_it_does_not_use() -> None:
    """All of them take a twentieth of the start; a thread compiles them once the bot is ready."""
    code = """if True:
        import re, sys
        compiled, by = re.compile, []
        def note(*arguments):
            by.append(sys._getframe(1).f_globals["__name__"])
            return compiled(*arguments)
        re.compile = note
        import bot.cli.main, bot.cli.run
        print(*{name for name in by if name.startswith("bot.")})
        from bot.base.patterns import compile_all
        compile_all()
        print(by.count("bot.base.patterns") > 100)
        by.clear()
        compile_all()
        print(by)
    """
    printed = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    # The patterns of small talk are written with names, which are filled in by a pattern.
    assert printed.splitlines() == ["bot.options.small_talk_phrases", "True", "[]"]


def test_connections_are_opened_by_one_module() -> None:
    """So that proxies, certificates and inner addresses are thought of once."""
    opens = re.compile(r"\b(ClientSession|TCPConnector|urlopen|HTTPSConnection)\(")
    openers = {path for path in paths("bot") if opens.search((ROOT / path).read_text())}
    assert openers == {Path("bot/base/network.py")}


def test_httpx_sends_through_a_session_of_that_module() -> None:
    """Its own transport would have other proxies, certificates and errors."""
    users = {
        module.path: tree_of(ROOT / module.path)
        for module in modules("bot")
        if "httpx" in module.imported
    }
    clients = {
        path: {keyword.arg for keyword in node.keywords}
        for path, tree in users.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and HTTPX_OPENS.fullmatch(ast.unparse(node.func))
    }
    assert {path.parent for path in users} == {Path("bot/mindvideo")}
    assert clients.keys() == {Path("bot/mindvideo/http.py")}
    assert "transport" in clients[Path("bot/mindvideo/http.py")]
