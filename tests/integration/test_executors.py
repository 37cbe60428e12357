"""Other executors: each test wraps the real plugin, with its own flags.

No cluster is needed: small stand-ins take the place of the clients' commands (``bsub``, ``qsub``), of
their libraries or of a cloud's API, and run each job on this machine. The plugins are the real ones.
"""

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from comparison import pair, same
from lab import BOTH, Lab, attempts_of, phases_s, waits

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import resource_use
from snakemake_logger_plugin_observe.clock import TICK, to_seconds
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

TOOL = "rule tool:\n    output: 'out.txt'\n    shell: 'sleep 0.5; echo hello > {output}'\n"
ON_THE_NODE = {"node_startup", "node_plan", "stage_in", "compute", "stage_out", "node_exit"}
POLLS = ("--jobs", "2", "--seconds-between-status-checks", "1")
# Where htcondor is installed, every Snakemake warns of a missing configuration, whatever it runs.
QUIET_CONDOR = {"CONDOR_CONFIG": "/dev/null"}


def needs(*packages: str) -> None:
    """Skip the test where one of *packages* is not installed."""
    for package in packages:
        if find_spec(package.replace("-", "_")) is None:
            pytest.skip(f"needs a plugin: pip install {package}")


def needs_executor(name: str) -> None:
    needs(f"snakemake-executor-plugin-{name}")


def stand_in(lab: Lab, name: str, script: str) -> None:
    """Put a client's command into the lab; jobs are files in ``cluster``, with their ends in files next to them."""
    for folder in ("bin", "cluster"):
        (lab.folder / folder).mkdir(exist_ok=True)
    command = lab.folder / "bin" / name
    command.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    command.chmod(0o755)


# RUN NAME COMMAND runs COMMAND as a cluster would, which takes half a second to begin.
RUN = """
    : > "$1"
    setsid sh -c 'sleep 0.5; sh -c "$2" > "$1.out" 2>&1; echo $? > "$1.end"' run "$1" "$2" \\
        > /dev/null 2>&1 < /dev/null &
"""


