"""Which outputs of two runs are the same bytes, by the checksums in their journals."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from snakemake_logger_plugin_observe.journal.records import OutputFile
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded output and its journal line; None if it was read from the run's folder."""

    file: OutputFile
    line: int | None


@dataclass(frozen=True, slots=True)
class Contents:
    """The baseline's outputs, by whether the candidate made the same bytes.

    Outputs that cannot be compared are left out unless they are products: files that the run was
    for.
    """

    equal: tuple[str, ...]
    differing: tuple[str, ...]
    unknown: tuple[str, ...]
    """Products of both runs without a checksum in at least one of them."""
    missing: tuple[str, ...]
    """Products that the candidate did not make, or of which a job failed in one of the two."""

    @property
    def checked(self) -> bool:
        """Whether there is a product and every product could be compared."""
        return not (self.unknown or self.missing) and bool(self.equal or self.differing)

    @property
    def same(self) -> bool:
        """Whether every product could be compared and no output differs."""
        return self.checked and not self.differing


def recorded(run: Run, published: Mapping[str, str] | None = None) -> dict[str, Recorded]:
    """Return the outputs that *run* recorded, and the files that it *published*, by path.

    Those of up-to-date jobs are as the earlier run recorded them that made them.
    """
    kept = {
        file.path: Recorded(file, None)
        for made in run.made.values()
        for file in made.attempt.outputs or ()
    }
    now = {
        path: Recorded(OutputFile(path=path, sha256=sha256), None)
        for path, sha256 in (published or {}).items()
    }
    made = {
        file.path: Recorded(file, attempt.outputs_line)
        for attempt in run.attempts.values()
        for file in attempt.outputs or ()
    }
    return kept | made | now


def unmade(run: Run) -> set[str]:
    """Return the outputs whose jobs were tried by *run*, in vain."""
    if run.finished is not None and run.finished.status == "success":
        return set()
    last = {job_id: run.last_attempt(job_id) for job_id in run.jobs}
    return {
        path
        for job_id, attempt in last.items()
        if attempt is not None and attempt.status not in ("success", "cached")
        for path in run.jobs[job_id].output
    }


def contents(
    outputs: Iterable[str],
    products: Collection[str],
    before: dict[str, Recorded],
    after: dict[str, Recorded],
    made: Collection[str],
    *,
    unmade: Collection[str] = (),
) -> Contents:
    """Compare what two runs recorded of their outputs.

    Args:
        outputs: the files that the baseline made.
        products: those that the baseline was run for.
        before: what the baseline recorded.
        after: what the candidate recorded.
        made: the files that the candidate made.
        unmade: files whose jobs did not succeed in one of the two.

    """
    by_state: dict[str, list[str]] = {"equal": [], "differing": [], "unknown": [], "missing": []}
    for path in outputs:
        state = "missing" if path in unmade else _state(path, before, after, made)
        if state in ("equal", "differing") or path in products:
            by_state[state].append(path)
    return Contents(**{state: tuple(found) for state, found in by_state.items()})


def _state(
    path: str,
    before: dict[str, Recorded],
    after: dict[str, Recorded],
    made: Collection[str],
) -> str:
    if path not in made and path not in after:
        return "missing"
    if path not in before or path not in after:
        return "unknown"
    one, other = before[path].file, after[path].file
    if None not in (one.sha256, other.sha256):
        return "equal" if one.sha256 == other.sha256 else "differing"
    sizes = (one.bytes, other.bytes)
    return "differing" if None not in sizes and sizes[0] != sizes[1] else "unknown"


def varying(runs: Iterable[Run]) -> set[str]:
    """Return the outputs whose bytes differ among *runs* of the same work."""
    seen: dict[str, str] = {}
    found: set[str] = set()
    for run in runs:
        for path, one in recorded(run).items():
            if (
                one.file.sha256 is not None
                and seen.setdefault(path, one.file.sha256) != one.file.sha256
            ):
                found.add(path)
    return found
