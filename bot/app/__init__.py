"""The composition root: it makes the adapters, services and engines, and starts and stops them."""

from __future__ import annotations

import ssl

# aiohttp makes two TLS contexts while it is imported, and reads the system's certificates for each:
# 0.04 s of the start. No connection takes one of them: `bot.base.network` makes its own when it is
# needed. Without certificates they trust nobody.
ssl.SSLContext.set_default_verify_paths = lambda _: None  # type: ignore[assignment, method-assign]
try:
    import aiohttp  # noqa: F401 - the others import it from here on
finally:
    del ssl.SSLContext.set_default_verify_paths
