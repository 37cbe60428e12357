"""Kinds of jobs."""

from cases import CLUSTER, LOCAL, Call, Case, all_succeeded, statuses, text, the_attempt

from snakemake_logger_plugin_observe.run import Run

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


def chain_is_told(run: Run) -> None:
    all_succeeded(run)
    assert statuses(run) == {"a": ["success"], "all": ["success"], "b": ["success"], "c": ["success"]}
    (b,) = (job for job in run.jobs.values() if job.rule == "b")
    assert b.wildcards == {"name": "one"}
    assert [run.jobs[d].rule for d in b.dependencies or ()] == ["a"]


CASES = [
    Case("chain", "jobs: shell, with threads, resources, params, log, benchmark, priority, message", CHAIN, check=chain_is_told, sample=CLUSTER),
]
