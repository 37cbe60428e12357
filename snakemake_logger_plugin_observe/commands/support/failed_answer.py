"""The answer of ``jobs --failed``: what failed among some attempts of a run."""

from collections.abc import Sequence

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures
from snakemake_logger_plugin_observe.analysis.failures.removed_inputs import removed_inputs
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import rule_patterns
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source


def failed(
    source: Source,
    selected: tuple[Row, ...],
    rule: str | None = None,
    every: Sequence[Failure] | None = None,
) -> JobsAnswer:
    """Return what failed among the jobs of the *selected* rows.

    Args:
        source: the run.
        selected: some of its attempts.
        rule: the rule that they are of, if they are of one.
        every: what failed in the run, if that is known already.

    """
    every = failures(source.run) if every is None else every
    keys = {row.attempt.key[0] for row in selected}
    keys |= {row.attempt.group for row in selected if row.attempt.group is not None}
    found = tuple(one for one in every if one.key in keys)
    common = rule_patterns(source.run, every)
    named = {one.rule for one in found}
    return JobsAnswer(
        source,
        selected,
        failed_only=True,
        rule=rule,
        failures=found,
        patterns=tuple(one for one in common if one.rule in named),
        removed=tuple(
            one for one in removed_inputs(source.run, every) if rule in (None, one.reader.rule)
        ),
    )
