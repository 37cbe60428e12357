"""A finding, and the two compared runs that findings are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.checksums import Contents, Recorded
from snakemake_logger_plugin_observe.analysis.compare.explanations import Explanations
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
    explanations: Explanations = field(default_factory=Explanations)
    """What explains the outputs that differ."""
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

    def by_results(self, rule: str | None = None) -> Kind:
        """Judge a change that can alter results: safe only if the outputs are the same bytes.

        Args:
            rule: whose jobs changed; None for the whole run.

        """
        return "safe" if self.same_of(rule) else "unsafe"

    def with_results(self, claim: str, rule: str | None = None) -> str:
        """Return *claim* about a change that can alter results, and whether it did."""
        same = self.same_of(rule)
        if same:
            which = "the" if self.same_bytes or rule is None else "its"
            return f"{claim}; {which} outputs are the same bytes"
        return f"{claim}, and " + ("the outputs differ" if same is False else UNCHECKED)

    def same_of(self, rule: str | None) -> bool | None:
        """Return whether the outputs of *rule*, and what is made from them, are the same.

        None if that is not known. If its own outputs are all the same, so is what they lead to:
        then others differ for another reason.
        """
        if self.same_bytes:
            return True
        differing = set(self.contents.differing)
        jobs = [pair.after for pair in self.match.pairs if pair.before.rule == rule]
        own = {path for job in jobs for path in job.output}
        if not (differing and own):
            return False if differing else None
        if own <= {self.moved.get(path, path) for path in self.contents.equal}:
            return True
        later = self.lineages[1]
        below = later.downstream(own)
        made = own.union(*(self.after.run.all_jobs[one].output for one in below))
        return None if differing.isdisjoint(made) else False
