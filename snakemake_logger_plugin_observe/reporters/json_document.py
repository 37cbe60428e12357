"""A JSON document in ASCII: nothing in it is obeyed by a terminal that shows it."""

import json
from typing import Any


def dumps(value: dict[str, Any]) -> str:
    """Return *value* as a document; ``json.loads`` returns its texts as they were.

    Every other character is written as an escape, a lone surrogate and the delete character (which
    is ASCII, and a control) too.
    """
    return json.dumps(value, indent=2, allow_nan=False).replace("\x7f", "\\u007f") + "\n"
