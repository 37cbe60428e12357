"""Inputs that no rule makes and that planning did not find: what to say, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.phrasing import both
from snakemake_logger_plugin_observe.analysis.why.reason_text import bare


@dataclass(frozen=True, slots=True)
class MissingSources:
    """What is wrong with missing inputs of a rule, as clauses."""

    what: str
    """``x.txt, which was not there and which no rule makes``."""
    to_do: str
    """An imperative; ``{rule}`` stands for the rule's name, ``{at}`` for its place."""
    in_storage: bool = False


def missing_sources(files: Sequence[str], similar: str | None = None) -> MissingSources:
    """Return what is wrong with *files*, as Snakemake lists them.

    Snakemake calls a file in a storage missing, too, if the storage cannot be reached.

    Args:
        files: the files.
        similar: a file that is there, of a name like that of the first, if there is one.

    """
    names = both([bare(one) for one in files]) or "a file"
    were, them = ("were", "them") if len(files) > 1 else ("was", "it")
    if any("://" in one or one.endswith("storage)") for one in files):
        return MissingSources(
            f"{names}, which was not found in its storage: the file is not there, or the storage "
            "could not be reached",
            f"see whether the storage can be reached with the same credentials from this machine, "
            f"and whether it has {names}; else correct the path in the rule or in the config",
            in_storage=True,
        )
    if any(one.startswith("~") for one in files):
        return MissingSources(
            f"{names}, which {were} not there: Snakemake does not resolve ~",
            f"write the path of {names} out, without ~, in {{rule}} or in the config",
        )
    makes = "and which no rule makes" if similar is None else f"though {bare(similar)} was"
    return MissingSources(
        f"{names}, which {were} not there {makes}",
        f"put {names} where {{rule}} expects {them}, or correct the path in the rule{{at}}, or in "
        "the config or the table that it comes from",
    )
