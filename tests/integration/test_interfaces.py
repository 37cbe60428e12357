"""The plugin interfaces: flags, refusals, Snakemake's own test class, and its Python API."""

import subprocess
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path

import pytest
from lab import BOTH, Lab
from packaging.version import parse as parse_version
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from snakemake_logger_plugin_observe import LogHandler, LogHandlerSettings

OLD = parse_version(version("snakemake")) < parse_version("9.21")
TOUCH = "rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n"


class TestLogHandler(TestLogHandlerBase):
    """What Snakemake requires of every logger plugin."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def get_log_handler_cls(self) -> type[LogHandler]:
        return LogHandler

    def get_log_handler_settings(self) -> LogHandlerSettings:
        return LogHandlerSettings()

    def test_the_logger_writes_no_stream_or_file_and_filters_for_itself(self) -> None:
        handler = self._create_handler()
        assert (handler.writes_to_stream, handler.writes_to_file) == (False, False)
        assert (handler.has_filter, handler.needs_rulegraph) == (True, False)
        handler.close()
        handler.close()


@pytest.mark.parametrize(
    ("flags", "refusal"),
    [
        (["--jobs", "2"], "--executor timed with --jobs needs the executor's name: --timed-wraps"),
        (
            ["--cores", "2", "--timed-wraps", "nope"],
            "--timed-wraps: no executor 'nope' is installed",
        ),
        (["--cores", "2", "--timed-wraps", "timed"], "timed cannot wrap itself"),
        (["--cores", "2", "--logger-observe-mode", "9"], "is not an octal file mode"),
        (["--cores", "2", "--logger-observe-tag", "novalue"], "'novalue' is not KEY=VALUE"),
    ],
)
def test_an_invalid_flag_is_refused_in_one_line(lab: Lab, flags: list[str], refusal: str) -> None:
    lab.snakefile(TOUCH)
    done = lab.snakemake(*BOTH, *flags, check=False)
    assert done.returncode == 1
    assert refusal in done.stderr
    assert "Traceback" not in done.stderr
    assert not (lab.folder / "a.txt").exists()


def test_the_refusal_names_the_installed_executors(lab: Lab) -> None:
    lab.snakefile(TOUCH)
    done = lab.snakemake(*BOTH, "--jobs", "2", check=False)
    assert "Installed: cluster-generic, " in done.stderr


def test_tags_mode_and_folder_follow_their_flags(lab: Lab) -> None:
    lab.snakefile(TOUCH)
    flags = ("--logger-observe-tag", "sample=s1", "try=a=b", "--logger-observe-mode", "0640")
    lab.snakemake(*BOTH, "--cores", "1", "--logger-observe-dir", "kept/here", *flags)
    (journal,) = (lab.folder / "kept" / "here").glob("*.jsonl")
    run = lab.run(journal)
    assert run.started is not None
    assert run.started.tags == {"sample": "s1", "try": "a=b"}
    assert oct(journal.stat().st_mode)[-3:] == "640"


PROFILE_VALUES = [
    pytest.param("logger-observe-tag: {pr: base, paired: yes}", id="mapping"),
    pytest.param("logger-observe-tag:\n  pr: base\n  paired: yes", id="block"),
    pytest.param("logger-observe-tag: [pr=base, paired=yes]", id="list"),
]


@pytest.mark.parametrize("tags", PROFILE_VALUES)
def test_a_profile_s_values_mean_what_is_written_there(lab: Lab, tags: str) -> None:
    """YAML reads off as false, and 0640 as 416; Snakemake drops a mapping."""
    lab.snakefile(TOUCH)
    (lab.folder / "profile").mkdir()
    (lab.folder / "profile" / "config.yaml").write_text(
        "logger: observe\nexecutor: timed\ncores: 1\nlogger-observe-commands: off\n"
        "logger-observe-outputs: off\nlogger-observe-mode: 0640\ntimed-node-stamps: no\n"
        f"timed-announce: on\n{tags}\n"
    )
    run = lab.run(journal := lab.new_run("--profile", "profile"))
    assert run.started is not None
    assert run.started.tags == {"pr": "base", "paired": "yes"}
    assert oct(journal.stat().st_mode)[-3:] == "640"
    assert [job.shellcmd for job in run.jobs.values()] == [None]


def test_the_command_line_s_tags_replace_those_of_the_profile(lab: Lab) -> None:
    lab.snakefile(TOUCH)
    (lab.folder / "profile").mkdir()
    (lab.folder / "profile" / "config.yaml").write_text("logger-observe-tag: {pr: base}\n")
    flags = ("--logger-observe-tag", "pr=new", "--profile", "profile", "--cores", "1")
    run = lab.run(lab.new_run(*BOTH, *flags))
    assert run.started is not None
    assert run.started.tags == {"pr": "new"}


def test_help_shows_the_choices_and_hides_internal_flags(lab: Lab) -> None:
    text = " ".join(lab.snakemake("--help").stdout.split())
    for flag in ("--logger-observe-commands", "--timed-node-stamps", "--timed-announce"):
        assert f"{flag} {{on,off}}" in text
    assert "--logger-observe-outputs {off,sizes,checksums}" in text
    assert "--timed-record" not in text


def test_a_missing_setting_of_the_wrapped_plugin_gives_the_same_error_as_without_the_wrapper(
    lab: Lab,
) -> None:
    lab.snakefile(TOUCH)
    flags = ("--jobs", "1", "--timed-wraps", "cluster-generic")
    done = lab.snakemake(*BOTH, *flags, check=False)
    assert done.returncode == 1
    assert "--cluster-generic-submit-cmd" in done.stderr


def test_secrets_do_not_reach_the_journal(lab: Lab) -> None:
    lab.snakefile("""
        envvars: "MY_KEY"
        rule all:
            output: "a.txt"
            params: key=os.environ["MY_KEY"]
            shell: "echo {params.key} --password hunter22 https://me:pa55word@host > {output}"
    """)
    lab.snakemake(*BOTH, "--cores", "1", MY_KEY="s3cr3t-value")
    (journal,) = lab.journals
    text = journal.read_text()
    assert "s3cr3t-value" not in text
    assert "hunter22" not in text
    assert "pa55word" not in text
    assert "--password ***" in text
    assert (lab.folder / "a.txt").read_text().startswith("s3cr3t-value --password hunter22")


API = """
    from pathlib import Path
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import *
    from snakemake_executor_plugin_timed import ExecutorSettings as Timed
    from snakemake_executor_plugin_cluster_generic import ExecutorSettings as Generic
    from snakemake_logger_plugin_observe import LogHandlerSettings

    def run(executor_settings, target, nodes=None):
        with SnakemakeApi(OutputSettings(log_handler_settings={"observe": LogHandlerSettings()})) as api:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=1, nodes=nodes),
                storage_settings=StorageSettings(),
                snakefile=Path("Snakefile"),
            )
            workflow.dag(DAGSettings(targets={target})).execute_workflow(
                executor="timed",
                executor_settings=executor_settings,
                remote_execution_settings=RemoteExecutionSettings(seconds_between_status_checks=1),
            )

    run(Timed(), "a.txt")
    run(Timed(wraps="cluster-generic", wrapped_settings=Generic(submit_cmd="./submit.sh 0 0 -")), "b.txt", 2)
