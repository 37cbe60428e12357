"""Work done beside the run, on threads of their own."""

import threading
from collections.abc import Callable


def beside(work: Callable[[], None], name: str) -> bool:
    """Do *work* on a daemon thread called *name*; return False where none can be made any more.

    Python makes no threads once the interpreter shuts down (3.12 and newer), and a run that failed
    before its workflow started is recorded only then.
    """
    try:
        threading.Thread(target=work, name=name, daemon=True).start()
    except RuntimeError:
        return False
    return True
