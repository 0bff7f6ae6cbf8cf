"""What every run of pytest shares, of the tests and of the notebooks."""

from __future__ import annotations

import sys

# jsonschema imports this package, if it can, for a kind of format that notebooks do not use, and it takes a second of
# CPU time in each process: it builds the grammar of international web addresses. nbval, which imports jsonschema, is
# therefore loaded from here; `-p no:nbval` in pyproject.toml keeps pytest from loading it earlier.
sys.modules.setdefault("rfc3987_syntax", None)      # type: ignore[arg-type]

pytest_plugins = ["nbval.plugin"]