"""


def test_several_runs_of_the_python_api_in_one_process_have_a_journal_each(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "{name}.txt"
            shell: "sleep 0.3; touch {output}"
    """)
    lab.cluster()
    (lab.folder / "api.py").write_text(textwrap.dedent(API))
    words = [sys.executable, "api.py"]
    done = subprocess.run(
        words, cwd=lab.folder, env=lab.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = (lab.run(journal) for journal in lab.journals)
    assert first.started is not None
    assert second.started is not None
    assert (first.started.wraps, second.started.wraps) == ("local", "cluster-generic")
    assert (first.status(), second.status()) == ("success", "success")
    (remote,) = second.attempts.values()
    # A job that starts while it is still being submitted has no wait in a queue.
    assert "node_startup" in remote.phases
    assert second.start is not None
    assert first.end is not None
    assert second.start >= first.end


ALONE = """
    from pathlib import Path
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import *
    from snakemake_executor_plugin_timed import ExecutorSettings as Timed

    def run():
        with SnakemakeApi(OutputSettings()) as api:
            workflow = api.workflow(
                resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile")
            )
            workflow.dag(DAGSettings(forceall=True)).execute_workflow(
                executor="timed", executor_settings=Timed()
            )

    for number in (1, 2):
        run()
        journals = sorted(Path(".snakemake/observe").glob("*.jsonl"))
        ended = [path.read_text().splitlines()[-1].count('"run_finished"') for path in journals]
        print("ended", *ended)
"""


def test_a_run_of_the_python_api_ends_when_its_context_is_closed(lab: Lab) -> None:
    """What the program does after it is not the run's shutdown, also without the logger plugin."""
    lab.snakefile(TOUCH)
    (lab.folder / "api.py").write_text(textwrap.dedent(ALONE))
    done = lab.python("api.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == ["ended 1", "ended 1 1"]


RAISING = """
    from pathlib import Path
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import *
    from snakemake_executor_plugin_timed import ExecutorSettings as Timed
    from snakemake_logger_plugin_observe import LogHandlerSettings

    with SnakemakeApi(OutputSettings(log_handler_settings={"observe": LogHandlerSettings()})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1, nodes=NODES), snakefile=Path("Snakefile")
        )
        workflow.dag().execute_workflow(executor="timed", executor_settings=Timed())
"""


def api_run(lab: Lab, nodes: str) -> subprocess.CompletedProcess[str]:
    (lab.folder / "api.py").write_text(textwrap.dedent(RAISING).replace("NODES", nodes))
    words = [sys.executable, "api.py"]
    return subprocess.run(
        words, cwd=lab.folder, env=lab.environment(), capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(OLD, reason="this Snakemake closes no handler, and logs no such exception")
def test_an_exception_that_leaves_the_python_api_is_a_failed_run(lab: Lab) -> None:
    lab.snakefile("rule all:\n    input: 'nowhere.txt'\n")
    assert api_run(lab, "None").returncode == 1
    run = lab.run()
    assert run.status() == "failed"
    assert "MissingInputException" in run.messages[-1].text


def test_the_python_api_also_requires_the_wrapped_executors_name(lab: Lab) -> None:
    lab.snakefile(TOUCH)
    done = api_run(lab, "3")
    assert done.returncode == 1
    assert "--executor timed with --jobs needs the executor's name" in done.stderr
    assert not (lab.folder / "a.txt").exists()


def test_a_refusal_is_one_line_and_comes_before_any_planning(lab: Lab) -> None:
    lab.snakefile(TOUCH)
    for flags in (["--jobs", "2"], ["--jobs", "2", "--timed-wraps", "timed"]):
        done = lab.snakemake(*BOTH, *flags, check=False)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
    done = lab.snakemake(*BOTH, "--jobs", "1", "--timed-wraps", "cluster-generic", check=False)
    assert "Building DAG" not in done.stderr
    assert not (lab.folder / ".snakemake").exists()
