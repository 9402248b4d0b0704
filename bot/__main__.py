"""`python -m bot` is the command line."""

# ruff: noqa: E402 - signals and output must be in order before the other imports take a second

import gc
import os

# Garbage is not collected until the modules of the command are imported: the collections would find
# nothing to free, and take a tenth of a start.
gc.disable()

# pydantic would search the metadata of every installed package for plugins, for 10 ms of a start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from bot.base.stop_signals import StopSignals

SIGNALS = StopSignals()
SIGNALS.watch()

from bot.base.log_stream import protect_standard_streams

protect_standard_streams()

from bot.cli.main import main


def start() -> None:
    """Run the command that the arguments name."""
    main(prog_name="python -m bot", obj=SIGNALS)


if __name__ == "__main__":
    start()
