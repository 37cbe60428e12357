"""Two real runs compared: safe changes are recognised as safe, and unsafe ones are found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lab import Lab
from pairs import FILES, PLAIN, SUMS, TEXT, WORKFLOW, Bench, changed, findings_of, verdict

SAME = "the same work (outputs' checksums equal)"
PLANNED = "the same plan (contents unchecked)"
NOT = "but not the same work"
LINE = "neutral setting_changed"


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def runs(bench: Bench) -> Callable[..., Path]:
    """Run a workflow, once for each way of running it."""
    known: dict[Any, Path] = {}

    def run(text: str, *flags: str, observed: tuple[str, ...] = SUMS, **files: str) -> Path:
        key = (text, flags, observed, tuple(files.items()))
        if key not in known:
            known[key] = bench.run(text, *flags, observed=observed, files={**FILES, **files})
        return known[key]

    return run


@dataclass
class Move:
    """A change of the workflow or of how it is run, and the expected answer."""

    name: str
    findings: tuple[str, ...]
    says: str = SAME
    same: bool | None = True
    checked: str = "contents"
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    flags_before: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    """Other contents of files for the candidate."""
    observed: tuple[str, ...] = SUMS


COPIED = (
    (
        "rule gather:",
        'rule copy:\n    input: "prepared/{sample}.txt"\n    output: "copied/{sample}.txt"\n    shell: "cp {input} {output}"\n\nrule gather:',
    ),
    ('sample="prepared/{sample}.txt"', 'sample="copied/{sample}.txt"'),
)
STAGED = (
    (
        "rule gather:",
        'rule stage:\n    input: "reference.txt"\n    output: "staged/reference.txt"\n    shell: "cp {input} {output}"\n\nrule gather:',
    ),
    ('reference="reference.txt"', 'reference="staged/reference.txt"'),
    ("cat {input.sample} reference.txt", "cat {input.sample} {input.reference}"),
)
READS_ITS_INPUT = (("cat {input.sample} reference.txt", "cat {input.sample} {input.reference}"),)

HONEST = [
    Move(
        "a step that only copied is cut",
        ("safe steps_cut", "neutral dependency_added", TEXT),
        before=COPIED,
    ),
    Move(
        "a reference is staged first",
        ("safe steps_added", "neutral dependency_added", TEXT),
        before=READS_ITS_INPUT,
        after=STAGED,
    ),
    Move(
        "outputs lie in another folder",
        ("safe outputs_moved", TEXT),
        after=(("work/{sample}.txt", "scratch/{sample}.txt"),),
    ),
    Move(
        "code that makes the same bytes",
        ("safe code_changed", TEXT),
        after=(("sort {input}", "sort -n {input}"),),
    ),
    Move(
        "threads that the tool does not read",
        ("safe threads_changed", TEXT),
        PLANNED,
        checked="plan",
        after=(("threads: 1", "threads: 2"),),
        observed=PLAIN,
    ),
    Move(
        "threads that the tool reads, and the same bytes",
        ("safe command_changed", "safe threads_changed", TEXT),
        before=(
            ("sort {input}", "sort --parallel {threads} {input}"),
            (
                '    benchmark: "benchmarks/prepare',
                '    threads: 1\n    benchmark: "benchmarks/prepare',
            ),
        ),
        after=(
            ("sort {input}", "sort --parallel {threads} {input}"),
            (
                '    benchmark: "benchmarks/prepare',
                '    threads: 2\n    benchmark: "benchmarks/prepare',
            ),
        ),
    ),
    Move(
        "memory and runtime as they are needed",
        ("safe resources_changed", "safe resources_changed", TEXT),
        PLANNED,
        checked="plan",
        after=(("mem_mb=100", "mem_mb=50, runtime=5"),),
        observed=PLAIN,
    ),
    Move(
        "a realistic profile",
        (
            "safe resources_changed",
            *("safe schedule_changed",) * 2,
            *("neutral setting_changed",) * 3,
        ),
        flags=("--workflow-profile", "tuned"),
        files={
            "tuned/config.yaml": "cores: 4\nlatency-wait: 9\nset-resources:\n  work:\n    mem_mb: 60\n"
        },
    ),
    Move(
        "another rule's name", ("neutral renamed", TEXT), after=(("rule prepare:", "rule sort:"),)
    ),
    Move(
        "a log under another name",
        (TEXT,),
        after=(("logs/work/", "logs/worked/"),),
    ),
    Move(
        "an output more",
        ("safe code_changed", "neutral output_added", TEXT),
        after=(
            ('output: "published/report.txt"', 'output: "published/report.txt", "published/n.txt"'),
            (
                '"cat {input} > {output}"',
                '"cat {input} > {output[0]}; wc -l < {output[0]} > {output[1]}"',
            ),
        ),
    ),
]

NEEDS_INDEX = (
    ('reference="reference.txt"', 'reference="reference.txt", index="published/index.txt"'),
)
READS_INDEX = (
    ("cat {input.sample} reference.txt", "cat published/index.txt {input.sample} reference.txt"),
)
SETUP = (
    (
        "rule gather:",
        'rule setup:\n    output: touch("setup.done")\n    shell: "true"\n\nrule gather:',
    ),
)

DISHONEST = [
    Move(
        "a source file that the rule still reads",
        ("unsafe dependency_dropped", TEXT),
        NOT,
        False,
        after=((', reference="reference.txt"', ""),),
    ),
    Move(
        "another rule's product that the rule still reads",
        ("unsafe dependency_dropped", TEXT),
        NOT,
        False,
        before=(*NEEDS_INDEX, *READS_INDEX),
        after=(
            *READS_INDEX,
            (
                "rule gather:\n    input: ",
                'rule gather:\n    input: index="published/index.txt", work=',
            ),
            ('"cat {input} > {output}"', '"cat {input.work} > {output}"'),
        )[:1],
    ),
    Move(
        "a dependency for order alone",
        ("unsafe dependency_dropped", TEXT),
        NOT,
        False,
        before=(
            *SETUP,
            ('reference="reference.txt"', 'reference="reference.txt", done="setup.done"'),
            ('input: "published/report.txt"', 'input: "setup.done", "published/report.txt"'),
        ),
        after=(
            *SETUP,
            ('input: "published/report.txt"', 'input: "setup.done", "published/report.txt"'),
        ),
    ),
    Move(
        "a dependency on another file",
        (
            "unsafe code_changed",
            "unsafe contents_differ",
            "unsafe dependency_dropped",
            "neutral dependency_added",
            TEXT,
        ),
        NOT,
        False,
        after=(
            ('reference.txt"\n    output: "work', 'data/a.txt"\n    output: "work'),
            ("cat {input.sample} reference.txt", "cat {input.sample} data/a.txt"),
        ),
    ),
    Move(
        "logs",
        ("unsafe log_removed", "safe code_changed", TEXT),
        NOT,
        False,
        after=(
            ('    log: "logs/work/{sample}.log"\n', ""),
            ('> {output} 2> {log}"\n\nrule gather', '> {output}"\n\nrule gather'),
        ),
    ),
    Move(
        "benchmarks",
        ("unsafe benchmark_removed", TEXT),
        NOT,
        False,
        after=(('    benchmark: "benchmarks/work/{sample}.tsv"\n', ""),),
    ),
    Move(
        "an output that is made but no longer declared",
        ("unsafe output_removed", TEXT),
        NOT,
        False,
        checked="plan",
        before=(
            (
                'output: "published/index.txt"',
                'output: "published/index.txt", "published/index.gz"',
            ),
            (
                "wc -l < {input} > {output}",
                "wc -l < {input} > published/index.txt; gzip -nc < {input} > published/index.gz",
            ),
        ),
        after=(
            (
                "wc -l < {input} > {output}",
                "wc -l < {input} > published/index.txt; gzip -nc < {input} > published/index.gz",
            ),
        ),
    ),
    Move(
        "a published product",
        ("unsafe outputs_not_made", TEXT),
        "did less",
        False,
        checked="plan",
        after=((', "published/index.txt"', ""),),
    ),
    Move(
        "a step that only copied, unchecked",
        ("unsafe steps_cut", "neutral dependency_added", TEXT),
        "did less",
        False,
        checked="plan",
        before=COPIED,
        observed=PLAIN,
    ),
    Move(
        "code, unchecked",
        ("unsafe code_changed", TEXT),
        NOT,
        False,
        checked="plan",
        after=(("sort {input}", "sort -n {input}"),),
        observed=PLAIN,
    ),
    Move(
        "code that makes other bytes",
        ("unsafe code_changed", "unsafe contents_differ", TEXT),
        NOT,
        False,
        after=(("sort {input}", "sort -r {input}"),),
    ),
    Move(
        "params that make other bytes",
        ("unsafe params_changed", "unsafe contents_differ", TEXT),
        NOT,
        False,
        after=(("least=1", "least=2"),),
    ),
    Move(
        "threads that the tool reads, unchecked",
        ("unsafe command_changed", "unsafe threads_changed", TEXT),
        NOT,
        False,
        checked="plan",
        before=(
            ("sort {input}", "sort --parallel {threads} {input}"),
            (
                '    benchmark: "benchmarks/prepare',
                '    threads: 1\n    benchmark: "benchmarks/prepare',
            ),
        ),
        after=(
            ("sort {input}", "sort --parallel {threads} {input}"),
            (
                '    benchmark: "benchmarks/prepare',
                '    threads: 2\n    benchmark: "benchmarks/prepare',
            ),
        ),
        observed=PLAIN,
    ),
]


def pair(runs: Callable[..., Path], move: Move) -> tuple[Path, Path]:
    before = runs(changed(WORKFLOW, *move.before), *move.flags_before, observed=move.observed)
    after = runs(changed(WORKFLOW, *move.after), *move.flags, observed=move.observed, **move.files)
    return before, after


@pytest.mark.parametrize("move", [*HONEST, *DISHONEST], ids=lambda move: move.name)
def test_each_move_has_its_verdict_and_findings(
    move: Move, bench: Bench, runs: Callable[..., Path]
) -> None:
    answer = bench.compare(*pair(runs, move))
    print(Lab(bench.root).observe("compare", *answer["journals"].values()).stdout)
    assert findings_of(answer) == sorted(move.findings)
    assert (verdict(answer), answer["same_work"], answer["checked"]) == (
        move.says,
        move.same,
        move.checked,
    )
