"""Queries to a live Snakemake: arguments from an allowlist, paths from the user, nothing else."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import RUN_ID, at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workflows import a_run

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.external import live_snakemake, snakemake_flags
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.recording.workflow_settings import runs_no_workflow


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workflow's folder, with its Snakefile, which is the current directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "Snakefile").write_text("rule all: output: 'a'\n")
    monkeypatch.chdir(folder)
    return folder


def begun(*command: str, targets: tuple[str, ...] = ("all",), workdir: str = "/work") -> RunStarted:
    return RunStarted(
        time=at(0),
        run_id=RUN_ID,
        observe_version="0",
        host="login",
        pid=1,
        workdir=workdir,
        command=("/evil/snakemake", *command),
        targets=targets,
    )


def passed_on(folder: Path, *command: str) -> tuple[str, ...]:
    """Return the arguments of a recorded command that are passed on, after Snakefile and folder."""
    made = live_snakemake.invocation_for(begun(*command), Workdir(folder), folder).args
    assert made[:4] == ("--snakefile", str(folder / "Snakefile"), "--directory", str(folder))
    return made[4:]


@pytest.mark.parametrize(
    ("command", "passed"),
    [
        (("--cores", "4", "all"), ("--cores", "4")),
        (("-c4",), ("--cores", "4")),
        (("--cores", "all"), ("--cores", "all")),
        (("-F", "--config", "aa=1", "bb=2", "--quiet"), ("--forceall", "--config", "aa=1", "bb=2")),
        (("-Cxx=1",), ("--config", "xx=1")),
        (("-nFk", "-q", "rules"), ("--forceall",)),
        (("--configfile=c.yaml",), ("--configfile", "c.yaml")),
        (("--rerun-triggers", "mtime", "code"), ("--rerun-triggers", "mtime", "code")),
        (("--until", "trim", "-k"), ("--until", "trim")),
        (("--omit-fr", "trim"), ("--omit-from", "trim")),
        (("--set-scatter", "split=3"), ("--set-scatter", "split=3")),
        (("--batch=all=1/2",), ("--batch", "all=1/2")),
        (("--logger", "observe", "--executor", "timed", "--timed-wraps", "slurm"), ()),
        (("-j", "8", "--latency-wait", "3"), ()),
        (("all", "--", "--unlock"), ()),
        (("@arguments.txt",), ()),
    ],
)
def test_arguments_that_decide_the_plan_are_passed_on(
    work: Path, command: tuple[str, ...], passed: tuple[str, ...]
) -> None:
    """Read as Snakemake reads them: abbreviated, combined, with ``=``; and written in one way."""
    assert passed_on(work, *command) == passed


@pytest.mark.parametrize(
    "flag",
    [
        *("--unlock", "--delete-all-output", "--touch", "--cleanup-metadata", "--archive"),
        *("--conda-cleanup-envs", "--generate-unit-tests", "--edit-notebook", "--report"),
        *("--cluster-generic-submit-cmd", "--jobscript", "--precommand", "--sshkey", "--lint"),
        *("--runtime-profile", "--deploy-sources", "--local-storage-prefix", "--trust-io-cache"),
    ],
)
def test_arguments_that_are_not_on_the_list_are_not_passed_on(work: Path, flag: str) -> None:
    try:
        made = live_snakemake.invocation_for(
            begun("--config", "aa=1", flag, "evil"), Workdir(work), work
        )
    except live_snakemake.LiveError:  # it takes no value, or more
        return
    for what in live_snakemake.QUERIES:
        assert flag not in made.command(what)
        assert "evil" not in made.command(what)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("--force=--snakefile=/elsewhere/Snakefile",), "argument --force/-f: ignored explicit"),
        (("--force=--cleanup-metadata=a",), "argument --force/-f: ignored explicit"),
        (("--forceall=--unlock",), "argument --forceall/-F: ignored explicit"),
        (("--rerun-incomplete=--delete-all-output",), "argument --rerun-incomplete/--ri: ignored"),
        (("--use-conda=--report",), "argument --use-conda: ignored explicit"),
        (("--snakefile", "--unlock"), "argument --snakefile/-s: expected one argument"),
        (("--batch", "--unlock"), "argument --batch: expected one argument"),
        (("--until",), "argument --until/-U: expected at least one argument"),
        (("--conf", "aa=1"), "ambiguous option: --conf could match"),
    ],
)
def test_a_command_that_snakemake_does_not_accept_is_not_used(
    work: Path, command: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(live_snakemake.LiveError, match="not one that Snakemake accepts") as refused:
        live_snakemake.invocation_for(begun(*command), Workdir(work), work)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--until=--unlock", "--until (a value looks like a flag)"),
        ("--snakefile=--unlock", "--snakefile (a value looks like a flag)"),
        ("--config=--unlock", "--config (a value looks like a flag)"),
        ("--config=nothing", "--config (not NAME=VALUE)"),
        ("--config=a=too short for a name", "--config (not NAME=VALUE)"),
        ("--cores=many", "--cores (not a value that Snakemake takes)"),
        ("--batch=all", "--batch (not a value that Snakemake takes)"),
        ("--rerun-triggers=moon", "--rerun-triggers (not a value that Snakemake takes)"),
        ("--sdm=vm", "--software-deployment-method (not a value that Snakemake takes)"),
        ("--consider-ancient=all", "--consider-ancient (not a value that Snakemake takes)"),
        ("--config=aa=b\0c", "--config (not an argument)"),
        ("--config=aa=\ud800", "--config (not an argument)"),
        ("--config=token=***", "--config (masked)"),
    ],
)
def test_a_value_that_is_not_of_its_flag_s_type_is_left_out(
    work: Path, argument: str, reason: str
) -> None:
    made = live_snakemake.invocation_for(begun(argument), Workdir(work), work)
    assert made.left_out == (reason,)
    assert made.args == ("--snakefile", str(work / "Snakefile"), "--directory", str(work))


def test_no_flag_of_snakemake_but_those_on_the_list_is_ever_passed_on(work: Path) -> None:
    """Each of Snakemake's flags, and those of its plugins, with a value and as one."""
    from snakemake.cli import get_argument_parser

    passed: set[str] = set()
    for action in get_argument_parser()._actions:
        for flag in action.option_strings:
            for command in (
                (flag,),
                (flag, "all"),
                (f"{flag}=all",),
                ("--until", "all", flag),
                ("--force=" + flag,),
                ("--until=" + flag,),
                ("--config", "aa=1", "--", flag),
            ):
                try:
                    made = live_snakemake.invocation_for(begun(*command), Workdir(work), work)
                except live_snakemake.LiveError:
                    continue
                passed.update(one for one in made.args if one.startswith("-"))
    assert passed <= snakemake_flags._ALLOWED
    assert {"--snakefile", "--forceall", "--until", "--config"} <= passed


ARGUMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("--force", "--until", "--config", "--cores", "--configfile", "-s", "--", "-F"),
                *("--unlock", "--cleanup-metadata", "--profile", "--snakefile", "--nope", "-c"),
            ]
        ),
        st.text(max_size=12),
        st.builds("{}={}".format, st.sampled_from(["--until", "--config", "-C", "-d"]), st.text()),
        st.sampled_from(["aa=1", "x.yaml", "--unlock", "-n", "trim"]),
    ),
    max_size=6,
)


@given(command=ARGUMENTS, targets=st.lists(st.text(min_size=1), max_size=2))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_recorded_snakemake_reads_only_what_was_meant(
    work: Path, command: list[str], targets: list[str]
) -> None:
    """Snakemake's own parser finds nothing else in a question: no other flag, no other target."""
    from snakemake.cli import get_argument_parser

    recorded = begun(*command, targets=tuple(targets))
    try:
        made = live_snakemake.invocation_for(recorded, Workdir(work), work)
    except live_snakemake.LiveError:
        return
    read = vars(get_argument_parser().parse_args(list(made.command("summary")[1:])))
    assert list(read["targets"]) == targets
    assert (read["dryrun"], read["nolock"], read["summary"]) == (True, True, True)
    assert read["profile"] in (["none"], "none")  # a list in newer versions
    assert read["workflow_profile"] == "none"
    assert not runs_no_workflow(SimpleNamespace(**{**read, "summary": False}))


