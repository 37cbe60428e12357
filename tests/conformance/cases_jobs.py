"""Kinds of jobs, and where they run."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec

from cases import (
    CLUSTER,
    LOCAL,
    Call,
    Case,
    all_succeeded,
    on_a_cluster,
    statuses,
    text,
)
from lab import the_attempt

from snakemake_logger_plugin_observe.run.model import Run

CHAIN = """
    rule all:
        input: "c.txt"
    rule a:
        output: "a.txt"
        log: "logs/a.log"
        benchmark: "a.bench"
        threads: 2
        resources: mem_mb=100
        params: word="hello"
        message: "greeting as {output}"
        shell: "echo {params.word} {threads} {resources.mem_mb} > {output} 2> {log}"
    rule b:
        input: "a.txt"
        output: "b/{name}.txt"
        priority: 5
        shell: "cat {input} > {output}; echo {wildcards.name} >> {output}"
    rule c:
        input: expand("b/{name}.txt", name=["one"])
        output: "c.txt"
        shell: "cat {input} > {output}"
"""


def chain_is_recorded(run: Run) -> None:
    all_succeeded(run)
    assert statuses(run) == {
        "a": ["success"],
        "all": ["success"],
        "b": ["success"],
        "c": ["success"],
    }
    (b,) = (job for job in run.jobs.values() if job.rule == "b")
    assert b.wildcards == {"name": "one"}
    assert [run.jobs[d].rule for d in b.dependencies or ()] == ["a"]


def ran_once(*rules: str) -> Callable[[Run], None]:
    """Return a check that each of *rules* had one job, which succeeded, and nothing else ran."""

    def check(run: Run) -> None:
        all_succeeded(run)
        assert statuses(run) == {rule: ["success"] for rule in sorted(rules)}

    return check


SCRIPT = """
    rule all:
        input: "in.txt"
        output: "out.txt"
        params: times=2
        script: "scripts/{name}"
    rule made:
        output: "in.txt"
        priority: 1
        shell: "echo hello > {{output}}"
"""
PYTHON = """
import helper
helper.copy(snakemake.input[0], snakemake.output[0], snakemake.params.times)
print("from the script")
"""
HELPER = """
def copy(source, target, times):
    with open(target, "w") as out:
        out.write(open(source).read() * times)
