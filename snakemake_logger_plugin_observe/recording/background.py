"""Work in the background, on daemon threads."""

import threading
from collections.abc import Callable


def in_background(work: Callable[[], None], name: str) -> bool:
    """Start *work* on a daemon thread called *name*; return False if no thread can be made.

    Python makes no threads once the interpreter shuts down (3.12 and newer), and a run that failed
    before its workflow started is recorded only then.
    """
    try:
        threading.Thread(target=work, name=name, daemon=True).start()
    except RuntimeError:
        return False
    return True
