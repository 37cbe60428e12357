"""Pairs of real runs to compare: a small workflow, a change to it, and the comparison's answer.

Each run has its own folder, like two checkouts. The evidence of every answer is checked: each
reference must lead to a journal line that shows what is cited.
"""

import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journal_files import fields_of
from lab import Lab

SUMS = ("--logger", "observe", "--logger-observe-outputs", "checksums", "--executor", "timed")
PLAIN = ("--logger", "observe", "--executor", "timed")
LOCAL = ("--cores", "2")

WORKFLOW = textwrap.dedent("""\
    SAMPLES = sorted(glob_wildcards("data/{sample}.txt").sample)

    rule all:
        input: "published/report.txt", "published/index.txt"

    rule prepare:
        input: "data/{sample}.txt"
        output: "prepared/{sample}.txt"
        log: "logs/prepare/{sample}.log"
        benchmark: "benchmarks/prepare/{sample}.tsv"
        shell: "sort {input} > {output} 2> {log}"

    rule work:
        input: sample="prepared/{sample}.txt", reference="reference.txt"
        output: "work/{sample}.txt"
        log: "logs/work/{sample}.log"
        benchmark: "benchmarks/work/{sample}.tsv"
        params: least=1
        threads: 1
        resources: mem_mb=100
        shell: "sleep ${{NAP:-0}}; cat {input.sample} reference.txt | awk 'NR >= {params.least}' > {output} 2> {log}"

    rule gather:
        input: expand("work/{sample}.txt", sample=SAMPLES)
        output: "published/report.txt"
        shell: "cat {input} > {output}"

    rule index:
        priority: 1  # some read it without saying so: it has to be there by then
        input: "reference.txt"
        output: "published/index.txt"
        shell: "wc -l < {input} > {output}"
""")
FILES = {
    "data/a.txt": "3\n1\n2\n",
    "data/b.txt": "6\n4\n5\n",
    "data/c.txt": "9\n7\n8\n",
    "reference.txt": "one\ntwo\n",
}
# What every change of the Snakefile's text shows, in addition to its effect.
TEXT = "neutral setting_changed"


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """Return *text* with each replacement made, wherever it fits; it must fit somewhere."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


@dataclass
class Bench:
    """Runs, each in its own folder, and comparisons of their journals."""

    root: Path
    made: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)

    def folder(self, snakefile: str = WORKFLOW, files: Mapping[str, str] = FILES) -> Lab:
        """Return a fresh folder with a workflow in it."""
        self.made += 1
        folder = self.root / f"run{self.made}"
        folder.mkdir(parents=True)
        lab = Lab(folder)
        lab.share_digest_key()
        (folder / "Snakefile").write_text(snakefile)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return lab

    def run(
        self,
        snakefile: str = WORKFLOW,
        *flags: str,
        files: Mapping[str, str] = FILES,
        observed: tuple[str, ...] = SUMS,
        where: tuple[str, ...] | Callable[[Lab], tuple[str, ...]] = LOCAL,
        check: bool = True,
        **environment: str,
    ) -> Path:
        """Run a workflow in a fresh folder, and return its journal."""
        lab = self.folder(snakefile, files)
        limits = where(lab) if callable(where) else where
        return lab.new_run(*observed, *limits, *flags, check=check, **environment)

    def compare(self, before: Path, after: Path) -> dict[str, Any]:
        """Return the answer, after checking its evidence."""
        return compare(self.root, before, after)


def compare(root: Path, *sides: Path) -> dict[str, Any]:
    """Return the answer of ``compare`` about journals, run in *root*."""
    done = Lab(root).observe("compare", *map(str, sides), "--format", "json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    look_up(answer)
    return answer


def findings_of(answer: dict[str, Any]) -> list[str]:
    """Return the kind and id of each finding, sorted."""
    return sorted(f"{finding['kind']} {finding['id']}" for finding in answer["findings"])


def verdict(answer: dict[str, Any]) -> str:
    """Return the verdict without its speed: how long two short runs take is random."""
    shown: str = answer["verdict"]
    word = answer["speed"]["verdict"]
    if word in (None, "cannot tell"):
        work = shown.partition("; ")[0]
        return _WITHOUT_SPEED.get(work, work)
    rest = shown.removeprefix(word)
    return rest.removeprefix(", though it ").removeprefix(" because it ").removeprefix(", ")


# What a verdict says of the work where it can tell nothing of the speed.
_WITHOUT_SPEED = {
    "less work": "did less",
    "more work": "did more",
    "different work": "but different work",
    "not the same work": "but not the same work",
}


# -- evidence ------------------------------------------------------------------------------------


def look_up(answer: dict[str, Any]) -> None:
    """Check that each claim has evidence, and that each reference leads to what it cites."""
    paths = answer["journals"]
    journals = {side: Path(path).read_bytes().split(b"\n") for side, path in paths.items()}
    work = answer["work"]
    for finding in answer["findings"]:
        assert finding["evidence"], finding
        for evidence in finding["evidence"]:
            _holds(_line(journals, evidence["ref"]), evidence["quote"], finding["claim"])
    for change in work["changes"]:
        assert change["evidence"], change
        for evidence in change["evidence"]:
            subject = f"{change['subject']} {change['what']} {change['after'] or ''}"
            _holds(_line(journals, evidence["ref"]), evidence["quote"], subject)
    for job in (*work["jobs_added"], *work["jobs_gone"]):
        (evidence,) = job["evidence"]
        event = _line(journals, evidence["ref"])
        assert (event["job_id"], event["rule"]) == (job["job_id"], job["rule"])
        assert event["wildcards"] == job["wildcards"]


def _line(journals: Mapping[str, list[bytes]], ref: str) -> dict[str, Any]:
    side, _, number = ref.partition(":")
    return fields_of(journals[side][int(number) - 1])


def _holds(event: dict[str, Any], quote: str, claim: str) -> None:
    """Check that an event shows what is quoted from it, and is about what is claimed."""
    what, _, shown = quote.partition(": ")
    match event["event"]:
        case "job":
            values = event["wildcards"].keys() if quote == _name(event) else ()
            about = any(word in claim for word in (event["rule"], what, *values))
            assert about, (event["rule"], claim)
            assert (
                _shows(event, what, shown) or _is_command(event, quote) or quote == _name(event)
            ), (
                quote,
                event,
            )
        case "run_started":
            is_command = quote.startswith(event["command"][0])
            assert is_command or _is_start(event, what, shown), quote
            about = claim.startswith(("run ", "cannot tell ")) or what in claim
            assert about or is_command, (what, claim)
        case "provenance":
            assert claim.startswith("run ") or what.removeprefix("file ") in claim
            known = event["sources"].get(what.removeprefix("file "))
            digits = "None" if known is None else known.rpartition(":")[2]
            assert digits.startswith(shown), (quote, event)
        case "outputs":
            sums = {
                file["path"]: file["sha256"] or f"{file['bytes']} bytes" for file in event["files"]
            }
            assert sums[what] == shown
            assert what in claim
        case "attempt_finished":
            said_of_it = " ".join((event["message"] or event["status"]).split())
            assert said_of_it.startswith(quote.removesuffix("…"))
        case other:
            raise AssertionError(f"nothing is shown by {other}: {quote}")


def _is_command(event: dict[str, Any], quote: str) -> bool:
    command = " ".join((event.get("shellcmd") or "").split())
    return bool(command) and command.startswith(quote.removesuffix("…"))


def _name(event: dict[str, Any]) -> str:
    values = ", ".join(f"{key}={value}" for key, value in event.get("wildcards", {}).items())
    return f"{event['rule']} {values}".strip()


def _shows(event: dict[str, Any], what: str, shown: str) -> bool:
    """Whether a job's event contains the fact *what* as it is *shown*."""
    kind = what.split(" ", maxsplit=1)[0]
    names = {"rule's": "rule", "resource": "resources"}
    value = event.get(names.get(kind, kind))
    match kind:
        case "input" | "output" | "log" | "benchmark" | "ancient":
            there = [value] if isinstance(value, str) else (value or [])
            if shown in ("None", "none of these", ""):
                return True  # of those that the other side has
            return shown.split(", ", 1)[0] in there
        case "ensured":
            held = [f"{path} ({promise})" for path, promise in (value or {}).items()]
            return shown == "none of these" or shown in held
        case "temp":
            return shown == ", ".join(value or ["none"])
        case "code" | "params" | "environment":
            digest = event.get(f"{kind}_digest")
            return shown == "None" if digest is None else shown in digest
        case "resource":
            value = (value or {}).get(what.removeprefix("resource "))
        case "group" | "local" | "checkpoint":
            return shown in ("yes", "no", "None")
        case _:
            sizes = event.get("input_sizes", {})
            if what in sizes:
                return str(sizes[what]) == shown
            if kind not in (
                "threads",
                "priority",
                "script",
                "retries",
                "resource",
                "rule's",
                "command",
            ):
                return False
    return str(value) == shown or shown in json.dumps(value)


def _is_start(event: dict[str, Any], what: str, shown: str) -> bool:
    """Whether the run's first event contains the fact *what* as it is *shown*."""
    if what.startswith("config"):
        keys = event.get("config_keys", {})
        known = keys.get(what.removeprefix("config ")) or event.get("config_digest")
        return shown == "None" or shown in str(known)
    fields = {
        "Snakefile": "snakefile",
        "profile": "profiles",
        "Snakemake": "snakemake_version",
        "Python": "python_version",
        "kind of run": "kind",
        "executor": "wraps" if event.get("wraps") else "executor",
    }
    name = fields.get(what, what)
    settings = event.get("settings", {})
    if name not in event and name not in settings:
        return shown == "None"
    value = settings[name] if name in settings else event[name]
    if shown == "None":
        return value in (None, [], {}, "")
    if isinstance(value, bool):
        return shown == ("yes" if value else "no")
    if isinstance(value, list):
        return shown == ", ".join(map(str, value))
    if isinstance(value, dict):
        return all(f"{key}=" in shown or f"{key}: " in shown for key in value)
    return shown == str(value)
