"""Runs that are merely short, on a cluster that takes its time: nothing in them is an incident."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from slurm_lab import SlurmLab

RUNS = 10


def test_ten_healthy_short_runs_give_no_finding(new_lab: Callable[[str], SlurmLab]) -> None:
    labs = [new_lab(f"short{number}") for number in range(RUNS)]
    for lab in labs:
        lab.snakefile("""
            rule work:
                output: "out.txt"
                log: "work.log"
                benchmark: "work.tsv"
                shell: "sleep 0.5; echo done > {output} 2> {log}"
        """)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(SlurmLab.slurm, labs))
    for lab in labs:
        answer = lab.triaged()
        assert lab.run().status() == "success"
        assert answer["findings"] == []
        assert answer["note"]["incident_class"] == "no incident found"
