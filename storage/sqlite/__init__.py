"""The store in one SQLite file."""

import sys

# sqlite-utils imports numpy and pandas where they are installed, for types that no row here has;
# numpy comes with matplotlib and takes 0.06 s of the start. `None` stands for "not installed".
_UNUSED = {name: sys.modules.get(name) for name in ("numpy", "pandas")}
sys.modules.update(dict.fromkeys(_UNUSED, None))  # type: ignore[arg-type] # as the import system does
import sqlite_utils  # noqa: E402, F401 - the others import it from here on

for _name, _module in _UNUSED.items():
    if _module is None:
        del sys.modules[_name]
    else:
        sys.modules[_name] = _module
