"""A JSON document in ASCII: nothing in it is obeyed by a terminal that shows it."""

import json
from typing import Any


def dumps(value: dict[str, Any]) -> str:
    """Return *value* as a document; ``json.loads`` returns its texts as they were.

    Controls, marks of direction and lone surrogates are written as escapes.
    """
    return json.dumps(value, indent=2, allow_nan=False) + "\n"
