"""Write constraints.txt, every package with its hashes: `make lock`, or `python -m tools.lock`.

The versions suit every Python that pyproject.toml allows. A version that is pinned stays, unless it
is to be raised: `.tools/bin/python -m tools.lock --upgrade-package httpx`, or `--upgrade` for all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "constraints.txt"

_HEADER = """\
# The exact files that are installed and tested, also of packages that others need: a version, and
# the hashes that one of its files must have. `make lock` writes this from pyproject.toml.
"""


def main() -> None:
    """Have uv resolve the versions, and write the file."""
    command = [
        *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "pyproject.toml"),
        *(
            "--extra",
            "dev",
            "--extra",
            "postgres",
            "--extra",
            "otel",
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
        ),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        "--no-strip-extras",  # pip asks for a pin with the extra that another package names
        *("--quiet", "--output-file", LOCK.name),
        *sys.argv[1:],
    ]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own arguments
    LOCK.write_text(_HEADER + LOCK.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