def wrapped(
    lab: Lab, name: str, *flags: str, first: str = "", check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake with *name* wrapped, in a process that has run the code *first*."""
    lab.snakefile(TOOL)
    path = f"{lab.folder / 'bin'}:{lab.environment()['PATH']}"
    environment = {**QUIET_CONDOR, "PATH": path, "LAB": str(lab.folder), **environment}
    (lab.folder / "drive.py").write_text(
        f"{textwrap.dedent(first)}\nfrom snakemake.cli import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "drive.py", *BOTH, "--timed-wraps", name, *POLLS, *flags],
        cwd=lab.folder,
        env=lab.environment(**environment),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


def only_attempt(run: Run) -> Attempt:
    assert run.status() == "success"
    (attempt,) = attempts_of(run, "tool")
    assert attempt.status == "success"
    return attempt


def assert_every_phase_was_timed(attempt: Attempt, begins_after_s: float = 0.5) -> None:
    phases = phases_s(attempt)
    assert waits(attempt) | ON_THE_NODE <= phases.keys()
    assert "unobserved" not in phases
    # The job's own wait begins before the executor has read the submit command's answer. The kernel
    # tells the start of a process in ticks.
    tick_s = to_seconds(TICK)
    assert phases["submit"] + phases.get("queue_wait", 0) >= begins_after_s - tick_s
    assert phases["compute"] >= 0.5


@pytest.mark.parametrize("wake", [(), ("--timed-wake", "on")])
def test_cluster_sync_is_timed_and_its_outcome_is_the_bare_runs(
    tmp_path: Path, wake: tuple[str, ...]
) -> None:
    needs_executor("cluster-sync")
    bare, observed = pair(tmp_path, TOOL)
    for lab in (bare, observed):
        (lab.folder / "submit.sh").write_text('sleep 0.5; sh "$1" > /dev/null 2>&1')
    flags = [*POLLS, "--cluster-sync-submit-cmd", "sh submit.sh"]
    same(
        bare,
        observed,
        flags,
        ["--executor", "cluster-sync"],
        [*BOTH, "--timed-wraps", "cluster-sync", *wake],
    )
    run = observed.run()
    attempt = only_attempt(run)
    assert_every_phase_was_timed(attempt)
    assert attempt.external_jobid is None
    assert (resource_use(run, attempt).on_node_s or 0) > 0.5  # though it has no id


@pytest.mark.parametrize(
    ("wake", "first_wait_s"),
    # The plugin first checks its jobs after 20 s; a test need not wait that long.
    [((), 7), (("--timed-wake", "on"), 1000)],
)
def test_lsf_is_timed_from_bsub_to_bjobs(
    lab: Lab, wake: tuple[str, ...], first_wait_s: int
) -> None:
    needs_executor("lsf")
    stand_in(
        lab,
        "bsub",
        'cd "$LAB"\necho "$*" > submitted\nfor command; do :; done\n'
        f'set -- cluster/job101 "$command"{textwrap.dedent(RUN)}'
        'echo "Job <101> is submitted to queue <fast>."\n',
    )
    stand_in(
        lab,
        "bjobs",
        'case $(cat "$LAB/cluster/job101.end") in\n'
        "    '') echo 101 RUN ;; 0) echo 101 DONE ;; *) echo 101 EXIT ;;\nesac\n",
    )
    stand_in(lab, "lsclusters", "echo CLUSTER_NAME STATUS; echo lab ok\n")
    shown = 'echo "configuration:"; echo "LSB_SHAREDIR = $LAB"; echo "LSF_CONFDIR = $LAB"\n'
    stand_in(lab, "badmin", shown)
    parameters = lab.folder / "lsbatch" / "lab" / "configdir" / "lsb.params"
    parameters.parent.mkdir(parents=True)
    parameters.touch()
    first = f"""
        import snakemake_executor_plugin_lsf as lsf
        lsf.common_settings.init_seconds_before_status_checks = {first_wait_s}
    """
    resources = ("--default-resources", "lsf_project=lab", "lsf_queue=fast")
    wrapped(lab, "lsf", *resources, *wake, first=first)
    assert (lab.folder / "out.txt").read_text() == "hello\n"
    assert " -P lab -q fast " in (lab.folder / "submitted").read_text()
    attempt = only_attempt(lab.run())
    assert_every_phase_was_timed(attempt)
    assert attempt.external_jobid == "101"


def test_sge_is_timed_from_qsub_to_qacct_and_gets_its_flags(lab: Lab) -> None:
    needs_executor("sge")
    stand_in(
        lab,
        "qsub",
        'cd "$LAB"\necho "$*" > submitted\nexport SGE_TASK_ID=1\n'
        f'set -- cluster/job101 "$(cat)"{textwrap.dedent(RUN)}'
        """echo 'Your job-array 101.1-1:1 ("tool") has been submitted'\n""",
    )
    stand_in(
        lab,
        "qstat",
        '[ -s "$LAB/cluster/job101.end" ] || echo "<job_list><JB_job_number>101'
        '</JB_job_number><state>r</state></job_list>"\n',
    )
    stand_in(
        lab,
        "qacct",
        'echo "=============="; echo "taskid 1"; echo "failed 0"\n'
        'echo "exit_status $(cat "$LAB/cluster/job101.end")"\n',
    )
    # The plugin checks after 30 s, and ignores ends in a job's first 20 s.
    first = """
        import time, types
        import snakemake_executor_plugin_sge as sge
        sge.common_settings.init_seconds_before_status_checks = 7
        sge.time = types.SimpleNamespace(time=lambda: time.time() - 20)
    """
    flags = ("--sge-queue", "fast", "--sge-init-seconds-before-status-checks", "2")
    wrapped(lab, "sge", *flags, first=first)
    assert (lab.folder / "out.txt").read_text() == "hello\n"
    assert " -q fast " in (lab.folder / "submitted").read_text()
    attempt = only_attempt(lab.run())
    assert_every_phase_was_timed(attempt)
    assert attempt.external_jobid == "101.1"


def test_drmaa_is_timed_from_its_session_and_gets_its_flags(lab: Lab) -> None:
    needs_executor("drmaa")
    first = """
        import enum, pathlib, subprocess, sys, types

        class JobState(enum.Enum):
            RUNNING, DONE, FAILED, USER_SUSPENDED, SYSTEM_SUSPENDED = range(5)

        class Session:
            def initialize(self): pass
            def exit(self): pass
            def createJobTemplate(self): return types.SimpleNamespace()
            def deleteJobTemplate(self, template): pass
            def runJob(self, template):
                pathlib.Path("submitted").write_text(template.nativeSpecification)
                words = ["sh", "-c", 'sleep 0.5; exec "$0"', template.remoteCommand]
                with open("job.out", "w") as out:
                    self.job = subprocess.Popen(words, stdout=out, stderr=out)
                return "101"
            def jobStatus(self, external):
                code = self.job.poll()
                return {None: JobState.RUNNING, 0: JobState.DONE}.get(code, JobState.FAILED)

        names = ("AlreadyActiveSession", "DeniedByDrm", "ExitTimeout", "Internal")
        errors = {f"{name}Exception": type(name, (Exception,), {}) for name in names}
        errors["InvalidAttributeValueException"] = type("Invalid", (Exception,), {})
        sys.modules["drmaa"] = types.SimpleNamespace(Session=Session, JobState=JobState, **errors)
        sys.modules["drmaa.errors"] = types.SimpleNamespace(**errors)
    """
    wrapped(lab, "drmaa", "--drmaa-args=-q fast", first=first)
    assert (lab.folder / "out.txt").read_text() == "hello\n"
    assert (lab.folder / "submitted").read_text() == "-q fast"
    attempt = only_attempt(lab.run())
    assert_every_phase_was_timed(attempt)
    assert attempt.external_jobid == "101"


CONDOR = """
    import enum, pathlib, subprocess, sys, types

    class Event(dict):
        cluster = 101

    class Schedd:
        job = None
        def submit(self, words):
            pathlib.Path(words["log"]).touch()
            # HTCondor starts the program itself: no shell reads what comes before or after.
            words = ["sh", "-c", 'sleep 0.5; "$@"', "-", words["executable"]] + words["arguments"].split()
            with open("job.out", "w") as out:
                Schedd.job = subprocess.Popen(words, stdout=out, stderr=out)
            return types.SimpleNamespace(cluster=lambda: 101)

    class Submit(dict):
        def issue_credentials(self): pass

    class JobEventLog:
        def __init__(self, path): pass
        def events(self, stop_after):
            if Schedd.job is not None and Schedd.job.poll() is not None:
                event = Event(ReturnValue=Schedd.job.returncode, TerminatedNormally=True)
                event.type = condor.JobEventType.JOB_TERMINATED
                Schedd.job = None
                yield event

    import snakemake_executor_plugin_htcondor as condor
    condor.JobEventLog = JobEventLog
    condor.htcondor = types.SimpleNamespace(Schedd=Schedd, Submit=Submit)
    # Where any storage plugin is installed, this plugin puts a pip install before its command,
    # which it cannot submit then.
    condor.common_settings.auto_deploy_default_storage_provider = False
"""


def test_htcondor_is_timed_although_no_shell_starts_its_jobs(lab: Lab) -> None:
    needs_executor("htcondor")
    wrapped(lab, "htcondor", "--htcondor-jobdir", "mine", first=CONDOR)
    assert (lab.folder / "out.txt").read_text() == "hello\n"
    assert (lab.folder / "mine" / "snakemake-rules.log").exists()
    attempt = only_attempt(lab.run())
    assert_every_phase_was_timed(attempt)
    assert attempt.external_jobid == "101"


class Cloud(BaseHTTPRequestHandler):
    """The API of Kubernetes and of AWS Batch, as far as one job needs it.

    A job's container is not run: the output that it would have stored is written instead.
    """

    storage: Path
    requests: list[tuple[str, Any]]

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = json.loads(self.rfile.read(length) or "{}")
        self.requests.append((f"{self.command} {self.path}", request))
        text = json.dumps(self.response(request)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names that http.server asks for

    def response(self, request: dict[str, Any]) -> Any:
        match self.command, self.path.partition("?")[0].rpartition("/")[2]:
            case "POST", "jobs":
                self.store()
                return request
            case "GET", "status":
                return {"status": {"succeeded": 1}}
            case "GET", "pods":
                return {"items": []}
            case "POST", "registerjobdefinition":
                return {"jobDefinitionName": request["jobDefinitionName"], "revision": 1}
            case "POST", "submitjob":
                self.store()
                return {"jobName": request["jobName"], "jobId": "lab-1"}
            case "POST", "describejobs":
                return {"jobs": [{"jobId": "lab-1", "status": "SUCCEEDED"}]}
        return {}

    def store(self) -> None:
        self.storage.mkdir(exist_ok=True)
        (self.storage / "out.txt").write_text("hello\n")

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@contextmanager
def cloud(lab: Lab) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Open a cloud on this machine; yield its address, and the list of its requests."""
    requests: list[tuple[str, Any]] = []
    ours = type("Ours", (Cloud,), {"storage": lab.folder / "storage", "requests": requests})
    with ThreadingHTTPServer(("127.0.0.1", 0), ours) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


STORAGE = ("--default-storage-provider", "fs", "--default-storage-prefix", "storage")


def assert_the_rest_is_one_stretch_with_its_reason(lab: Lab, command: str) -> Attempt:
    """Assert what holds for every executor that has no file system in common with its nodes."""
    assert "-m snakemake --snakefile 'Snakefile' --target-jobs 'tool:'" in command
    assert "timed" not in command  # nor any flag of the plugins: the image has none of them
    run = lab.run()
    attempt = only_attempt(run)
    phases = phases_s(attempt)
    assert {"submit", "unobserved"} <= phases.keys()
    assert not {"queue_wait", "poll_wait", *ON_THE_NODE} & phases.keys()
    reasons = [message.text for message in run.messages if message.kind == "unobserved"]
    assert len(reasons) == 1
    assert reasons[0].startswith("node phases are not observed: ")
    return attempt


def test_kubernetes_gets_its_flags_and_shows_when_a_job_was_accepted_and_done(lab: Lab) -> None:
    needs_executor("kubernetes")
    needs("snakemake-storage-plugin-fs")
    with cloud(lab) as (address, requests):
        config = {
            "current-context": "lab",
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "clusters": [{"name": "lab", "cluster": {"server": address}}],
            "users": [{"name": "lab", "user": {}}],
        }
        (lab.folder / "kube.json").write_text(json.dumps(config))
        environment = {"KUBECONFIG": "kube.json", "NO_PROXY": "127.0.0.1"}
        wrapped(lab, "kubernetes", "--kubernetes-namespace", "mine", *STORAGE, **environment)
    request = dict(requests)["POST /apis/batch/v1/namespaces/mine/jobs"]
    (container,) = request["spec"]["template"]["spec"]["containers"]
    attempt = assert_the_rest_is_one_stretch_with_its_reason(lab, container["args"][-1])
    assert attempt.external_jobid == request["metadata"]["name"]


def test_aws_batch_gets_its_flags_and_shows_when_a_job_was_accepted_and_done(lab: Lab) -> None:
    needs_executor("aws-batch")
    needs("snakemake-storage-plugin-fs")
    flags = ("--aws-batch-region", "eu-central-1", "--aws-batch-job-role", "role")
    with cloud(lab) as (address, requests):
        environment = {"AWS_ENDPOINT_URL_BATCH": address, "NO_PROXY": "127.0.0.1"}
        environment |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        queue = ("--aws-batch-job-queue", "mine")
        wrapped(lab, "aws-batch", *flags, *queue, *STORAGE, **environment)
    sent = dict(requests)
    assert sent["POST /v1/submitjob"]["jobQueue"] == "mine"
    container = sent["POST /v1/registerjobdefinition"]["containerProperties"]
    attempt = assert_the_rest_is_one_stretch_with_its_reason(lab, container["command"][-1])
    assert attempt.external_jobid == "lab-1"
    assert attempt.poll_interval_s == 5  # the plugin's own, whatever the flags say


def test_googlebatch_gets_its_flags_and_shows_when_a_job_was_accepted_and_done(lab: Lab) -> None:
    needs_executor("googlebatch")
    needs("snakemake-storage-plugin-fs")
    first = """
        import pathlib
        from types import SimpleNamespace
        import snakemake_executor_plugin_googlebatch.executor as google

        class Client:
            def create_job(self, request):
                (spec,) = [group.task_spec for group in request.job.task_groups]
                pathlib.Path("submitted").write_text(spec.runnables[-1].script.text)
                pathlib.Path("storage").mkdir(exist_ok=True)
                pathlib.Path("storage/out.txt").touch()
                return google.batch_v1.Job(name=f"{request.parent}/jobs/lab-1", uid="lab-1")
            def get_job(self, request):
                job = google.batch_v1.Job()
                job.status.state = "SUCCEEDED"
                return job

        silent = SimpleNamespace(list_entries=lambda **_filters: [])
        google.batch_v1.BatchServiceClient = Client
        google.logging.Client = lambda project: SimpleNamespace(logger=lambda name: silent)
    """
    flags = ("--googlebatch-project", "mine", "--googlebatch-region", "here")
    wrapped(lab, "googlebatch", *flags, *STORAGE, first=first)
    command = (lab.folder / "submitted").read_text()
    attempt = assert_the_rest_is_one_stretch_with_its_reason(lab, command)
    assert attempt.external_jobid == "projects/mine/locations/here/jobs/lab-1"


ASKING = """
    from dataclasses import fields
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
    from snakemake_interface_executor_plugins.settings import CommonSettings
    from snakemake_executor_plugin_timed import ExecutorSettings

    registry = ExecutorPluginRegistry()
    ours = registry.get_plugin("timed").common_settings
    names = [field.name for field in fields(CommonSettings)] + ["local_exec"]
    for plugin in set(registry.get_registered_plugins()) - {"timed", "dryrun", "touch"}:
        ExecutorSettings(wraps=plugin)
        own = registry.get_plugin(plugin).common_settings
        wrong = [name for name in names if getattr(ours, name) != getattr(own, name)]
        print(plugin, *wrong)
"""


def test_each_installed_executors_common_settings_are_its_own(lab: Lab) -> None:
    (lab.folder / "ask.py").write_text(textwrap.dedent(ASKING))
    done = subprocess.run(
        [sys.executable, "ask.py"],
        cwd=lab.folder,
        env=lab.environment(SNAKEMAKE_OBSERVE="off"),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [line.split() for line in done.stdout.splitlines()]
    assert {"local", "cluster-generic"} <= {answer[0] for answer in answers}
    assert [answer for answer in answers if len(answer) > 1] == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sge", "'qstat' is not available on this system."),
        ("drmaa", "Error loading drmaa support:"),
        ("aws-batch", "The following required arguments are missing for plugin aws-batch:"),
        ("googlebatch", "The following required arguments are missing for plugin googlebatch:"),
        ("kubernetes", "a default storage provider (--default-storage-provider)"),
    ],
)
def test_a_wrapped_plugins_errors_are_its_own(lab: Lab, name: str, why: str) -> None:
    needs_executor(name)
    if name == "drmaa" and find_library("drmaa"):
        pytest.skip("needs a machine without a DRMAA library")
    without_clients = {"PATH": "/usr/bin:/bin"}
    done = wrapped(lab, name, check=False, **without_clients)
    assert done.returncode == 1
    assert why in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not (lab.folder / "out.txt").exists()


def test_a_misspelt_executor_is_refused_in_one_line(lab: Lab) -> None:
    done = wrapped(lab, "cluster_generic", check=False)
    assert done.returncode == 1
    (refusal,) = done.stderr.strip().splitlines()
    assert "--timed-wraps: no executor 'cluster_generic' is installed" in refusal
    assert "cluster-generic, " in refusal


def test_a_plugin_that_cannot_be_imported_stops_snakemake_with_or_without_the_wrapper(
    lab: Lab,
) -> None:
    lab.snakefile(TOOL)
    broken = lab.folder / "snakemake_executor_plugin_broken"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('no such library')\n")
    for flags in (
        ["--executor", "broken", *POLLS],
        [*BOTH, "--timed-wraps", "broken", *POLLS],
    ):
        done = lab.snakemake(*flags, check=False, PYTHONPATH=str(lab.folder))
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1] == "ImportError: no such library"
