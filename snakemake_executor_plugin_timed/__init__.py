"""``snakemake --executor timed --timed-wraps NAME``: any executor, with its phases timed.

Every Snakemake process on the machine and on the nodes imports this module, so it only defines the
three names that Snakemake requires; the work is done in ``wrapping`` and what that loads.
"""

import argparse
import time
from dataclasses import InitVar, dataclass, field
from typing import Any, Optional

from snakemake_interface_executor_plugins.executors.base import AbstractExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

from snakemake_logger_plugin_observe.settings import switch

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


@dataclass(repr=False, eq=False)  # each generated method costs every process import time
class ExecutorSettings(ExecutorSettingsBase):
    """Which executor is wrapped, and how.

    From Python, ``ExecutorSettings(wraps="slurm", wrapped_settings=...)`` passes the wrapped
    executor its own settings; on the command line they come from its own flags.
    """

    # Optional[...] and no future annotations: Snakemake reads them for its command line, and
    # anything else breaks every snakemake call on the machine.
    wraps: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": "The executor to time: any installed one, or local. Its own flags and profile "
            "entries work unchanged. Required with --jobs; local where only --cores is given.",
            "metavar": "NAME",
        },
    )
    node_stamps: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=switch(
            "Whether to time Snakemake and the tool on the nodes too, which needs a shared "
            "file system and the same Python there (default: on if both are available)."
        ),
    )
    accounting: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=switch(
            "Whether to query Slurm's accounting for the jobs once, when the run ends "
            "(default: on if Slurm runs them)."
        ),
    )
    announce: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=switch(
            "Whether to announce each job's state (queued, running, succeeded, failed) to "
            "other logger plugins, in remote_job_state log records (default: off)."
        ),
    )
    wake: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=switch(
            "Whether the executor checks the status of its jobs soon after one has ended, "
            "and does not only wait for its next interval (default: off)."
        ),
    )
    quick_exit: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=switch(
            "Whether Snakemake's processes, here and on the nodes, end as soon as their "
            "work is done, and do not wait for a timer of their scheduler (default: off)."
        ),
    )
    record: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": argparse.SUPPRESS,  # internal: where a job's own processes write their stamps
            "metavar": "FILE",
        },
    )
    wrapped_settings: InitVar[Optional[ExecutorSettingsBase]] = None  # noqa: UP045

    def __post_init__(self, wrapped_settings: Optional[ExecutorSettingsBase]) -> None:  # noqa: UP045
        """Find the wrapped plugin and its settings, and start timing this process.

        Raises:
            ApiError: if no executor is named where one must be, or it cannot be wrapped.

        """
        from snakemake_executor_plugin_timed import wrapping

        wrapping.configure(self, wrapped_settings, time.time_ns() // 1000)


class _KnownCommonSettings(CommonSettings):
    """The wrapped plugin's common settings, but for what an observer may change."""

    @property
    def init_seconds_before_status_checks(self) -> Any:
        from snakemake_executor_plugin_timed import wrapping

        return wrapping.first_wait_s(vars(self)[wrapping.FIRST_WAIT])


class _WrappedCommonSettings(CommonSettings):
    """The wrapped plugin's common settings, looked up at each access until they are known."""

    def __init__(self) -> None:
        """Set nothing: every attribute is read from the wrapped plugin."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        from snakemake_executor_plugin_timed import wrapping

        value = getattr(wrapping.wrapped_plugin().common_settings, name)
        return wrapping.first_wait_s(value) if name == wrapping.FIRST_WAIT else value


common_settings = _WrappedCommonSettings()


def know_common_settings(settings: CommonSettings) -> None:
    """Keep the wrapped plugin's common *settings*: Snakemake reads some a dozen times for each job.

    Those of a class of their own, which may compute them, are looked up on.
    """
    is_plain = type(settings) is CommonSettings
    common_settings.__class__ = _KnownCommonSettings if is_plain else _WrappedCommonSettings
    if is_plain:
        common_settings.__dict__.update(settings.__dict__)


class Executor(AbstractExecutor):
    """Stands in for the wrapped executor: calling it makes a timed one of that class."""

    def __new__(cls, workflow: Any, logger: Any, *args: Any, **kwargs: Any) -> Any:
        """Return an instance of a subclass of the wrapped plugin's executor."""
        from snakemake_executor_plugin_timed import wrapping

        return wrapping.make(workflow, logger, *args, **kwargs)

    def run_job(self, job: Any) -> None:
        """Never called: instances are of the wrapped executor's class."""
        raise NotImplementedError

    shutdown = cancel = run_job
    handle_job_success = handle_job_error = run_job
