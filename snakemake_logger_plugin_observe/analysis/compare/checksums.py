"""Whether two runs made the same bytes, as far as their journals have checksums."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from snakemake_logger_plugin_observe.journal.records import OutputFile
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of an output, and from which line; None where its folder told it."""

    file: OutputFile
    line: int | None


@dataclass(frozen=True, slots=True)
class Contents:
    """The baseline's files, by whether the candidate made the same bytes.

    Any output of both counts where it can be compared; what cannot is named if it is a product,
    a file that the run was for.
    """

    equal: tuple[str, ...]
    differing: tuple[str, ...]
    unknown: tuple[str, ...]
    """Products of both, but without a checksum of one of them."""
    missing: tuple[str, ...]
    """Products that the candidate did not make."""

    @property
    def checked(self) -> bool:
        """Whether every product could be compared, and there was one."""
        return not (self.unknown or self.missing) and bool(self.equal or self.differing)

    @property
    def proved(self) -> bool:
        """Whether every file is the same, as far as there is one of it in both."""
        return self.checked and not self.differing


def recorded(run: Run, published: Mapping[str, str] | None = None) -> dict[str, Recorded]:
    """Return what *run* recorded of its outputs, by path, and the SHA-256 of what it published."""
    beside = {
        path: Recorded(OutputFile(path=path, sha256=sha256), None)
        for path, sha256 in (published or {}).items()
    }
    made = {
        file.path: Recorded(file, attempt.outputs_line)
        for attempt in run.attempts.values()
        for file in attempt.outputs or ()
    }
    return made | beside  # what lies there now is what was published


def contents(
    outputs: Iterable[str],
    products: Collection[str],
    before: dict[str, Recorded],
    after: dict[str, Recorded],
    made: Collection[str],
) -> Contents:
    """Compare what two runs recorded of their outputs.

    Args:
        outputs: the files that the baseline made.
        products: those of them that it was for.
        before: what the baseline recorded.
        after: what the candidate recorded.
        made: the files that the candidate made.

    """
    by_answer: dict[str, list[str]] = {"equal": [], "differing": [], "unknown": [], "missing": []}
    for path in outputs:
        answer = _answer(path, before, after, made)
        if answer in ("equal", "differing") or path in products:
            by_answer[answer].append(path)
    return Contents(**{answer: tuple(found) for answer, found in by_answer.items()})


def _answer(
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
    """Return the outputs whose bytes differ among *runs* of the same work: they tell nothing."""
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
