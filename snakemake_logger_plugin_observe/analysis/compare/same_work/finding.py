"""A finding, and the two compared runs that findings are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.compare.checksums import Contents, Recorded
from snakemake_logger_plugin_observe.analysis.compare.differences import Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage

Kind = Literal["safe", "neutral", "unsafe"]
UNCHECKED: Final = "nothing shows that the outputs are the same"


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged change: its ``id``, whether it is safe, a sentence, and the evidence."""

    id: str
    kind: Kind
    claim: str
    evidence: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs with everything that the judges read."""

    before: CitedRun
    after: CitedRun
    match: Match
    changes: tuple[Change, ...]
    contents: Contents
    """The baseline's outputs by whether the candidate made the same bytes."""
    files: tuple[dict[str, Recorded], dict[str, Recorded]]
    """The recorded outputs of each side, by path."""
    lineages: tuple[Lineage, Lineage]
    unpublished: tuple[str, ...] = ()
    """Files that the baseline published and the candidate did not."""
    not_found: frozenset[int] = frozenset()
    """The baseline's jobs that are gone because discovery no longer finds their wildcard values."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Outputs of the baseline that the candidate made under another name, byte for byte."""
    ended: tuple[bool, bool] = (True, True)
    """Whether each run reached its end: one that did not lacks work in any case."""

    @property
    def planned(self) -> bool:
        """Whether one of the two is a dry run, which has no attempts and no outputs."""
        return self.before.run.is_dry_run or self.after.run.is_dry_run

    @property
    def same_bytes(self) -> bool:
        """Whether the outputs are known to be the same."""
        return self.contents.same

    def by_results(self) -> Kind:
        """Judge a change that can alter results: safe only if the outputs are the same bytes."""
        return "safe" if self.same_bytes else "unsafe"

    def with_results(self, claim: str) -> str:
        """Return *claim* about a change that can alter results, and whether it did."""
        if self.same_bytes:
            return f"{claim}; the outputs are the same bytes"
        if self.contents.differing:
            return f"{claim}, and the outputs differ"
        return f"{claim}, and {UNCHECKED}"
