"""What an exporter is asked for: runs, and which table of them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """The runs to export, at least one."""

    sources: tuple[Source, ...]
    table: str | None = None
    """The table that was named, if one was."""

    @property
    def runs(self) -> list[Run]:
        """The runs, in the order in which they were named."""
        return [source.run for source in self.sources]

    @property
    def labels(self) -> list[str]:
        """A name for each run: its journal's, or the journal's path if two have the same name."""
        names = [_name(source.path) for source in self.sources]
        count = Counter(names)
        return [
            name if count[name] == 1 else str(source.path)
            for name, source in zip(names, self.sources, strict=True)
        ]

    def only_run(self, what: str) -> Run:
        """Return the run, for a format that has room for one, without a choice of tables.

        Raises:
            JournalError: if several were named, or a table was.

        """
        if len(self.sources) > 1:
            raise JournalError(f"export {what}: it describes one run; name one journal")
        if self.table is not None:
            raise JournalError(f"export {what}: it has no tables; leave out --table")
        return self.sources[0].run


def _name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".jsonl")
