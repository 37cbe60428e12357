"""Lines of fragments, as processes on a node write them."""

import json
from typing import Any

from builders import NODE, at


def process(**more: Any) -> bytes:
    line = {
        "v": 1,
        "clock": f"node:{NODE}",
        "host": NODE,
        "pid": 100,
        "wraps": "local",
        "started": at(4),
        "loaded": at(5),
        "waits": [],
        "executions": [],
    }
    return json.dumps({**line, **more}).encode()
