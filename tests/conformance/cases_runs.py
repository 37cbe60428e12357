"""What the command line can request: kinds of run, limits, choices, reruns."""

from collections.abc import Callable

from cases import CLUSTER, LOCAL, Call, Case, all_succeeded, reason, statuses
from lab import attempts_of

from snakemake_logger_plugin_observe.run.model import Run

ONE = "rule all:\n    output: 'out.txt'\n    shell: 'echo hello > {output}'\n"
CHAIN = """
    rule all:
        input: "b.txt"
        output: touch("all.done")
    rule a:
        input: "in.txt"
        output: "a.txt"
        shell: "cp {input} {output}"
    rule b:
        input: "a.txt"
        output: "b.txt"
        shell: "cp {input} {output}"
"""
IN = {"in.txt": "hello\n"}
HERE = (LOCAL,)


def ran(*rules: str) -> Callable[..., None]:
    """Return a check of the last run: these rules ran, once each, and nothing else."""

    def check(*runs: Run) -> None:
        all_succeeded(runs[-1])
        assert statuses(runs[-1]) == {rule: ["success"] for rule in sorted(rules)}

    return check


def ran_because(rule: str, *words: str) -> Callable[..., None]:
    """Return a check of the last run: *rule* ran, and its reason contains *words*."""

    def check(*runs: Run) -> None:
        assert runs[-1].status() == "success"
        for word in words:
            assert word in reason(runs[-1], rule)

    return check


def with_setting(**expected: object) -> Callable[[Run], None]:
    """Return a check that job ``all`` had these values."""

    def check(run: Run) -> None:
        all_succeeded(run)
        (job,) = (job for job in run.jobs.values() if job.rule == "all")
        known = {**job.resources, "threads": job.threads, "priority": job.priority}
        assert {name: known[name] for name in expected} == expected

    return check


def a_plan(run: Run) -> None:
    assert run.started is not None
    assert (run.started.kind, run.status()) == ("dry_run", "dry_run")
    assert sorted(job.rule for job in run.jobs.values()) == ["a", "all", "b"]
    assert run.attempts == {}


def an_empty_plan(first: Run, second: Run) -> None:
    assert second.started is not None
    assert second.started.kind == "dry_run"
    assert (second.jobs, second.attempts) == ({}, {})


def touched(first: Run, second: Run) -> None:
    assert second.started is not None
    assert second.started.kind == "touch"
    assert second.status() == "success"
    assert {status for all_ in statuses(second).values() for status in all_} == {"success"}


def nothing_to_do(first: Run, second: Run) -> None:
    assert first.status() == "success"
    assert second.status() == "nothing_to_do"
    assert second.attempts == {}


def submitted_and_left(run: Run) -> None:
    """Snakemake does not wait for the jobs, so no end is recorded; local rules cannot run."""
    assert run.status() == "success"
    assert statuses(run) == {"a": ["submitted"], "b": ["submitted"]}
    assert {attempt.external_jobid for attempt in run.attempts.values()} == {"1"}


IN_FOREGROUND = """#!/bin/sh
sh "$1" >> "$(dirname "$0")/node.out" 2>&1 < /dev/null
echo 1
"""


def batched(run: Run) -> None:
    all_succeeded(run)
    made = {run.jobs[a.job_id or 0].wildcards["i"] for a in attempts_of(run, "one")}
    assert made == {"0", "1"}
    assert "all" not in statuses(run)


QUIETS = (
    ("rules",),
    ("progress",),
    ("host",),
    ("reason",),
    ("all",),
    ("rules", "progress", "host"),
)


def each_run_is_complete(*runs: Run) -> None:
    for run in runs:
        all_succeeded(run)
        assert statuses(run) == {"all": ["success"]}


def in_another_folder(run: Run) -> None:
    all_succeeded(run)
    assert run.started is not None
    assert run.started.workdir.endswith("/work/elsewhere")


def empty(run: Run) -> None:
    assert (run.status(), run.attempts) == ("nothing_to_do", {})
    assert run.started is not None
    assert run.started.targets == ()


LIMITED = """
    rule all:
        input: expand("{i}.txt", i=range(2))
        output: touch("all.done")
    rule one:
        output: "{i}.txt"
        resources: licence=1
        shell: "touch {output}"
"""


def two_and_all(run: Run) -> None:
    all_succeeded(run)
    assert statuses(run) == {"all": ["success"], "one": ["success"] * 2}


MANY = """
    rule all:
        input: expand("{i}.txt", i=range(4))
        output: touch("all.done")
    rule one:
        output: "{i}.txt"
        shell: "touch {output}"
"""
TEMP = """
    rule all:
        input: "t.txt"
        output: "out.txt"
        shell: "cp {input} {output}"
    rule t:
        output: temp("t.txt")
        shell: "echo short > {output}"
"""
PARAMS = """
    rule all:
        output: "out.txt"
        params: word=config.get("word", "one")
        shell: "echo {params.word} > {output}"
"""


