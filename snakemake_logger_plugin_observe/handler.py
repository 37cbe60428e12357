"""The logger plugin itself: joins the session, hands records in, and ends the journal.

Nothing heavy is imported here; what records is loaded when a handler is really made.
"""

from logging import LogRecord
from typing import TYPE_CHECKING

from snakemake_interface_common.exceptions import ApiError
from snakemake_interface_logger_plugins.base import LogHandlerBase

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.recording.session import Session


class LogHandler(LogHandlerBase):
    """Snakemake's handle on the recorder; records reach it on a listener's thread."""

    _session: "Session | None" = None

    def __post_init__(self) -> None:
        """Join this process's session.

        Raises:
            ApiError: if a flag makes no sense, or the folder asked for cannot be written.

        """
        try:
            from snakemake_logger_plugin_observe.recording import session

            if session.switched_on():
                self._session = session.join_logger(self.settings, self.common_settings)
        except ApiError:
            raise
        except Exception as fault:  # such as an installation that is broken
            _warn_of(fault)

    def emit(self, record: LogRecord) -> None:
        """Take in a record that did not come past the session's own ear."""
        if self._session is not None:
            try:
                self._session.take(record)
            except Exception as fault:  # else the listener ended, and with it all other handlers
                self._session.fault(fault)

    def close(self) -> None:
        """End the journal, or leave that to the process's exit; Snakemake may call this twice."""
        session, self._session = self._session, None
        if session is not None:
            try:
                session.logger_closed()
            except Exception as fault:
                session.fault(fault)
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """False: the console stays Snakemake's."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """False: else the journal came first in the ``log`` that hooks are given."""
        return False

    @property
    def has_filter(self) -> bool:
        """True: else Snakemake's own filter hid most events under ``--quiet``."""
        return True

    @property
    def has_formatter(self) -> bool:
        """True: nothing is formatted."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """False: dependencies come from the DAG, job by job."""
        return False


def _warn_of(fault: Exception) -> None:
    from snakemake_logger_plugin_observe.console import sentence, warn_once

    warn_once(f"no journal, the run goes on: {sentence(fault)}")
