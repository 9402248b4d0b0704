"""Translate errors of PostgreSQL into the errors of the store's contract.

A message names what the server says, never the values of a row: the detail of a violated constraint
has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import psycopg
from psycopg import errors

from storage.store import StoreError, StoreFullError, StoreUnsureError

_NOTHING_WRITTEN: Mapping[type[psycopg.Error], str] = MappingProxyType(
    {
        errors.DiskFull: "the database's disk is full",
        errors.OutOfMemory: "the database has no memory left",
        errors.TooManyConnections: "the database accepts no more connections",
        errors.ReadOnlySqlTransaction: "the database cannot be written to",
        errors.LockNotAvailable: "another process keeps a row locked",
        errors.QueryCanceled: "the database took too long",
        errors.IdleInTransactionSessionTimeout: "the database waited too long for the rest",
    }
)
"""Conditions that an operator can correct while the process keeps running.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

AGAIN = (errors.DeadlockDetected, errors.SerializationFailure, errors.FeatureNotSupported)
"""Errors after which the same transaction, from its beginning, may succeed.

The last one is that of a plan from before a migration, for rows that have another column now.
"""


def store_error(error: psycopg.Error) -> StoreError:
    """Return the store's error for an error before a commit, a new instance for each caller.

    A plain `StoreError`, of no subclass, concerns only this one read or write.
    """
    translated: StoreError
    reasons = (told for kind, told in _NOTHING_WRITTEN.items() if isinstance(error, kind))
    reason = next(reasons, None)
    if reason is None and is_disconnect(error):
        reason = "the database cannot be reached"
    if reason is not None:
        translated = StoreFullError(f"nothing was written: {reason} ({_name(error)})")
    else:
        said = error.diag.message_primary or type(error).__name__
        translated = StoreError(f"the store refused a query: {said} ({_name(error)})")
    translated.__cause__ = error
    return translated


def is_disconnect(error: psycopg.Error) -> bool:
    """Tell whether the connection is gone, or there was none."""
    has_code = error.sqlstate is not None
    # Class 57P: the server stops or has killed the connection; class 08: the connection broke.
    is_stop = has_code and str(error.sqlstate).startswith(("57P", "08"))
    return is_stop or (
        not has_code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    )


def unsure_error(error: psycopg.Error) -> StoreError:
    """Return the store's error for an error at a commit."""
    if not is_disconnect(error):
        return store_error(error)
    unsure = StoreUnsureError(
        "the connection to the database ended at a commit: it may or may not be done"
    )
    unsure.__cause__ = error
    return unsure


def _name(error: psycopg.Error) -> str:
    return error.sqlstate or type(error).__name__
