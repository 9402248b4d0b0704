"""What is installed is what constraints.txt pins, file by file, and can be audited."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from importlib.metadata import distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.audit import NOT_LOOKED_UP, VULNERABLE, judge
from tools.lock import LOCK, ROOT

TEXT = LOCK.read_text()
PINS: Mapping[str, str] = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", TEXT, re.MULTILINE)
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [
    Requirement(line)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in group
]


def test_every_package_has_its_hashes() -> None:
    """Without one, pip would take whatever file has that version."""
    entries = re.split(r"^(?=[\w.-]+(?:\[[\w,]+\])?==)", TEXT, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINS) > 0
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_no_address_is_in_it() -> None:
    """Whoever installs says where from."""
    assert not re.search(r"://|^\s*-[-\w]*(index|find)", TEXT, re.MULTILINE)


def test_what_the_project_needs_is_pinned_as_it_allows() -> None:
    """`make lock` was run after the last change of pyproject.toml."""
    pins = {needed: PINS[canonicalize_name(needed.name)] for needed in NEEDED}
    assert [needed for needed, pin in pins.items() if not needed.specifier.contains(pin)] == []


def test_what_is_installed_is_what_is_pinned() -> None:
    """So the tests speak of the very files that a new machine gets."""
    installed = {canonicalize_name(one.name): one.version for one in distributions()}
    ours = {name: version for name, version in installed.items() if name in PINS and name != "pip"}
    assert ours == {name: PINS[name] for name in ours}
    assert {canonicalize_name(one.name) for one in NEEDED} <= ours.keys()


def report(*packages: Mapping[str, object]) -> str:
    """Return a report in the shape of pip-audit's."""
    return json.dumps({"dependencies": packages, "fixes": []})


SOUND = {"name": "a", "version": "1.0", "vulns": []}
VULNERABLE_ONE = {
    "name": "b",
    "version": "2.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}, {"id": "CVE-2", "fix_versions": []}],
}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found"}


def test_an_audit_that_found_nothing_says_how_many_it_looked_up() -> None:
    verdict = judge(report(SOUND, SOUND))
    assert (verdict.text, verdict.code) == ("No known vulnerability in 2 packages.", 0)


def test_an_audit_names_what_is_vulnerable() -> None:
    verdict = judge(report(SOUND, VULNERABLE_ONE))
    assert verdict.text.splitlines() == ["b 2.0: CVE-1, mended in 2.1", "b 2.0: CVE-2"]
    assert verdict.code == VULNERABLE


def test_an_audit_that_could_not_look_up_a_package_is_no_sound_one() -> None:
    """pip-audit alone says that nothing was found, and ends with 0."""
    verdict = judge(report(SOUND, SKIPPED))
    assert "was not reached for 1 of 2 packages: c." in verdict.text
    assert verdict.code == NOT_LOOKED_UP
    assert judge(report(VULNERABLE_ONE, SKIPPED)).code == VULNERABLE
    assert judge(report(SKIPPED)).text.endswith("was not reached for any package.")


@pytest.mark.parametrize("text", ["", "Traceback …", "[]", "{}"])
def test_an_audit_without_a_report_knows_nothing(text: str) -> None:
    assert judge(text).code == NOT_LOOKED_UP
