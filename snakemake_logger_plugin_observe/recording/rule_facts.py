"""What all jobs of a rule have in common, read once, with the rule's first job."""

import hashlib
from typing import Any, Final

from snakemake_interface_executor_plugins.settings import SharedFSUsage

from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording import shown_values

_ENVIRONMENTS: Final = ("conda_env", "container_img", "env_modules")


class RuleFacts:
    """What the jobs of one rule have in common, and how to read what they need not have."""

    def __init__(self, job: Any) -> None:
        """Read the rule of *job*."""
        rule = self._rule = job.rule  # referred to: while this lives, no other gets its id
        self._persistence = ask(lambda: job.dag.workflow.persistence)
        self.name = str(rule.name)
        self.checkpoint: bool = ask(lambda: bool(rule.is_checkpoint), False)
        code = ask(lambda: _uncached(self._persistence, "_code")(self._persistence, rule))
        self.code_digest = _digest(code)
        self.retries: int | None = ask(lambda: job.restart_times)
        self.own_retries: bool | None = ask(lambda: _own_retries(job))
        self.shadow: str | None = ask(lambda: rule.shadow_depth and str(rule.shadow_depth))
        self._is_local: bool | None = None
        self._is_local_for_all = ask(lambda: _is_local_for_all(job), False)
        if self._is_local_for_all:
            self._is_local = ask(lambda: bool(job.is_local))
        self.has_script: bool = ask(lambda: bool(rule.script or rule.notebook), True)
        self.limited: tuple[tuple[str, int, int | None], ...] = ask(lambda: _limited(job), ())
        """The resources of which the run's limits may give a job less than the rule asks for."""
        self._params_of = ask(lambda: _uncached(self._persistence, "_params"))
        self._has_params: bool = (
            ask(lambda: len(rule.params) > 0, True) or self._compared(job) != []
        )
        self._digest_of_none = _digest([])
        self._shown: set[str] = set()
        self._environment: str | None = None
        self._has_one_environment = all(getattr(rule, name, "") is None for name in _ENVIRONMENTS)
        if self._has_one_environment:
            self._environment = self._environment_of(job)

    def is_local(self, job: Any) -> bool | None:
        """Return whether *job* runs on this machine, in this Snakemake or by it."""
        return self._is_local if self._is_local_for_all else ask(lambda: bool(job.is_local))

    def environment(self, job: Any) -> str | None:
        """Return the digest of the software of *job*."""
        return self._environment if self._has_one_environment else self._environment_of(job)

    def _environment_of(self, job: Any) -> str | None:
        digest: str | None = ask(lambda: self._persistence._software_stack_hash(job))
        return digest

    def params(self, job: Any) -> tuple[str | None, tuple[str, ...]]:
        """Return the digest of the params of *job*, and their texts, those of each digest once."""
        if not self._has_params:
            return self._digest_of_none, ()
        compared = self._compared(job)
        digest = _digest(compared)
        if not compared or digest in self._shown:
            return digest, ()
        texts: tuple[str, ...] = ask(lambda: shown_values.of_params(job), ())
        if texts and digest is not None:
            self._shown.add(digest)
        return digest, texts

    def _compared(self, job: Any) -> Any:
        """Return the params of *job* that Snakemake compares for its rerun triggers."""
        try:
            return self._params_of(self._persistence, job)
        except Exception:
            return None

    def requested(self, job: Any) -> dict[str, int | None]:
        """Return what the rule asks for where the run's limits gave *job* less.

        Snakemake gives a job no more than ``--cores`` and ``--resources``, and keeps only what it
        gave. An amount that is a function is not known: it is the workflow's code, and may have
        effects.
        """
        found: dict[str, int | None] = {}
        for name, limit, asked in self.limited:
            given = job.resources.get(name)
            if isinstance(given, int) and given == limit and (asked is None or asked > given):
                found["threads" if name == "_cores" else name] = asked
        return found


def _is_local_for_all(job: Any) -> bool:
    """Return whether it depends on the rule alone where its jobs run, not on their files."""
    return SharedFSUsage.INPUT_OUTPUT in job.dag.workflow.storage_settings.shared_fs_usage


def _limited(job: Any) -> tuple[tuple[str, int, int | None], ...]:
    """Return the name, the run's limit, and what *job*'s rule asks for, where that may be more."""
    workflow, found = job.dag.workflow, list[tuple[str, int, int | None]]()
    most_threads = workflow.resource_settings.max_threads
    for name, limit in workflow.global_resources.items():
        own, most = job.rule.resources.get(name), _amount(limit)
        if name == "_nodes" or own is None or not isinstance(most, int):
            continue
        asked = _amount(own)
        if not isinstance(asked, int):
            asked = None
        elif name == "_cores" and most_threads is not None:
            asked = min(asked, most_threads)
        if asked is None or asked > most:
            found.append((name, most, asked))
    return tuple(found)


def _amount(value: Any) -> Any:
    """Return the amount of a resource, a number or a function, out of newer Snakemakes' wrapper."""
    return getattr(value, "_value", value)


def _uncached(owner: Any, method: str) -> Any:
    """Return a method of Snakemake's without its cache, which is as it is without this plugin."""
    function = getattr(type(owner), method)
    return getattr(function, "__wrapped__", function)


def _digest(value: Any) -> str | None:
    """Return a digest of what Snakemake itself compares for its rerun triggers."""
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _own_retries(job: Any) -> bool | None:
    """Return whether a job is retried because its rule says so, None if it is not retried."""
    return job.rule._restart_times is not None if job.restart_times else None
