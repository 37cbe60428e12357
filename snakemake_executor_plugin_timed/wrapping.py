"""Finds the wrapped executor, passes it its settings, and makes it as a subclass of ``Timed``.

Only public names of the executor interface are required. Everything else is optional: if it is
missing, only its phase is not observed.
"""

import os
from collections.abc import Callable
from typing import Any, Final

from snakemake_interface_common.exceptions import ApiError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_executor_plugins.settings import ExecMode

from snakemake_executor_plugin_timed import know_common_settings
from snakemake_logger_plugin_observe.probe import callers_variable
from snakemake_logger_plugin_observe.settings import on_or_off, switched_on

_OURSELVES: Final = "timed"
_INNER_SETTINGS: Final = "_timed_wrapped_settings"
_UNNAMED: Final = "_timed_unnamed"
FIRST_WAIT: Final = "init_seconds_before_status_checks"
"""The common setting that says how long an executor waits before its first status check."""

_wraps = "local"
_first_wait: Callable[[Any], Any] | None = None


def wrapped_plugin() -> Any:
    """Return the plugin that is wrapped in this process (local, until one is named)."""
    return ExecutorPluginRegistry().get_plugin(_wraps)


def first_wait_s(seconds: Any) -> Any:
    """Return how long the interface is to wait before the first status check.

    None of the *seconds* that the plugin asks for, if this run's observer waits instead.
    """
    return seconds if _first_wait is None else _first_wait(seconds)


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
    know_common_settings(plugin.common_settings)
    if wrapped_settings is None and args is not None and plugin.has_settings_cls():
        wrapped_settings = plugin.get_settings(args)
    setattr(settings, _INNER_SETTINGS, wrapped_settings)
    if wrapped_settings is not None and args is not None and not _runs_no_workflow(args):
        plugin.validate_settings(wrapped_settings)
    if not switched_on():
        return
    try:
        _begin(settings, wrapped_settings, args, moment)
    except Exception as error:
        _warn_untimed(settings, error)


def _begin(settings: Any, wrapped_settings: Any, args: Any, moment: int) -> None:
    """Start timing this process, on a node or as the main one."""
    if settings.record is not None:
        from snakemake_executor_plugin_timed import node

        if getattr(wrapped_settings, "array_execs", None):
            settings.record = node.record_of_task(settings.record, os.environ)
        node.begin(
            settings.record, settings.wraps, moment, quick_exit=_is_on(settings, "quick_exit")
        )
    elif args is None or getattr(args, "mode", ExecMode.DEFAULT) == ExecMode.DEFAULT:
        from snakemake_logger_plugin_observe.recording import session

        session.join_executor(settings.wraps, quick_exit=_is_on(settings, "quick_exit"))


def _warn_untimed(settings: Any, error: Exception) -> None:
    """Warn once that nothing is timed because of an internal error, such as a broken installation.

    Not on a node, where the output is the job's; the journal shows that stamps are missing.
    """
    if getattr(settings, "record", None) is None:
        from snakemake_logger_plugin_observe.console import sentence, warn_once

        warn_once(f"internal error, the run goes on untimed: {sentence(error)}")


def _runs_no_workflow(args: Any) -> bool:
    # Imported only here: most processes on nodes wrap an executor without settings.
    from snakemake_logger_plugin_observe.recording.workflow_settings import runs_no_workflow

    return runs_no_workflow(args)


def _unnamed(args: Any) -> str:
    """Return ``local``, unless the user may mean a cluster."""
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
    return callers_variable("get_settings", "args")


def make(workflow: Any, logger: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the wrapped executor, timed; its workflow gets its own settings.

    Raises:
        ApiError: if a required setting of the wrapped plugin is missing.

    """
    global _first_wait
    _first_wait = None
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
            _first_wait = getattr(observer, "first_wait_s", None)
    except Exception as error:
        _warn_untimed(settings, error)
        observer = None
    if observer is None or plugin.common_settings.local_exec:
        return executor(workflow, logger, *args, **kwargs)
    restore = _time_local_rules_too(observer)
    try:
        return executor(workflow, logger, *args, **kwargs)
    except BaseException:
        restore()
        raise


def _observer(workflow: Any, settings: Any) -> Any:
    """Return this process's observer: the main process's side, the node's, or None."""
    if getattr(settings, "record", None) is not None:
        from snakemake_executor_plugin_timed import node

        return node.current()
    if workflow.exec_mode != ExecMode.DEFAULT:
        return None
    from snakemake_executor_plugin_timed.main_side import MainSide

    return MainSide.of(
        workflow,
        node_stamps=on_or_off(getattr(settings, "node_stamps", None)) != "off",
        accounting=on_or_off(getattr(settings, "accounting", None)) != "off",
        announce=_is_on(settings, "announce"),
        wake=wrapped_plugin().executor if _is_on(settings, "wake") else None,
        quick_exit=_is_on(settings, "quick_exit"),
    )


def _is_on(settings: Any, name: str) -> bool:
    return on_or_off(getattr(settings, name, None)) == "on"


def timed_class(executor: type, observer: Any) -> type:
    """Return a subclass of *executor* that reports what it does to *observer*."""
    from snakemake_executor_plugin_timed.timing import Timed

    return type(
        f"Timed{executor.__name__}",
        (Timed, executor),
        {"_observer": observer, "__module__": executor.__module__, "__doc__": executor.__doc__},
    )


def _time_local_rules_too(observer: Any) -> Callable[[], None]:
    """Time the plain local executor that the scheduler is about to make for local rules.

    The scheduler takes it from the registry right after it has made ours. The registry is restored
    then, or when the returned function is called.
    """
    plugin = ExecutorPluginRegistry().get_plugin("local")
    plain = plugin.executor

    def restore() -> None:
        plugin.executor = plain

    def make_once(*args: Any, **kwargs: Any) -> Any:
        restore()
        return timed_class(plain, observer)(*args, **kwargs)

    plugin.executor = make_once
    return restore
