"""Reruns and their reasons, and calls that are not runs."""

from cases import Call, Case
from cases_runs import CHAIN, HERE, IN, PARAMS, nothing_to_do, ran_because


def utilities(name: str, *calls: tuple[str, ...]) -> Case:
    """Return a case with one run and then calls that are not runs, which leave no journals."""
    return Case(
        name,
        f"utilities: {', '.join(flags[0] for flags in calls)}",
        CHAIN,
        IN,
        calls=(Call(), *(Call(flags, journal=False) for flags in calls)),
        executors=HERE,
    )


CASES = [
    Case(
        "rerun-code",
        "reruns: code changed",
        PARAMS,
        calls=(Call(), Call(before="sed -i s/echo/printf/ Snakefile")),
        check=ran_because("all", "Code has changed"),
    ),
    Case(
        "rerun-params",
        "reruns: params changed",
        PARAMS,
        calls=(Call(), Call(before="sed -i s/one/two/ Snakefile")),
        check=ran_because("all", "Params have changed"),
        executors=HERE,
        sample="",
    ),
    Case(
        "rerun-input",
        "reruns: an input's content changed",
        CHAIN,
        IN,
        calls=(Call(), Call(before="sleep 0.1; echo other > in.txt")),
        check=ran_because("a", "Updated input files: in.txt"),
    ),
    Case(
        "rerun-input-set",
        "reruns: set of inputs changed",
        CHAIN,
        {**IN, "more.txt": ""},
        calls=(
            Call(),
            Call(
                before='touch -d 2000-01-01 more.txt; sed -i \'s/input: "in.txt"/input: "in.txt", "more.txt"/; s/cp {input} {output}/cat {input} > {output}/\' Snakefile'
            ),
        ),
        check=ran_because("a", "Set of input files has changed"),
        executors=HERE,
        sample="",
    ),
    Case(
        "rerun-triggers",
        "reruns: --rerun-triggers mtime",
        PARAMS,
        calls=(
            Call(),
            Call(
                ("--rerun-triggers", "mtime"),
                before="sed -i s/one/two/ Snakefile",
                says="Nothing to be done",
            ),
        ),
        next_flags=("--rerun-triggers", "mtime"),
        check=nothing_to_do,
        executors=HERE,
    ),
    Case(
        "rerun-missing",
        "reruns: an output was removed",
        CHAIN,
        IN,
        calls=(Call(), Call(before="rm b.txt all.done")),
        check=ran_because("b", "Missing output files: b.txt"),
        executors=HERE,
        sample="",
    ),
    Case(
        "consider-ancient",
        "reruns: --consider-ancient",
        CHAIN,
        IN,
        calls=(
            Call(),
            Call(
                ("--consider-ancient", "a=0"),
                before="sleep 0.1; echo other > in.txt",
                says="Nothing to be done",
            ),
        ),
        check=nothing_to_do,
        executors=HERE,
        since="9.22",
    ),
    utilities(
        "utilities-looking",
        ("--summary",),
        ("--detailed-summary",),
        ("--list-rules",),
        ("--list-target-rules",),
        ("--dag",),
        ("--rulegraph",),
        ("--filegraph",),
        ("--list-input-changes",),
        ("--list-untracked",),
        ("--print-compilation",),
    ),
    utilities(
        "utilities-doing",
        ("--unlock",),
        ("--report", "report.zip"),
        ("--cleanup-metadata", "b.txt"),
        ("--cleanup-shadow",),
        ("--generate-unit-tests", "units"),
        ("--delete-all-output",),
    ),
    Case(
        "lint",
        "utilities: --lint",
        CHAIN,
        IN,
        calls=(Call(("--lint",), code=1, journal=False),),
        executors=HERE,
        sample="",
    ),
    Case(
        "containerize",
        "utilities: --containerize",
        CHAIN,
        IN,
        calls=(Call(("--containerize",), journal=False),),
        executors=HERE,
        sample="",
    ),
]
