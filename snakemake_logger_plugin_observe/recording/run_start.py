"""What is known of a run when its workflow starts, and its recorder is made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from snakemake_logger_plugin_observe.clock import Micros


class RunStart(Struct, frozen=True):
    """A run that starts."""

    time: Micros
    """When its workflow started."""
    workdir: Path
    facts: Mapping[str, Any]
    """Fields of ``RunStarted`` that are known already."""
    started_in: Path | None = None
    """Where Snakemake was started, if that is known: paths are shown from there."""
    secrets: tuple[str, ...] = ()
    """Texts to mask in the journal."""
    allocation: str | None = None
    """The id of the Slurm job that Snakemake itself runs in, if it does."""
    sources: tuple[str, ...] = ()
    """The local files that the workflow is made of."""
    setting_files: tuple[str, ...] = ()
    """Those of them that hold settings: config files and profiles."""

    @property
    def kind(self) -> str:
        """What kind of run it is; unless it is known, one that runs jobs."""
        return str(self.facts.get("kind", "run"))
