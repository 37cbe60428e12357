"""A finding, and all that is known when one is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation, Side
from snakemake_logger_plugin_observe.analysis.compare.checksums import Contents, Recorded
from snakemake_logger_plugin_observe.analysis.compare.differences import Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage

Kind = Literal["safe", "neutral", "unsafe"]
UNCHECKED: Final = "nothing shows that the outputs are the same"


@dataclass(frozen=True, slots=True)
class Finding:
    """One change, judged: what it is (``id``), the judgement, a sentence, and where it shows."""

    id: str
    kind: Kind
    claim: str
    evidence: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs side by side."""

    before: Side
    after: Side
    match: Match
    changes: tuple[Change, ...]
    contents: Contents
    """Of what the baseline made for its own sake: see ``Lineage.products``."""
    files: tuple[dict[str, Recorded], dict[str, Recorded]]
    """What is known of each side's outputs."""
    lineages: tuple[Lineage, Lineage]
    unpublished: tuple[str, ...] = ()
    """What the baseline published and the candidate did not."""
    not_found: frozenset[int] = frozenset()
    """The baseline's jobs that are gone because discovery no longer finds what they were for."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Outputs of the baseline that the candidate made under another name, byte for byte."""

    ended: tuple[bool, bool] = (True, True)
    """Whether the runs came to their end: of one that did not, work is missing anyhow."""

    @property
    def planned(self) -> bool:
        """Whether one of the two is a plan, and so has no attempts and no outputs."""
        runs = (self.before.run, self.after.run)
        return any(run.started is not None and run.started.kind == "dry_run" for run in runs)

    @property
    def proved(self) -> bool:
        """Whether the outputs are known to be the same."""
        return self.contents.proved

    def tuning(self) -> Kind:
        """Return how something that can change results is judged: by the results."""
        return "safe" if self.proved else "unsafe"

    def shown(self, claim: str) -> str:
        """Return *claim* about something that can change results, and what is known of these."""
        if self.proved:
            return f"{claim}; the outputs are the same bytes"
        if self.contents.differing:
            return f"{claim}, and the outputs differ"
        return f"{claim}, and {UNCHECKED}"
