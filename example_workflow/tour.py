"""Gather everything a reviewer needs about one run in one folder, with an index.

That is: what Snakemake would still run and the state it sees its files in, the account of
the run's time and failures, where its logs and benchmarks are, and whether the published
files match the manifest.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CHANGES = ("code", "input", "params")

# Seen in Snakemake 9.27.1: unchanged outputs of rules with parameters are listed, too.
NOTE = """
Some versions of Snakemake list unchanged outputs in changed-params.txt. The column `status`
in summary.txt shows which parameters have really changed.
"""


class TourError(Exception):
    """The tour cannot be made; its message says why, in one line."""


class Page(NamedTuple):
    """One file of the tour."""

    file: str
    shows: str
    text: str


def output_of(
    command: Sequence[str], good: Sequence[int] = (0,), errors: int = subprocess.PIPE
) -> str:
    """Return what a command prints; an exit code that is not in *good* ends the tour.

    Standard error is used only for the message of a failure, unless *errors* mixes it in.
    """
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, check=False
        )
    except OSError as error:
        raise TourError(f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode not in good:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it printed nothing"]
        raise TourError(f"{shlex.join(command)} ended with {done.returncode}: {said[-1]}")
    return done.stdout


def snakemake_pages(snakemake: str, run: Path, config: Sequence[str]) -> Iterator[Page]:
    """Yield what Snakemake reports about the run; no job is executed."""
    command = [snakemake, "--snakefile", str(HERE / "Snakefile"), "--directory", str(run)]
    settings = ["--config", *config] if config else []

    def report(*flags: str) -> str:
        return output_of([*command, *flags, *settings])

    yield Page("dry-run.txt", "What Snakemake would run now", report("--dry-run"))
    yield Page("summary.txt", "Each output, its rule, log and state", report("--summary"))
    for change in CHANGES:
        shows = f"Outputs whose {change} changed since they were made"
        yield Page(f"changed-{change}.txt", shows, report("--list-changes", change))


def account_pages(observe: str, run: Path) -> Iterator[Page]:
    """Yield the account of the newest real run, as text and as JSON."""
    if not any((run / ".snakemake" / "observe").glob("*.jsonl")):
        missing = f"No journal in {run}: this run was not observed.\n"
        yield Page("cost.txt", "Where the time went (no journal)", missing)
        return
    command = [observe, "cost", str(run)]
    yield Page("cost.txt", "Where the time went", output_of(command))
    yield Page("cost.json", "The same as JSON", output_of([*command, "--format", "json"]))


def last_line(path: Path) -> str:
    """Return a file's last line, escaped for a Markdown table."""
    lines = path.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "").replace("|", r"\|")


def records_page(run: Path) -> Page:
    """Return the list of logs and benchmarks with their sizes and last lines."""
    rows = [
        f"| {path.relative_to(run)} | {path.stat().st_size} | {last_line(path)} |\n"
        for folder in ("logs", "benchmarks")
        for path in sorted((run / folder).rglob("*"))
        if path.is_file()
    ]
    head = f"# Logs and benchmarks\n\nIn {run}\n\n| File | Bytes | Last line |\n|---|---:|---|\n"
    return Page("records.md", f"The {len(rows)} logs and benchmarks", head + "".join(rows))


def verification_page(run: Path) -> Page:
    """Return the check of the published files; problems are a result, not an error."""
    text = output_of(
        [sys.executable, str(HERE / "verify.py"), str(run)], (0, 1, 2), subprocess.STDOUT
    )
    verdict = text.strip().splitlines()[-1]
    return Page("verification.txt", f"The published files: {verdict}", text)


def write(out: Path, run: Path, pages: Sequence[Page]) -> None:
    """Write the pages and the index that links them."""
    rows = "".join(f"| [{page.file}]({page.file}) | {page.shows} |\n" for page in pages)
    index = (
        f"# Tour of {run.name}\n\nThe run is in {run}\n\n| Page | Shows |\n|---|---|\n{rows}{NOTE}"
    )
    out.mkdir(parents=True, exist_ok=True)
    for page in [*pages, Page("INDEX.md", "", index)]:
        (out / page.file).write_text(page.text)


def main() -> int:
    """Write the tour of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the run's working directory")
    parser.add_argument("--out", type=Path, required=True, help="folder to create")
    parser.add_argument("--snakemake", default="snakemake", help="the Snakemake to run")
    parser.add_argument("--observe", default="snakemake-observe", help="the reader to run")
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="the run's")
    parser.add_argument("--force", action="store_true", help="write into an existing folder")
    args = parser.parse_args()

    run = args.run.resolve()
    try:
        if not (run / ".snakemake").is_dir():
            raise TourError(f"{args.run} is not the working directory of a run")
        if args.out.exists() and not args.force:
            raise TourError(f"{args.out} exists; --force writes into it")
        pages = [
            *snakemake_pages(args.snakemake, run, args.config),
            *account_pages(args.observe, run),
            records_page(run),
            verification_page(run),
        ]
        write(args.out, run, pages)
    except (TourError, OSError) as error:
        print(f"tour: {error}", file=sys.stderr)
        return 2
    print(args.out / "INDEX.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