def test_arguments_that_were_left_out_and_may_matter_are_listed(work: Path) -> None:
    made = live_snakemake.invocation_for(
        begun("--config", "token=***", "--default-storage-provider", "s3", "-k", "--nope=1"),
        Workdir(work),
        work,
    )
    assert made.left_out == ("--config (masked)", "--default-storage-provider", "--nope")
    assert "token=***" not in made.args


def test_each_question_is_one_call_that_runs_no_job_and_uses_no_profile(work: Path) -> None:
    made = live_snakemake.invocation_for(begun(), Workdir(work), work)
    plain = ("--profile", "none", "--workflow-profile", "none", *made.args, "--", "all")
    safe = ("snakemake", "--dry-run", "--nolock")
    assert [made.command(what) for what in live_snakemake.QUERIES] == [
        (*safe, "--quiet", "rules", *plain),
        (*safe, "--list-changes", "input", *plain),
        (*safe, "--list-changes", "code", *plain),
        (*safe, "--list-changes", "params", *plain),
        (*safe, "--summary", *plain),
    ]


@pytest.mark.parametrize("target", ["--delete-all-output", "-n", "results/***.txt", "a\0b"])
def test_an_invalid_target_is_refused(work: Path, target: str) -> None:
    with pytest.raises(live_snakemake.LiveError, match="targets cannot be used again"):
        live_snakemake.invocation_for(begun(targets=(target,)), Workdir(work), work)


def test_the_program_is_this_python_s_snakemake() -> None:
    """Never the journal's, and none that is found in the current directory or on a PATH."""
    python, isolated, script = live_snakemake.program()
    assert (python, isolated) == (sys.executable, "-P")
    assert Path(script).parent == Path(live_snakemake.__file__).parent