"""
BASH = """
set -e
cat "${snakemake_input[0]}" > "${snakemake_output[0]}"
echo "${snakemake_params[times]}" >> "${snakemake_output[0]}"
"""
R = """
writeLines(readLines(snakemake@input[[1]]), snakemake@output[[1]])
"""


def needs_r() -> str | None:
    return None if shutil.which("Rscript") else "Rscript is not here"


def needs_notebooks() -> str | None:
    missing = [name for name in ("nbconvert", "ipykernel") if find_spec(name) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


NOTEBOOK = """
{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "one",
   "metadata": {},
   "outputs": [],
   "source": ["open(snakemake.output[0], 'w').write('from a notebook')"]
  }
 ],
 "metadata": {
  "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
  "language_info": {"name": "python"}
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
"""
WRAPPER = """
from snakemake.shell import shell
shell("echo {snakemake.params.word} > {snakemake.output[0]}")
"""
SHADOW = """
    rule all:
        input: "deep/in.txt"
        output: "deep/out.txt"
        shadow: "{kind}"
        shell: "cp {{input}} {{output}}; echo left > deep/left.txt; echo left > left.txt"
    rule made:
        output: "deep/in.txt"
        priority: 1
        shell: "echo hello > {{output}}"
"""
GROUPS = """
    rule all:
        input: "b/1.txt", "b/2.txt"
        output: touch("all.done")
    rule a:
        output: "a/{i}.txt"
        group: "pair"
        shell: "echo {wildcards.i} > {output}"
    rule b:
        input: "a/{i}.txt"
        output: "b/{i}.txt"
        group: "pair"
        shell: "cat {input} > {output}"
"""


def groups_are_recorded(submissions: int) -> Callable[[Run], None]:
    def check(run: Run) -> None:
        all_succeeded(run)
        assert statuses(run) == {"a": ["success"] * 2, "all": ["success"], "b": ["success"] * 2}
        whole = [attempt for attempt in run.attempts.values() if attempt.job_id is None]
        if on_a_cluster(run):
            assert len(whole) == submissions
            assert {len(run.members(one.group or "")) for one in whole} == {4 // submissions}
            assert all("compute" not in one.phases for one in whole)
        else:  # one machine knows no groups
            assert whole == []

    return check


PIPE = """
    rule all:
        input: "piped.txt"
        output: touch("all.done")
    rule produce:
        output: pipe("stream")
        shell: "echo hi > {output}"
    rule consume:
        input: "stream"
        output: "piped.txt"
        shell: "cat {input} > {output}"
"""
SERVICE = """
    rule all:
        input: "used.txt"
        output: touch("all.done")
    rule serve:
        output: service("socket")
        shell: "touch {output}; sleep 60"
    rule use:
        input: "socket"
        output: "used.txt"
        shell: "sleep 0.3; touch {output}"
"""


def local_rules_are_recorded(run: Run) -> None:
    all_succeeded(run)
    here, there = the_attempt(run, "here"), the_attempt(run, "there")
    assert here.external_jobid is None
    assert "queue_wait" not in here.phases
    assert (there.external_jobid is not None) == on_a_cluster(run)


CACHE = """
    rule all:
        output: "out.txt"
        cache: True
        shell: "echo hello > {output}"
"""


def a_hit_has_no_compute(miss: Run, hit: Run) -> None:
    assert statuses(miss) == {"all": ["success"]}
    assert "compute" in the_attempt(miss, "all").phases
    assert statuses(hit) == {"all": ["cached"]}
    assert "compute" not in the_attempt(hit, "all").phases
    assert hit.status() == "success"


def a_spawned_process_is_recorded(run: Run) -> None:
    all_succeeded(run)
    assert {"node_startup", "node_plan"} <= set(the_attempt(run, "all").phases)


def service_is_recorded(run: Run) -> None:
    assert run.status() == "success"
    assert statuses(run) == {"all": ["success"], "serve": ["success"], "use": ["success"]}
    assert {attempt.message for attempt in run.attempts.values()} == {None}


def three_and_all(run: Run) -> None:
    all_succeeded(run)
    assert statuses(run) == {"all": ["success"], "one": ["success"] * 3}


CASES = [
    Case(
        "chain",
        "jobs: shell, with threads, resources, params, log, benchmark, priority, message",
        CHAIN,
        check=chain_is_recorded,
        sample=CLUSTER,
    ),
    Case(
        "run",
        "jobs: run, in a process of its own",
        """
        rule all:
            output: "out.txt"
            run:
                print("inside")
                shell("echo one > {output}")
                open(output[0], "a").write("two")
        """,
        check=a_spawned_process_is_recorded,
    ),
    Case(
        "script-python",
        "jobs: script in Python, with a module next to it",
        SCRIPT.format(name="copy.py"),
        {"scripts/copy.py": text(PYTHON), "scripts/helper.py": text(HELPER)},
        check=ran_once("all", "made"),
    ),
    Case(
        "script-bash",
        "jobs: script in bash",
        SCRIPT.format(name="copy.sh"),
        {"scripts/copy.sh": text(BASH)},
        check=ran_once("all", "made"),
    ),
    Case(
        "script-r",
        "jobs: script in R",
        SCRIPT.format(name="copy.R"),
        {"scripts/copy.R": text(R)},
        needs=needs_r,
        check=ran_once("all", "made"),
    ),
    Case(
        "notebook",
        "jobs: notebook",
        """
        rule all:
            output: "out.txt"
            log: notebook="logs/run.ipynb"
            notebook: "note.ipynb"
        """,
        {"note.ipynb": text(NOTEBOOK)},
        needs=needs_notebooks,
        loose=("run.ipynb",),
        check=ran_once("all"),
    ),
    Case(
        "wrapper",
        "jobs: wrapper, from a folder",
        """
        rule all:
            output: "out.txt"
            params: word="wrapped"
            wrapper: "file://@HERE@/work/wrappers/say"
        """,
        {
            "wrappers/say/wrapper.py": text(WRAPPER),
            "wrappers/say/environment.yaml": "dependencies: []\n",
        },
        check=ran_once("all"),
    ),
    Case(
        "template",
        "jobs: template_engine",
        """
        rule all:
            output: "out.txt"
            params: word="filled"
            template_engine: "jinja2"
        """.replace("output:", 'input: "page.txt"\n            output:'),
        {"page.txt": "this is {{ params.word }}\n"},
        check=ran_once("all"),
    ),
    *(
        Case(
            f"shadow-{kind}",
            f"jobs: shadow, {kind}",
            SHADOW.format(kind=kind),
            check=ran_once("all", "made"),
            executors=(LOCAL, CLUSTER) if kind == "minimal" else (LOCAL,),
            sample="" if kind in ("shallow", "full") else LOCAL,
        )
        for kind in ("minimal", "shallow", "full", "copy-minimal")
    ),
    Case(
        "shadow-prefix",
        "jobs: shadow, with --shadow-prefix",
        SHADOW.format(kind="minimal"),
        common=("--shadow-prefix", "@HERE@/shadows"),
        executors=(LOCAL,),
        check=ran_once("all", "made"),
    ),
    Case(
        "group",
        "jobs: group",
        GROUPS,
        calls=(Call(says="a"),),
        unordered=True,
        sample=CLUSTER,
        check=groups_are_recorded(2),
    ),
    Case(
        "group-components",
        "jobs: groups, --groups and --group-components",
        GROUPS.replace('        group: "pair"\n', ""),
        calls=(Call(("--groups", "a=g", "b=g", "--group-components", "g=2")),),
        unordered=True,
        sample=CLUSTER,
        executors=(CLUSTER,),
        check=groups_are_recorded(1),
    ),
    Case(
        "pipe",
        "jobs: pipe",
        PIPE,
        cores="2",
        unordered=True,
        check=ran_once("all", "consume", "produce"),
    ),
    Case(
        "service",
        "jobs: service",
        SERVICE,
        common=("--latency-wait", "120"),  # what waits for its file begins at the same time
        cores="2",
        unordered=True,
        check=service_is_recorded,
    ),
    Case(
        "localrules",
        "jobs: localrules",
        """
        localrules: here
        rule there:
            input: "here.txt"
            output: "out.txt"
            shell: "cp {input} {output}"
        rule here:
            output: "here.txt"
            shell: "echo here > {output}"
        """,
        sample=CLUSTER,
        check=local_rules_are_recorded,
    ),
    Case(
        "localrule-directive",
        "jobs: localrule, as a directive",
        """
        rule there:
            input: "here.txt"
            output: "out.txt"
            shell: "cp {input} {output}"
        rule here:
            output: "here.txt"
            localrule: True
            shell: "echo here > {output}"
        """,
        executors=(CLUSTER,),
        sample="",
        check=local_rules_are_recorded,
    ),
    Case(
        "cache",
        "jobs: cache, a miss and a hit",
        CACHE,
        calls=(Call(("--cache", "all")), Call(("--cache", "all"), before="rm out.txt")),
        environment={"SNAKEMAKE_OUTPUT_CACHE": "@HERE@/home"},
        check=a_hit_has_no_compute,
    ),
    Case(
        "handover",
        "jobs: handover",
        """
        rule all:
            output: "out.txt"
            threads: 1
            handover: True
            shell: "echo mine > {output}"
        """,
        executors=(LOCAL,),  # on a cluster it wants a profile that gives it threads
        check=ran_once("all"),
        sample="",
    ),
    Case(
        "two-at-once",
        "jobs: several at once, --cores 2",
        """
        rule all:
            input: expand("{i}.txt", i=range(3))
            output: touch("all.done")
        rule one:
            output: "{i}.txt"
            shell: "echo {wildcards.i} > {output}"
        """,
        cores="2",
        unordered=True,
        executors=(LOCAL,),
        check=three_and_all,
    ),
]
