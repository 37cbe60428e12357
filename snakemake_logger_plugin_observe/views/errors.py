"""The one error of the Python interface."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.whatif.scenario import ScenarioError
from snakemake_logger_plugin_observe.journal.lines import JournalError, unreadable
from snakemake_logger_plugin_observe.pasting import harmless


class ObserveError(Exception):
    """There is no answer; the text is one line that says what is wrong and what to do."""


def path_of(named: object) -> Path:
    """Return the path that a user of the interface gave.

    Raises:
        ObserveError: if it is none.

    """
    if not isinstance(named, str | os.PathLike) or "\0" in str(named):
        raise ObserveError(f"{named!r} is no path: name a journal or a folder, as text or a Path")
    return Path(named)


@contextmanager
def one_kind_of_error() -> Iterator[None]:
    """Raise ObserveError for what the reader raises, with the line that its commands print."""
    try:
        yield
    except (JournalError, ScenarioError) as error:
        raise ObserveError(harmless(str(error))) from None
    except OSError as error:
        path = Path(os.fsdecode(error.filename)) if error.filename is not None else Path()
        raise ObserveError(harmless(str(unreadable(path, error)))) from None
