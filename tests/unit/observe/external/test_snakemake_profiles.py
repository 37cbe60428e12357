"""Profiles are read as data: what they say about the plan becomes flags, and nothing is executed."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.external import snakemake_flags, snakemake_profiles
from snakemake_logger_plugin_observe.external.snakemake_flags import RecordedFlags
from snakemake_logger_plugin_observe.external.snakemake_profiles import (
    ProfileSettings,
    read_profiles,
)


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of profiles."""
    folder = tmp_path / "of the user"
    folder.mkdir()
    monkeypatch.setattr(snakemake_profiles, "_config_folders", lambda: (folder,))
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    return folder


def put(folder: Path, text: str, name: str = "config.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def read(
    start: Path, *profiles: str, workflow: str | None = "none", snakefile: Path | None = None
) -> ProfileSettings:
    recorded = RecordedFlags(profiles=profiles or None, workflow_profile=workflow)
    return read_profiles(snakemake_flags.installed(), recorded, start, snakefile)


def test_values_become_flags_as_snakemake_reads_them(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "more.yaml").write_text("")
    file = put(
        tmp_path / "p",
        "cores: 4\nforceall: true\nforce: 'off'\nuntil: [trim, count]\nconfigfile: more.yaml\n"
        "config:\n  depth: 3\n  name: x y\nexecutor: slurm\nset-threads:\n  trim: 2\n",
    )
    found = read(tmp_path, "p")
    assert found.flags.settings == {
        "--cores": ("4",),
        "--forceall": (),
        "--until": ("trim", "count"),
        "--configfile": (str(tmp_path / "p" / "more.yaml"),),
        "--config": ("depth=3", "name=x y"),
    }
    assert found.flags.left_out == []
    assert found.read == [file]


def test_later_profiles_win_by_key(tmp_path: Path) -> None:
    put(tmp_path / "a", "cores: 1\nuntil: [x]\n")
    put(tmp_path / "b", "cores: 2\n")
    put(tmp_path / "profiles" / "w", "cores: 3\n")
    assert read(tmp_path, "a", "b").flags.settings == {"--cores": ("2",), "--until": ("x",)}
    assert read(tmp_path, "a", "b", workflow="w").flags.settings["--cores"] == ("3",)


def test_where_profiles_are_looked_for(tmp_path: Path, users: Path) -> None:
    """From the start, next to the Snakefile, and in the user's folder: that one is no journal's."""
    put(tmp_path / "profiles" / "default", "cores: 1\n")
    put(tmp_path / "workflow" / "profiles" / "default", "cores: 2\n")
    put(users / "mine", "cores: 3\n")
    assert read(tmp_path, workflow=None).flags.settings == {"--cores": ("1",)}
    (tmp_path / "profiles" / "default" / "config.yaml").unlink()
    (tmp_path / "profiles" / "default").rmdir()
    beside = read(tmp_path, workflow=None, snakefile=tmp_path / "workflow" / "Snakefile")
    assert beside.flags.settings == {"--cores": ("2",)}
    assert read(tmp_path, workflow=None).flags.settings == {}
    mine = read(tmp_path, "mine")
    assert (mine.flags.settings, mine.read) == ({"--cores": ("3",)}, [])
    assert read(tmp_path, "none").flags.settings == {}


def test_the_user_s_own_profile_is_read_where_the_command_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "p", "cores: 4\n")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "p")
    found = read(tmp_path)
    assert (found.flags.settings, found.read) == ({"--cores": ("4",)}, [])
    assert read(tmp_path, "none").flags.settings == {}


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("unlock: true\n", "--unlock of profile p"),
        ("cleanup-metadata: [a]\n", "--cleanup-metadata of profile p"),
        ("nothing-known: 1\n", "--nothing-known of profile p"),
        ("until: [--unlock]\n", "--until of profile p (a value looks like a flag)"),
        ("force: --unlock\n", "--force of profile p (a value looks like a flag)"),
        ("cores: many\n", "--cores of profile p (not a value that Snakemake takes)"),
        ("config: {token: abcdefgh}\n", "--config of profile p (masked)"),
        ("config: [depth=$HOME]\n", "--config of profile p (an environment variable)"),
        ("configfile: $HOME/x\n", "--configfile of profile p (an environment variable)"),
        ("__use_yte__: true\n?1: 2\n", "profile p (it contains code: __use_yte__)"),
        ('"__use\\x5fyte__": true\n', "profile p (it contains code: __use_yte__)"),
        ("a: !!python/object/apply:os.abort []\n", "profile p (could not determine a constructor "),
        ("a: &a [1]\nb: *a\n", "profile p (it has YAML aliases)"),
        ("x" * 70_000, "profile p (it is larger than 64 KiB)"),
        ("- a list\n", "profile p (it has no keys)"),
        ("", "profile p (it has no keys)"),
        ("[" * 60_000, "profile p (it is nested too deep)"),
        ("{a: " * 16_000, "profile p (it is nested too deep)"),
        ("- " * 30_000, "profile p (it is nested too deep)"),
        ("? " * 30_000, "profile p (it is nested too deep)"),
    ],
)
def test_what_is_not_taken_is_left_out_with_the_reason(
    tmp_path: Path, text: str, left_out: str
) -> None:
    put(tmp_path / "p", text)
    found = read(tmp_path, "p").flags
    assert found.settings == {}
    (reason,) = found.left_out
    assert reason.startswith(left_out)
    assert "\n" not in reason


def test_a_profile_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    os.mkfifo(tmp_path / "p" / "config.yaml")
    assert read(tmp_path, "p").flags.left_out == ["profile p (it is not a regular file)"]
    assert read(tmp_path, "gone").flags.left_out == ["profile gone (not found)"]
    assert read(tmp_path, workflow="gone").flags.left_out == ["profile gone (not found)"]
