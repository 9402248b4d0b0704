"""Writes tables as CSV (RFC 4180) that a spreadsheet opens and runs nothing of. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# Without it, spreadsheets take UTF-8 for another encoding.
_BYTE_ORDER_MARK = "\ufeff"

# A cell that begins with one of these is a formula to spreadsheets, also behind a tab or a break.
# https://owasp.org/www-community/attacks/CSV_Injection
_BEGIN_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as CSV, every cell as text."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return _BYTE_ORDER_MARK + written.getvalue()


def _as_text(cell: str) -> str:
    """Return a cell that is no formula: an apostrophe makes spreadsheets show it as it is."""
    return f"'{cell}" if cell.startswith(_BEGIN_FORMULA) else cell
