"""``snakemake --executor timed --timed-wraps NAME``: any executor, with its phases stamped.

Every Snakemake process on the machine and on the nodes imports this module, so it only defines the
three names that Snakemake asks for; the work is in ``wrapping`` and what that loads.
"""

import time
from dataclasses import InitVar, dataclass, field
from typing import Any, Optional

from snakemake_interface_executor_plugins.executors.base import AbstractExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


@dataclass(repr=False, eq=False)  # each generated method is paid for by every import
class ExecutorSettings(ExecutorSettingsBase):
    """Which executor is wrapped, and how.

    From Python, ``ExecutorSettings(wraps="slurm", wrapped_settings=...)`` hands the wrapped
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
        metadata={
            "help": "Whether to time Snakemake and the tool on the node too, which needs a shared "
            "file system and the same Python there (default: on where these are given).",
            "choices": ["on", "off"],
        },
    )
    accounting: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": "Whether to ask Slurm's accounting about the jobs once, when the run ends "
            "(default: on where Slurm runs them).",
            "choices": ["on", "off"],
        },
    )
    announce: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": "Whether to announce each job's state (queued, running, succeeded, failed) to "
            "other logger plugins, in remote_job_state records (default: off).",
            "choices": ["on", "off"],
        },
    )
    record: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata={
            "help": "Internal: the file that a job's own processes write their stamps to.",
            "metavar": "FILE",
        },
    )
    wrapped_settings: InitVar[Optional[ExecutorSettingsBase]] = None  # noqa: UP045

    def __post_init__(self, wrapped_settings: Optional[ExecutorSettingsBase]) -> None:  # noqa: UP045
        """Find the wrapped plugin and its settings, and begin to time this process.

        Raises:
            ApiError: if no executor is named where one must be, or it cannot be wrapped.

        """
        from snakemake_executor_plugin_timed import wrapping

        wrapping.configure(self, wrapped_settings, time.time_ns() // 1000)


class _WrappedCommonSettings(CommonSettings):
    """Answers every question with the wrapped plugin's own common settings."""

    def __init__(self) -> None:
        """Hold nothing of its own."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        from snakemake_executor_plugin_timed import wrapping

        return getattr(wrapping.wrapped_plugin().common_settings, name)


common_settings = _WrappedCommonSettings()


class Executor(AbstractExecutor):
    """Makes the wrapped executor, timed, in its own place."""

    def __new__(cls, workflow: Any, logger: Any, *args: Any, **kwargs: Any) -> Any:
        """Return an instance of a subclass of the wrapped plugin's executor."""
        from snakemake_executor_plugin_timed import wrapping

        return wrapping.make(workflow, logger, *args, **kwargs)

    def run_job(self, job: Any) -> None:
        """Never called: instances are of the wrapped executor's class."""
        raise NotImplementedError

    shutdown = cancel = run_job
    handle_job_success = handle_job_error = run_job