def test_nothing_is_found_by_a_relative_path(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "snakemake"
    made.write_text('#!/bin/sh\necho "$PATH|$PYTHONPATH|$SNAKEMAKE_OBSERVE"\n')
    made.chmod(0o755)
    monkeypatch.setattr(live_snakemake, "program", lambda: (str(made),))
    monkeypatch.setenv("PATH", ".:/usr/bin::bin:/bin")
    monkeypatch.setenv("PYTHONPATH", ":/somewhere:.")
    how = live_snakemake.invocation_for(begun(), Workdir(work), work)
    assert next(live_snakemake.run_queries(how, 60)).lines == ("/usr/bin:/bin|/somewhere|off",)


def test_the_queries_run_where_snakemake_was_started(work: Path, tmp_path: Path) -> None:
    """The workflow's folder, or the one from which that was named, or the present one."""
    run = work / "build" / "run"
    run.mkdir(parents=True)
    recorded = begun("--directory", "build/run")
    for here in (work, tmp_path):
        made = live_snakemake.invocation_for(recorded, Workdir(run), here)
        assert (made.start, made.args[3]) == (work, str(run))
    with pytest.raises(live_snakemake.LiveError, match="go to where snakemake was started"):
        live_snakemake.invocation_for(begun("-s", "gone"), Workdir(run), tmp_path)


def test_files_outside_are_named(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("")
    (work / "inside.yaml").write_text("")
    inside = live_snakemake.invocation_for(
        begun("--configfile", "inside.yaml"), Workdir(work), work
    )
    assert inside.foreign == ()
    for command in (("-s", str(other)), ("--configfile", str(other)), ("--profile", str(other))):
        assert live_snakemake.invocation_for(begun(*command), Workdir(work), work).foreign == (
            str(other),
        )
    (work / "link.yaml").symlink_to(other)
    linked = live_snakemake.invocation_for(
        begun("--configfile", "link.yaml", "../gone.yaml"), Workdir(work), work
    )
    assert linked.foreign == (str(work / "link.yaml"), str(work / "../gone.yaml"))


def test_the_current_directory_counts_only_if_the_workflow_is_below_it(tmp_path: Path) -> None:
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    for folder in (work, elsewhere):
        folder.mkdir()
        (folder / "Snakefile").write_text("")
    recorded = begun("-s", str(elsewhere / "Snakefile"))
    (named,) = live_snakemake.invocation_for(recorded, Workdir(work), elsewhere).foreign
    assert named == str(elsewhere / "Snakefile")
    assert live_snakemake.invocation_for(recorded, Workdir(work), tmp_path).foreign == ()


def fake_snakemake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Have a script stand for Snakemake, which notes its calls."""
    made, calls = tmp_path / "snakemake", tmp_path / "calls"
    made.write_text(f'#!/bin/sh\necho "$SNAKEMAKE_OBSERVE $*" >> {calls}\n{script}\n')
    made.chmod(0o755)
    monkeypatch.setattr(live_snakemake, "program", lambda: (str(made),))
    return calls


def test_both_plugins_are_off_and_the_output_is_read_as_lines(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, "echo one; echo; echo two; echo no >&2")
    answers = list(
        live_snakemake.run_queries(live_snakemake.invocation_for(begun(), Workdir(work), work), 60)
    )
    assert [one.what for one in answers] == ["plan", "input", "code", "params", "summary"]
    assert {one.lines for one in answers} == {("one", "two")}
    assert {one.problem for one in answers} == {""}
    assert all(
        line.startswith("off --dry-run --nolock ") for line in calls.read_text().splitlines()
    )


def test_a_query_that_fails_or_hangs_has_a_reason(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = live_snakemake.invocation_for(begun(), Workdir(work), work)
    fake_snakemake(tmp_path, monkeypatch, "echo first >&2; echo the cause >&2; exit 3")
    assert {one.problem for one in live_snakemake.run_queries(how, 60)} == {
        "exit code 3: the cause"
    }
    fake_snakemake(tmp_path, monkeypatch, "sleep 60 & sleep 60")
    late, *others = live_snakemake.run_queries(how, 0.2)
    assert late.problem == "not done after 0.2 s"
    assert {one.problem for one in others} == {"not asked, because plan took too long"}


def a_journal(work: Path, **facts: object) -> Path:
    story = a_run(command=("snakemake", "--cores", "1"), workdir=str(work), **facts)
    return story.write(work / ".snakemake" / "observe" / "1.jsonl")


def test_without_a_terminal_and_without_yes_nothing_is_run(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, "")
    a_journal(work)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["triage", "--live"]) == 2
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1].endswith(
        "--live asks before it runs these, and there is no terminal: add --yes"
    )
    assert sum("snakemake --dry-run --nolock " in line for line in printed) == 5
    assert any(f"executes the Python code in {work / 'Snakefile'}" in line for line in printed)
    assert not calls.exists()


def test_with_yes_queries_run_unless_the_snakefile_is_outside(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, 'echo "total 8"')
    path = a_journal(work)
    assert main(["triage", "--live", "--yes"]) == 0
    assert "a dry run now plans 8 jobs" in capsys.readouterr().out
    assert len(calls.read_text().splitlines()) == 5
    (tmp_path / "Snakefile").write_text("")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    text = path.read_text().replace('"--cores","1"', f'"-s","{tmp_path / "Snakefile"}"')
    path.write_text(text)
    assert main(["triage", "--live", "--yes"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"snakemake-observe: {tmp_path / 'Snakefile'}: outside of the workflow's folder and "
        "the current one; use a terminal, go to where snakemake was started, or add --allow "
        f"{tmp_path / 'Snakefile'}"
    )
    assert len(calls.read_text().splitlines()) == 5
    assert main(["triage", "--live", "--yes", "--allow", str(tmp_path)]) == 0
    assert main(["triage", "--live", "--yes", "--allow", str(tmp_path / "Snakefile")]) == 0
    assert len(calls.read_text().splitlines()) == 15


@pytest.mark.parametrize(
    "case",
    [
        (
            0o660,
            ".",
            "other users can write to it; --yes is for a journal of your own; use a terminal",
        ),
        (0o600, "..", ""),
        (0o600, "/", ""),
        (0o600, "../elsewhere", ": not in or below the current directory; first cd "),
    ],
)
def test_yes_is_for_a_journal_of_the_user_s_own_below_the_current_directory(
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: tuple[int, str, str],
) -> None:
    (mode, place, reason), tmp_path = case, work.parent
    calls = fake_snakemake(tmp_path, monkeypatch, "")
    path = a_journal(work)
    path.chmod(mode)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(work / place)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["triage", str(path), "--live", "--yes"]) == (2 if reason else 0)
    assert calls.exists() == (not reason)
    assert reason in capsys.readouterr().err.splitlines()[-1]


def test_on_a_terminal_the_user_is_asked_for_a_stranger_s_journal_in_spite_of_yes(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    calls = fake_snakemake(tmp_path, monkeypatch, "")
    a_journal(work).chmod(0o666)
    path = Path(".snakemake", "observe", "1.jsonl")
    for answer in ("", "n\n", "yes please\n"):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        assert main(["triage", "--live", "--yes"]) == 2
    assert not calls.exists()
    assert f"\n! {path}: other users can write to it\n" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert main(["triage", "--live", "--yes"]) == 0
    assert calls.exists()


def test_the_user_sees_the_whole_of_what_is_asked_for(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters are escaped, and what is too long to be pasted is shown all the same."""
    path = a_journal(work)
    values = "\\u001b[2K\\u202ex", "y" * 5000
    for value in values:
        text = path.read_text().replace('"--cores","1"', f'"--config","key={value}"')
        path.with_name("2.jsonl").write_text(text)
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        assert main(["triage", "--live", str(path.with_name("2.jsonl"))]) == 2
        printed = capsys.readouterr().err
        shown = "key=\\x1b[2K\\u202ex" if value is values[0] else f"key={value}"
        assert printed.count(shown) == 5
        assert printed.replace("\n", "").isprintable()


def test_a_command_of_very_many_arguments_is_not_used(work: Path) -> None:
    with pytest.raises(live_snakemake.LiveError, match="more than 10,000 arguments"):
        live_snakemake.invocation_for(begun(*["all"] * 10_001), Workdir(work), work)
    with pytest.raises(live_snakemake.LiveError, match="more than 1,000 flags"):
        live_snakemake.invocation_for(begun(*["-F"] * 1_001), Workdir(work), work)
    many = begun("--config", *(f"key{n}=1" for n in range(9_000)))
    assert len(live_snakemake.invocation_for(many, Workdir(work), work).args) == 9_005


@pytest.mark.parametrize("flag", ["--yes", "--allow=."])
def test_the_flags_of_live_need_live(
    work: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    a_journal(work)
    assert main(["triage", flag]) == 2
    assert capsys.readouterr().err.endswith("the commands of --live: add --live\n")


def test_a_locked_folder_is_not_queried(
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = fake_snakemake(tmp_path, monkeypatch, "")
    a_journal(work)
    locks = work / ".snakemake" / "locks"
    locks.mkdir()
    (locks / "0.input.lock").write_text("a\n")
    assert main(["triage", "--live", "--yes"]) == 2
    assert "locked by a Snakemake" in capsys.readouterr().err
    assert not calls.exists()
