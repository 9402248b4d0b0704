"""Look for known vulnerabilities of the packages in constraints.txt: `make audit`.

Exit code 0: every package was looked up, and none is known to be vulnerable. 1: some are, and are
named. 3: some could not be looked up, so nothing is known about them. pip-audit itself ends with 0
for a package that it could not look up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.lock import LOCK, ROOT

VULNERABLE = 1
NOT_LOOKED_UP = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to print, and the exit code."""

    text: str
    code: int


def main() -> None:
    """Run pip-audit, print what it found, and exit."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")),
        *("--disable-pip", "--require-hashes", "--requirement", LOCK.name),
        *("--format", "json", "--progress-spinner", "off"),
    ]
    ended = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=ROOT, check=False, capture_output=True, text=True
    )
    verdict = judge(ended.stdout)
    print(verdict.text)  # noqa: T201 - this is what it is for
    sys.exit(verdict.code)


def judge(report: str) -> Verdict:
    """Return what pip-audit's JSON report says; without one, nothing is known."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict("The data of known vulnerabilities was not reached.", NOT_LOOKED_UP)
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    found = [
        f"{one['name']} {one['version']}: {each['id']}"
        + (f", mended in {', '.join(each['fix_versions'])}" if each["fix_versions"] else "")
        for one in packages
        for each in one.get("vulns", ())
    ]
    lines = [*found]
    if skipped:
        which = f"{len(skipped)} of {len(packages)} packages: {', '.join(skipped)}"
        which = "any package" if len(skipped) == len(packages) else which
        lines.append(f"The data of known vulnerabilities was not reached for {which}.")
    if not lines:
        return Verdict(f"No known vulnerability in {len(packages)} packages.", 0)
    return Verdict("\n".join(lines), VULNERABLE if found else NOT_LOOKED_UP)


if __name__ == "__main__":
    main()
