"""What jobs of this machine used is what ``time`` reports of the same execution of their tools."""

import shutil
import sys

import pytest
from lab import BOTH, Lab, the_attempt

# Runs a command as /usr/bin/time does; writes the CPU seconds, its own, too, and the peak in KiB.
_TIME = """
import os, resource, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + own.ru_utime, used.ru_stime + own.ru_stime, used.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
"""
_TOOL = """
import sys, time
begun = time.process_time()
held = bytearray(int(sys.argv[1]) * 2**20)
while time.process_time() < begun + float(sys.argv[2]):
    pass
"""
_RULES = """
    import sys
    TIME = {time!r}

    rule all:
        input: "pipe", "parallel", "script"

    rule pipe:
        output: "pipe"
        shell: "{{TIME}} pipe.time /bin/bash -c 'set -e; {{sys.executable}} tool.py 300 0.4 | {{sys.executable}} tool.py 200 0.3'; touch {{output}}"

    rule parallel:
        output: "parallel"
        shell: "{{TIME}} parallel.time /bin/bash -c 'for n in 1 2 3; do {{sys.executable}} tool.py 250 0.3 & done; wait'; touch {{output}}"

    rule script:
        output: "script"
        script: "script.py"
"""
_SCRIPT = """
import resource, subprocess, sys
subprocess.run([sys.executable, "tool.py", "350", "0.5"], check=True)
held = bytearray(220 * 2**20)
open(snakemake.output[0], "w").close()
kinds = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
peak = max(used.ru_maxrss for used in kinds)
with open("script.time", "w") as file:
    print(sum(u.ru_utime for u in kinds), sum(u.ru_stime for u in kinds), peak, file=file)
"""


@pytest.mark.parametrize("gnu", [False, True])
def test_jobs_that_run_at_once_used_what_time_says(lab: Lab, gnu: bool) -> None:
    program = shutil.which("time")
    if gnu and program is None:
        pytest.skip("no GNU time on this machine")
    time = f"{program} -f '%U %S %M' -o" if gnu else f"{sys.executable} time.py"
    for name, text in (("time.py", _TIME), ("tool.py", _TOOL), ("script.py", _SCRIPT)):
        (lab.folder / name).write_text(text)
    lab.snakefile(_RULES.format(time=time))
    lab.snakemake("--cores", "3", *BOTH)
    run = lab.run()
    for rule in ("pipe", "parallel", "script"):
        words = (lab.folder / f"{rule}.time").read_text().split()
        user_s, system_s, peak_kib = map(float, words)
        used = the_attempt(run, rule).used
        assert used is not None
        assert used.user_s is not None
        assert used.system_s is not None
        # The shell around it is counted here and not there: some hundredths of a second.
        spent = used.user_s + used.system_s
        assert spent == pytest.approx(user_s + system_s, rel=0.05, abs=0.15)
        assert used.peak_rss_bytes == pytest.approx(peak_kib * 1024, abs=10_000_000)


def test_the_ends_of_a_pipe_and_a_service_that_snakemake_ends_are_measured_too(lab: Lab) -> None:
    (lab.folder / "tool.py").write_text(_TOOL)
    lab.snakefile("""
        import sys
        TOOL = f"{sys.executable} tool.py"
        rule all:
            input: "out", "client"
        rule source:
            output: pipe("through")
            shell: "{TOOL} 200 0.3; echo a > {output}"
        rule sink:
            input: "through"
            output: "out"
            shell: "cat {input} > {output}; {TOOL} 250 0.2"
        rule server:
            output: service("socket")
            shell: "{TOOL} 300 0.2; touch {output}; sleep 100"
        rule client:
            input: "socket"
            output: "client"
            shell: "touch {output}"
    """)
    # What waits for the service's file begins at the same time as the service.
    lab.snakemake("--cores", "4", "--latency-wait", "300", *BOTH)
    run = lab.run()
    for rule, megabytes, cpu_s in (("source", 200, 0.3), ("sink", 250, 0.2), ("server", 300, 0.2)):
        used = the_attempt(run, rule).used
        if rule == "server" and used is None:  # Snakemake ends it, and does not wait for its end
            still = "not known: its tool was still running when Snakemake was done with it (server)"
            assert still in " ".join(lab.observe("jobs", "--used").stdout.split())
            continue
        assert used is not None
        assert (used.user_s or 0) + (used.system_s or 0) >= cpu_s
        assert used.peak_rss_bytes == pytest.approx(megabytes * 2**20, abs=25_000_000)


def test_a_job_that_fails_has_used_something_too(lab: Lab) -> None:
    (lab.folder / "tool.py").write_text(_TOOL)
    lab.snakefile(f"""
        rule one:
            output: "a"
            shell: "{sys.executable} tool.py 300 0.2; exit 3"
    """)
    lab.snakemake("--cores", "1", *BOTH, check=False)
    attempt = the_attempt(lab.run(), "one")
    assert (attempt.status, attempt.exit_code) == ("failed", 3)
    assert attempt.used is not None
    assert (attempt.used.peak_rss_bytes or 0) > 300 * 2**20
    assert (attempt.used.user_s or 0) + (attempt.used.system_s or 0) >= 0.2


def test_a_small_tool_has_a_bound_and_a_rule_without_one_nothing(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "a"
        rule one:
            output: "a"
            shell: "touch {output}"
    """)
    lab.snakemake("--cores", "1", *BOTH)
    run = lab.run()
    used = the_attempt(run, "one").used
    assert used is not None
    assert used.peak_rss_bytes is None
    assert (used.peak_rss_bound_bytes or 0) > 1_000_000
    nothing = the_attempt(run, "all").used
    assert nothing is not None
    assert (nothing.user_s, nothing.system_s, nothing.peak_rss_bound_bytes) == (0, 0, None)


def test_python_code_in_snakemake_s_own_process_is_said_to_be_unmeasured(lab: Lab) -> None:
    lab.snakefile("""
        rule one:
            output: "a"
            run:
                shell("touch {output}")
    """)
    lab.snakemake("--cores", "1", "--force-use-threads", *BOTH)
    used = the_attempt(lab.run(), "one").used
    assert used is not None
    assert used.user_s is None
    assert used.unobserved == "its code ran in another Snakemake process, which was not measured"


def test_the_figures_of_a_benchmark_file_are_next_to_ours(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab.folder / "tool.py").write_text(_TOOL)
    lab.snakefile(f"""
        rule one:
            output: "a"
            benchmark: repeat("b.tsv", 2)
            shell: "{sys.executable} tool.py 250 0.8; touch {{output}}"
    """)
    lab.snakemake("--cores", "1", *BOTH)
    attempt = the_attempt(lab.run(), "one")
    assert attempt.used is not None
    assert attempt.benchmark is not None
    assert attempt.benchmark.repetitions == 2
    assert (attempt.benchmark.wall_s or 0) >= 1.6
    assert (attempt.used.user_s or 0) + (attempt.used.system_s or 0) >= 1.6
    monkeypatch.setenv("COLUMNS", "120")  # a narrower screen has no room for them
    assert "benchmark: memory" in lab.observe("jobs", "--used").stdout.splitlines()[3]
