"""Flags as Snakemake passes them: from the command line, a profile, and Python."""

from argparse import ArgumentParser
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from snakemake_interface_common.exceptions import ApiError

from snakemake_logger_plugin_observe.recording.options import journal_settings
from snakemake_logger_plugin_observe.recording.profile_mappings import is_blank, mapping_of
from snakemake_logger_plugin_observe.settings import LogHandlerSettings, folder_named, on_or_off

ALL_MODES = range(0o600, 0o1000)


def settings(**flags: Any) -> Any:
    return journal_settings(LogHandlerSettings(**flags), None)


@pytest.mark.parametrize("given", ["0640", "640", "0o640", "416", 0o640])
def test_a_mode_is_octal_also_where_yaml_has_read_it(given: Any) -> None:
    assert settings(mode=given).mode == 0o640


@pytest.mark.parametrize("mode", [mode for mode in ALL_MODES if mode & 0o600 == 0o600])
def test_no_mode_that_its_owner_can_use_is_ambiguous(mode: int) -> None:
    assert settings(mode=f"{mode:o}").mode == mode
    assert settings(mode=str(mode)).mode == mode


@pytest.mark.parametrize("given", ["9", "0440", "640 ", "rw", "True", 640, True])
def test_what_is_no_mode_is_refused(given: Any) -> None:
    with pytest.raises(ApiError, match="is not an octal file mode"):
        settings(mode=given)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *(("on", "on"), ("True", "on"), (True, "on"), ("yes", "on"), ("checksums", "checksums")),
        *(("off", "off"), ("False", "off"), (False, "off"), ("no", "off")),
    ],
)
def test_booleans_are_on_and_off(given: Any, meant: str) -> None:
    assert on_or_off(given) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [("on", "on"), ("YES", "on"), ("true", "on"), ("off", "off"), ("No", "off"), ("false", "off")],
)
def test_a_flag_that_is_on_or_off_takes_what_yaml_has_for_it(given: str, meant: str) -> None:
    assert parsed("commands", given) == meant


def test_what_is_neither_on_nor_off_is_refused_with_all_that_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parsed("commands", "maybe")
    assert capsys.readouterr().err.endswith(
        "argument --commands: 'maybe' is neither on (or yes, true) nor off (or no, false)\n"
    )


def parsed(name: str, given: str) -> object:
    """Return the value of a flag as Snakemake's parser makes it."""
    (known,) = (one for one in fields(LogHandlerSettings) if one.name == name)
    parser = ArgumentParser()
    parser.add_argument(f"--{name}", **known.metadata)
    return getattr(parser.parse_args([f"--{name}", given]), name)


@pytest.mark.parametrize(("given", "kept"), [(None, True), ("on", True), (True, True)])
def test_commands_are_recorded_unless_they_are_switched_off(given: Any, kept: bool) -> None:
    assert settings(commands=given).commands is kept
    assert settings(commands=False).commands is False


def test_an_empty_folder_name_is_as_if_it_was_not_given() -> None:
    assert folder_named("") is None
    assert folder_named(".") == Path(".")
    assert settings(dir="").folder is None


@pytest.mark.parametrize(
    ("given", "folder", "blank"),
    [
        ('""', "default", True),
        ("${UNSET_OR_EMPTY}", "default", True),
        ('""', "elsewhere", False),  # the command line named it
        (".", "default", False),
        ("journals", "default/journals", False),
    ],
)
def test_an_empty_folder_name_in_a_profile_is_found_again(
    given: str, folder: str, blank: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake passes on the profile's own folder, as if that had been named."""
    monkeypatch.setenv("UNSET_OR_EMPTY", "")
    monkeypatch.chdir(tmp_path)
    Path("default").mkdir()
    Path("default/config.yaml").write_text(f"logger-observe-dir: {given}\n")
    assert is_blank("logger-observe-dir", ("default/config.yaml",), folder) is blank


def test_what_is_recorded_of_outputs_has_three_values() -> None:
    assert [settings(outputs=one).outputs for one in (None, "off", False, "sizes")] == [
        *("off", "off", "off", "sizes")
    ]
    with pytest.raises(ApiError, match="True is not one of off, sizes, checksums"):
        settings(outputs=True)


@pytest.mark.parametrize(
    ("given", "lines"), [(None, 0), ("off", 0), (False, 0), ("0", 0), ("20", 20), (20, 20)]
)
def test_how_many_printed_lines_are_kept(given: Any, lines: int) -> None:
    assert settings(stderr=given).stderr_lines == lines


@pytest.mark.parametrize("given", ["-1", "all", "1001", True, "2.5"])
def test_another_number_of_printed_lines_is_refused(given: Any) -> None:
    with pytest.raises(ApiError, match="is not a number of lines from 0 to 1000"):
        settings(stderr=given)


@pytest.mark.parametrize("given", ["pr=base", ["pr=base"], {"pr": "base"}])
def test_tags_from_python_are_texts_or_a_mapping(given: Any) -> None:
    assert settings(tag=given).tags == {"pr": "base"}


def test_the_last_profile_with_a_mapping_counts(tmp_path: Path) -> None:
    texts = ["f: {a: 1}", "f: {b: 0640, c: {d: e}}", "f: on", "other: 1", "f: [", "f: a: b"]
    paths = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    assert mapping_of("f", [*map(str, paths), str(tmp_path / "missing")]) == {"b": "0640"}


@pytest.mark.parametrize(
    ("given", "command"), [(None, ""), ("", ""), ("  ", ""), ("mail me ", "mail me")]
)
def test_a_blank_command_for_the_notice_is_none(given: str | None, command: str) -> None:
    assert settings(notify=given).notify == command


def test_a_command_for_the_notice_that_no_shell_can_get_is_an_error() -> None:
    with pytest.raises(ApiError, match="a command cannot contain a null character"):
        settings(notify="mail\0me")