CASES = [
    Case("dry-run", "runs: --dry-run", CHAIN, IN, calls=(Call(("--dry-run",)),), check=a_plan),
    Case(
        "dry-run-of-nothing",
        "runs: --dry-run of nothing",
        CHAIN,
        IN,
        calls=(Call(), Call(("--dry-run",), says="Nothing to be done")),
        check=an_empty_plan,
        executors=HERE,
        sample="",
    ),
    Case(
        "touch",
        "runs: --touch",
        CHAIN,
        IN,
        calls=(Call(), Call(("--touch", "--forceall"))),
        check=touched,
    ),
    Case(
        "nothing-to-do",
        "runs: nothing to do",
        CHAIN,
        IN,
        calls=(Call(), Call(says="Nothing to be done")),
        check=nothing_to_do,
        executors=HERE,
    ),
    Case("no-rules", "runs: a Snakefile without rules", "x = 1\n", executors=HERE, check=empty),
    Case(
        "quiet",
        f"runs: --quiet, and with {', '.join(map(' '.join, QUIETS))}",
        ONE,
        calls=tuple(Call(("--forceall", "--quiet", *words)) for words in ((), *QUIETS)),
        check=each_run_is_complete,
        executors=HERE,
    ),
    Case(
        "quiet-on-cluster",
        "runs: --quiet on a cluster",
        ONE,
        calls=(Call(("--quiet", "all")),),
        check=ran("all"),
        executors=(CLUSTER,),
        sample=CLUSTER,
    ),
    Case(
        "verbose",
        "runs: --verbose",
        ONE,
        calls=(Call(("--verbose",)),),
        check=ran("all"),
        executors=HERE,
    ),
    Case(
        "printshellcmds",
        "runs: --printshellcmds",
        CHAIN,
        IN,
        calls=(Call(("--printshellcmds",), says="cp in.txt a.txt"),),
        check=ran("a", "b", "all"),
    ),
    Case(
        "immediate-submit",
        "runs: --immediate-submit",
        CHAIN,
        IN,
        calls=(Call(("--immediate-submit", "--notemp")),),
        executors=(CLUSTER,),
        sample=CLUSTER,
        submit=IN_FOREGROUND,
        # Whether the status thread sees the last job before it is stopped depends on the moment.
        passing=".snakemake/tmp-name",
        check=submitted_and_left,
    ),
    Case(
        "batch",
        "runs: --batch",
        MANY,
        calls=(Call(("--batch", "all=1/2")),),
        check=batched,
        executors=HERE,
        unordered=True,
    ),
    Case("until", "runs: --until", CHAIN, IN, calls=(Call(("--until", "a")),), check=ran("a")),
    Case(
        "omit-from",
        "runs: --omit-from",
        CHAIN,
        IN,
        calls=(Call(("--omit-from", "b")),),
        check=ran("a"),
        executors=HERE,
        sample="",
    ),
    Case(
        "target",
        "runs: a file as target",
        CHAIN,
        IN,
        calls=(Call(("a.txt",)),),
        check=ran("a"),
        executors=HERE,
    ),
    Case(
        "target-rule",
        "runs: a rule as target",
        CHAIN,
        IN,
        calls=(Call(("b",)),),
        check=ran("a", "b"),
        executors=HERE,
        sample="",
    ),
    Case(
        "force",
        "runs: --force",
        CHAIN,
        IN,
        calls=(Call(), Call(("--force", "b"))),
        check=ran_because("b", "Forced execution"),
        executors=HERE,
    ),
    Case(
        "forceall",
        "runs: --forceall",
        CHAIN,
        IN,
        calls=(Call(), Call(("--forceall",))),
        check=ran("a", "b", "all"),
        sample="",
    ),
    Case(
        "forcerun",
        "runs: --forcerun",
        CHAIN,
        IN,
        calls=(Call(), Call(("--forcerun", "a"))),
        check=ran_because("b", "Input files updated by another job: a.txt"),
        executors=HERE,
    ),
    Case(
        "forcerun-short",
        "runs: -R",
        CHAIN,
        IN,
        calls=(Call(), Call(("-R", "b"))),
        check=ran("b", "all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "allowed-rules",
        "runs: --allowed-rules",
        CHAIN,
        IN,
        calls=(Call(("--allowed-rules", "a", "--", "a.txt")),),
        check=ran("a"),
        executors=HERE,
    ),
    Case(
        "prioritize",
        "runs: --prioritize",
        MANY,
        calls=(Call(("--prioritize", "3.txt")),),
        executors=HERE,
        unordered=True,
        sample="",
    ),
    Case(
        "directory",
        "runs: --directory",
        ONE,
        common=("--directory", "elsewhere"),
        check=in_another_folder,
    ),
    Case("workdir", "runs: workdir:", "workdir: 'elsewhere'\n" + ONE, check=in_another_folder),
    Case(
        "snakefile",
        "runs: --snakefile",
        "",
        {"flow/other.smk": ONE},
        common=("--snakefile", "flow/other.smk"),
        check=ran("all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "profile",
        "runs: --profile",
        PARAMS,
        {"site/config.yaml": "printshellcmds: true\nconfig: [word=three]\nset-threads: [all=1]\n"},
        common=("--profile", "site"),
        check=ran("all"),
        calls=(Call(says="echo three > out.txt"),),
    ),
    Case(
        "workflow-profile",
        "runs: a workflow's own profile",
        PARAMS,
        {"profiles/default/config.yaml": "printshellcmds: true\n"},
        check=ran("all"),
        calls=(Call(says="echo one > out.txt"),),
        executors=HERE,
        sample="",
    ),
    Case(
        "config",
        "runs: --config",
        PARAMS,
        calls=(Call(), Call(("--config", "word=two"))),
        check=ran_because("all", "Params have changed"),
        executors=HERE,
        sample="",
    ),
    Case(
        "configfile",
        "runs: --configfile",
        PARAMS,
        {"other.yaml": "word: file\n"},
        common=("--configfile", "other.yaml"),
        check=ran("all"),
    ),
    Case(
        "set-threads",
        "runs: --set-threads",
        ONE,
        calls=(Call(("--set-threads", "all=1")),),
        check=with_setting(threads=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "set-resources",
        "runs: --set-resources",
        ONE,
        calls=(Call(("--set-resources", "all:mem_mb=77")),),
        check=with_setting(mem_mb=77),
    ),
    Case(
        "default-resources",
        "runs: --default-resources",
        ONE,
        calls=(Call(("--default-resources", "mem_mb=88", "licence=1")),),
        check=with_setting(mem_mb=88, licence=1),
    ),
    Case(
        "resources",
        "runs: --resources",
        LIMITED,
        calls=(Call(("--resources", "licence=1")),),
        unordered=True,
        check=two_and_all,
        executors=HERE,
        sample="",
    ),
    Case(
        "max-threads",
        "runs: --max-threads",
        ONE.replace("    shell", "    threads: 8\n    shell"),
        calls=(Call(("--max-threads", "1")),),
        check=with_setting(threads=1),
        executors=HERE,
        sample="",
    ),
    Case(
        "scheduler-greedy",
        "runs: --scheduler greedy",
        CHAIN,
        IN,
        calls=(Call(("--scheduler", "greedy")),),
        check=ran("a", "b", "all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "max-jobs-per-timespan",
        "runs: --max-jobs-per-timespan",
        CHAIN,
        IN,
        calls=(Call(("--max-jobs-per-timespan", "100/1s")),),
        check=ran("a", "b", "all"),
        executors=HERE,
    ),
    Case(
        "notemp",
        "runs: --notemp",
        TEMP,
        calls=(Call(("--notemp",)),),
        check=ran("t", "all"),
        executors=HERE,
    ),
    Case(
        "all-temp",
        "runs: --all-temp",
        CHAIN,
        IN,
        calls=(Call(("--all-temp",)),),
        check=ran("a", "b", "all"),
        executors=HERE,
    ),
    Case(
        "nolock",
        "runs: --nolock",
        ONE,
        calls=(Call(("--nolock",)),),
        check=ran("all"),
        executors=HERE,
    ),
    Case(
        "drop-metadata",
        "runs: --drop-metadata",
        ONE,
        calls=(Call(("--drop-metadata",)),),
        check=ran("all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "nocolor",
        "runs: --nocolor",
        ONE,
        calls=(Call(("--nocolor",)),),
        check=ran("all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "debug-dag",
        "runs: --debug-dag",
        CHAIN,
        IN,
        calls=(Call(("--debug-dag",)),),
        check=ran("a", "b", "all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "force-threads",
        "runs: --force-use-threads",
        ONE,
        calls=(Call(("--force-use-threads",)),),
        check=ran("all"),
        executors=HERE,
        sample="",
    ),
    Case(
        "jobname",
        "runs: --cluster-generic with --jobname and --jobscript",
        ONE,
        {"job.sh": "#!/bin/sh\n# properties = {properties}\n{exec_job}\n"},
        calls=(Call(("--jobname", "my.{name}.{jobid}.sh", "--jobscript", "@HERE@/work/job.sh")),),
        check=ran("all"),
        executors=(CLUSTER,),
        sample=CLUSTER,
    ),
]
