"""The logger plugin's handler: joins the session, passes records on, and ends the journal.

Nothing heavy is imported here: the recording side is loaded only when a handler is made.
"""

from logging import LogRecord
from typing import TYPE_CHECKING

from snakemake_interface_common.exceptions import ApiError
from snakemake_interface_logger_plugins.base import LogHandlerBase

from snakemake_logger_plugin_observe.settings import switched_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from snakemake_logger_plugin_observe.recording.session import Session


class LogHandler(LogHandlerBase):
    """The handler that Snakemake makes and calls, on its listener thread; uses the session."""

    _session: "Session | None" = None
    _take: "Callable[[LogRecord], None] | None" = None

    def __post_init__(self) -> None:
        """Join this process's session.

        Raises:
            ApiError: if a flag is invalid, or the requested folder cannot be written.

        """
        try:
            if switched_on():
                from snakemake_logger_plugin_observe.recording import session

                self._session = session.join_logger(self.settings, self.common_settings)
                self._take = self._session.listener.take
        except ApiError:
            raise
        except Exception as error:  # such as a broken installation
            _warn_about(error)

    def emit(self, record: LogRecord) -> None:
        """Pass on a record; most were seen by the session's logging filter already."""
        if (take := self._take) is not None:
            try:
                take(record)
            except Exception as error:  # it would end Snakemake's listener and all other handlers
                if self._session is not None:
                    self._session.fault(error)

    def close(self) -> None:
        """End the journal, or leave that to the process's exit; Snakemake may call this twice."""
        session, self._session, self._take = self._session, None, None
        if session is not None:
            try:
                session.api_closed()
            except Exception as error:
                session.fault(error)
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """False: the console is Snakemake's."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """False: otherwise the journal would come first in the ``log`` that hooks get."""
        return False

    @property
    def has_filter(self) -> bool:
        """True: otherwise Snakemake's filter would hide most events under ``--quiet``."""
        return True

    @property
    def has_formatter(self) -> bool:
        """True: nothing is formatted."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """False: dependencies come from the DAG, job by job."""
        return False


def _warn_about(error: Exception) -> None:
    from snakemake_logger_plugin_observe.console import sentence, warn_once

    warn_once(f"no journal, the run goes on: {sentence(error)}")
