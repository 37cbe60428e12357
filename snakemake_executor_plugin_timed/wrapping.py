"""The wrapped executor: found, given its settings, subclassed by ``Timed`` and made.

Only public names of the executor interface are relied upon; what else is used is probed, and costs
its own phase where it has moved.
"""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from snakemake_interface_common.exceptions import ApiError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_executor_plugins.settings import ExecMode

if TYPE_CHECKING:
    from types import FrameType

_OURSELVES: Final = "timed"
_INNER_SETTINGS: Final = "_timed_wrapped_settings"
_UNNAMED: Final = "_timed_unnamed"
_FRAMES_TO_SEARCH: Final = 10

_wraps = "local"


def switched_on() -> bool:
    """Return whether ``SNAKEMAKE_OBSERVE`` lets the wrapper observe."""
    return os.environ.get("SNAKEMAKE_OBSERVE", "").lower() not in ("off", "0", "no", "false")


def wrapped_plugin() -> Any:
    """Return the plugin that is wrapped in this process (local, before any was named)."""
    return ExecutorPluginRegistry().get_plugin(_wraps)


def configure(settings: Any, wrapped_settings: Any, moment: int) -> None:
    """Find what *settings* wraps, and the wrapped plugin's settings; join the session.

    Raises:
        ApiError: if no executor is named where one must be, or it cannot be wrapped.

    """
    global _wraps
    args = _command_line()
    setattr(settings, _UNNAMED, settings.wraps is None)
    name = settings.wraps or _unnamed(args)
    if name == _OURSELVES:
        raise ApiError("--timed-wraps: timed cannot wrap itself; name another executor.")
    if name in ("dryrun", "touch") or not ExecutorPluginRegistry().is_installed(name):
        raise ApiError(
            f"--timed-wraps: no executor {name!r} is installed. Installed: {_installed()}."
        )
    settings.wraps = _wraps = name
    plugin = wrapped_plugin()
    if wrapped_settings is None and args is not None and plugin.has_settings_cls():
        wrapped_settings = plugin.get_settings(args)
    setattr(settings, _INNER_SETTINGS, wrapped_settings)
    if wrapped_settings is not None and args is not None and not _is_utility(args):
        plugin.validate_settings(wrapped_settings)
    if not switched_on():
        return
    try:
        _begin(settings, wrapped_settings, args, moment)
    except Exception as fault:
        _go_on_untimed(settings, fault)


def _begin(settings: Any, wrapped_settings: Any, args: Any, moment: int) -> None:
    """Begin to time this process: as one on the node, or as the main one."""
    if settings.record is not None:
        from snakemake_executor_plugin_timed import node

        if getattr(wrapped_settings, "array_execs", None):
            settings.record = node.record_of_task(settings.record, os.environ)
        node.begin(settings.record, settings.wraps, moment)
    elif args is None or getattr(args, "mode", ExecMode.DEFAULT) == ExecMode.DEFAULT:
        from snakemake_logger_plugin_observe.recording import session

        session.join_executor(settings.wraps)


def _go_on_untimed(settings: Any, fault: Exception) -> None:
    """Say once that a fault of ours (a broken installation, say) costs the stamps; not on a node.

    What a job prints there is the job's own; that its stamps are missing shows in the journal.
    """
    if getattr(settings, "record", None) is None:
        from snakemake_logger_plugin_observe.console import sentence, warn_once

        warn_once(f"a fault of ours, the run goes on untimed: {sentence(fault)}")


def _is_utility(args: Any) -> bool:
    # Imported only here: most processes on nodes wrap an executor without settings.
    from snakemake_logger_plugin_observe.recording import session

    return session.is_utility(args)


def _unnamed(args: Any) -> str:
    """Return ``local``, unless a cluster may have been meant."""
    if args is not None and getattr(args, "jobs", None) is not None:
        raise _no_name()
    return "local"


def _no_name() -> Exception:
    error: Exception = ApiError(
        "--executor timed with --jobs needs the executor's name: --timed-wraps NAME. "
        f"Installed: {_installed()}."
    )
    return error


def _installed() -> str:
    names = set(ExecutorPluginRegistry().get_registered_plugins())
    return ", ".join(sorted(names - {_OURSELVES, "dryrun", "touch"}))


def _command_line() -> Any:
    """Return Snakemake's parsed command line while it makes our settings, or None."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_FRAMES_TO_SEARCH):
        if frame is None:
            return None
        if frame.f_code.co_name == "get_settings" and "args" in frame.f_locals:
            return frame.f_locals["args"]
        frame = frame.f_back
    return None


def make(workflow: Any, logger: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the wrapped executor, timed, with its own settings in its workflow.

    Raises:
        ApiError: if a required setting of the wrapped plugin is missing.

    """
    settings = workflow.executor_settings
    nodes = getattr(workflow.resource_settings, "nodes", None)
    if getattr(settings, _UNNAMED, False) and nodes is not None and _command_line() is None:
        raise _no_name()
    plugin = wrapped_plugin()
    inner_settings = getattr(settings, _INNER_SETTINGS, None)
    if inner_settings is not None:
        plugin.validate_settings(inner_settings)
    workflow.executor_settings = inner_settings
    if not switched_on():
        return plugin.executor(workflow, logger, *args, **kwargs)
    executor = plugin.executor
    try:
        observer = _observer(workflow, settings)
        if observer is not None:
            executor = timed_class(executor, observer)
    except Exception as fault:
        _go_on_untimed(settings, fault)
        observer = None
    if observer is None or plugin.common_settings.local_exec:
        return executor(workflow, logger, *args, **kwargs)
    as_it_was = _time_local_rules_too(observer)
    try:
        return executor(workflow, logger, *args, **kwargs)
    except BaseException:
        as_it_was()
        raise


def _observer(workflow: Any, settings: Any) -> Any:
    """Return what takes the stamps in this process: the session's recorder, or the node's file."""
    if getattr(settings, "record", None) is not None:
        from snakemake_executor_plugin_timed import node

        return node.current()
    if workflow.exec_mode != ExecMode.DEFAULT:
        return None
    from snakemake_executor_plugin_timed.main_side import MainSide

    return MainSide.of(
        workflow,
        node_stamps=getattr(settings, "node_stamps", None) != "off",
        accounting=getattr(settings, "accounting", None) != "off",
        announce=getattr(settings, "announce", None) == "on",
    )


def timed_class(executor: type, observer: Any) -> type:
    """Return a subclass of *executor* that tells *observer* what it does."""
    from snakemake_executor_plugin_timed.timing import Timed

    return type(
        f"Timed{executor.__name__}",
        (Timed, executor),
        {"_observer": observer, "__module__": executor.__module__, "__doc__": executor.__doc__},
    )


def _time_local_rules_too(observer: Any) -> Callable[[], None]:
    """Time the plain local executor that the scheduler is about to make for local rules.

    The scheduler takes it from the registry right after it has made ours; the registry is as it
    was once it has done so, or once what is returned is called.
    """
    plugin = ExecutorPluginRegistry().get_plugin("local")
    plain = plugin.executor

    def as_it_was() -> None:
        plugin.executor = plain

    def make_once(*args: Any, **kwargs: Any) -> Any:
        as_it_was()
        return timed_class(plain, observer)(*args, **kwargs)

    plugin.executor = make_once
    return as_it_was
