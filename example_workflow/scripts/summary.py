"""Collect one row per sample, and the numbers of the tiny jobs (run by `script:`)."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from common import read_tsv, say, write_tsv

HEADER = ("sample", "reads", "mean_quality", "kept", "kmers", "top_target", "top_reads")


def row_of(quality: Path, trim: Path, kmers: Path, screen: Path) -> tuple[object, ...]:
    """Return the row of one sample, which is named like its files."""
    (measured,) = read_tsv(quality)
    (counts,) = read_tsv(trim)
    top = max(read_tsv(screen), key=lambda hit: int(hit["reads"]))
    found = int(top["reads"]) > 0
    return (
        quality.stem,
        measured["reads"],
        measured["mean_quality"],
        counts["kept"],
        len(read_tsv(kmers)),
        top["target"] if found else "none",
        top["reads"],
    )


def appear_late(path: Path, seconds: float) -> None:
    """Hide *path* and let it reappear after this process has ended.

    A file system that shows a node's files to other machines only after a while looks the same
    from outside: the job is over and its output is not there yet.
    """
    hidden = path.with_name(f".{path.name}.late")
    path.rename(hidden)
    move = shlex.join(["mv", str(hidden), str(path)])
    subprocess.Popen(
        ["sh", "-c", f"sleep {seconds}; {move}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    say(f"summary: {path.name} will appear in {seconds:g} s")


def summarise(
    results: Sequence[Sequence[Path]],
    tiny: Sequence[Path],
    table: Path,
    side: Path,
    late_s: float,
) -> None:
    """Write the summary table and its side file."""
    write_tsv(side, ("job", "said"), [(path.stem, path.read_text().strip()) for path in tiny])
    write_tsv(table, HEADER, [row_of(*files) for files in results])
    say(f"summary: {len(results)} sample(s), {len(tiny)} tiny job(s)")
    if late_s:
        appear_late(table, late_s)


job = snakemake  # noqa: F821 - Snakemake puts this object into a script
sys.stderr = Path(job.log[0]).open("w")  # noqa: SIM115 - open until the script ends
columns = (job.input.quality, job.input.trim, job.input.kmers, job.input.screen)
summarise(
    [[Path(file) for file in files] for files in zip(*columns, strict=True)],
    [Path(path) for path in job.input.tiny],
    Path(job.output.table),
    Path(job.output.side),
    job.params.late_s,
)
