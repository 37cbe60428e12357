"""Two journals show which source files, config keys, profiles and settings changed."""

from pathlib import Path
from typing import Any

import pytest
from lab import BOTH, Lab

from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.recording.provenance import sha256

ALONE = ("--logger", "observe")
EITHER = pytest.mark.parametrize("plugins", [BOTH, ALONE], ids=["both", "logger"])

SNAKEFILE = """
    import sys
    sys.path.insert(0, f"{workflow.basedir}/lib")
    import naming
    configfile: "config/config.yaml"
    include: "rules/more.smk"
    module other:
        snakefile: "modules/other.smk"
    use rule * from other as other_*
    rule all:
        default_target: True
        input: "a.txt", "b.txt", "w-x.txt"
    rule a:
        output: naming.NAME
        conda: "envs/a.yaml"
        script: "scripts/a.py"
    rule chosen_by_wildcards:
        output: "w-{name}.txt"
        script: "scripts/{wildcards.name}.py"
"""
FILES = {
    "config/config.yaml": "samples: [s1, s2]\nthreshold: 5\nsecret_key: hidden\n",
    "rules/more.smk": "rule b:\n    output: 'b.txt'\n    script: '../scripts/b.py'\n",
    "modules/other.smk": "rule c:\n    output: 'c.txt'\n    notebook: 'n.ipynb'\n",
    "modules/n.ipynb": "{}",
    "envs/a.yaml": "dependencies: []\n",
    "scripts/a.py": "open(snakemake.output[0], 'w').close()\n",
    "scripts/b.py": "open(snakemake.output[0], 'w').close()\n",
    "scripts/x.py": "open(snakemake.output[0], 'w').close()\n",
    "lib/naming.py": "NAME = 'a.txt'\n",
}


def lay(lab: Lab) -> None:
    lab.snakefile(SNAKEFILE)
    for name, text in FILES.items():
        path = lab.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def started(lab: Lab) -> RunStarted:
    found = lab.run(lab.journals[-1]).started
    assert found is not None
    return found


def sources(lab: Lab) -> dict[str, str]:
    found = lab.run(lab.journals[-1]).provenance
    assert found is not None
    return found.sources


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return the keys that are not in both with the same value."""
    return {key for key, _value in before.items() ^ after.items()}


@EITHER
def test_a_script_that_changed_is_named(lab: Lab, plugins: tuple[str, ...]) -> None:
    lay(lab)
    lab.snakemake("--cores", "1", *plugins)
    before = sources(lab)
    there = ["Snakefile", *FILES]
    there.remove("scripts/x.py")  # which is named by a wildcard
    there.remove("config/config.yaml")  # it holds the user's values, so its digest is keyed
    assert before["config/config.yaml"].startswith("hmac-sha256:")
    assert {name: before[name] for name in there} == {
        name: sha256(lab.folder / name) for name in there
    }
    assert len(before) == len(there) + 1
    (lab.folder / "scripts/b.py").write_text("open(snakemake.output[0], 'w').write('b')\n")
    lab.snakemake("--cores", "1", *plugins)
    assert changed(before, sources(lab)) == {"scripts/b.py"}
    plan = lab.run(lab.journals[-1]).planned
    assert plan is not None
    assert plan.to_run == {"all": 1, "b": 1}


@EITHER
def test_a_changed_config_key_is_named_and_a_secret_one_has_no_value(
    lab: Lab, plugins: tuple[str, ...]
) -> None:
    lay(lab)
    lab.snakemake("--cores", "1", *plugins)
    before = started(lab).config_keys
    assert {key for key, digest in before.items() if digest == "***"} == {"secret_key"}
    assert before.keys() == {"samples", "threshold", "secret_key"}
    lab.snakemake("--cores", "1", *plugins, "--config", "threshold=6", "more=1")
    after = started(lab).config_keys
    assert changed(before, after) == {"threshold", "more"}
    for journal in lab.journals:
        assert b"hidden" not in journal.read_bytes()


@EITHER
def test_a_profile_and_its_settings_are_recorded(lab: Lab, plugins: tuple[str, ...]) -> None:
    lay(lab)
    for folder, text in [
        ("fast", "trust-io-cache: true\nlatency-wait: 60\nset-threads:\n  a: 3\n"),
        ("profiles/default", "default-resources:\n  mem_mb: 100\nno-hooks: true\n"),
    ]:
        (lab.folder / folder).mkdir(parents=True)
        (lab.folder / folder / "config.yaml").write_text(text)
    lab.snakemake("--cores", "1", *plugins, "--profile", "fast")
    event = started(lab)
    assert event.profiles == ("fast", "profiles/default")
    expected = {
        "trust_io_cache": True,
        "no_hooks": True,
        "latency_wait_s": 60,
        "overwrite_threads": {"a": 3},
    }
    assert {name: event.settings[name] for name in expected} == expected
    assert event.settings["default_resources"]["mem_mb"] in (100, "100")
    before = sources(lab)
    assert before.keys() >= {"fast/config.yaml", "profiles/default/config.yaml"}
    (lab.folder / "fast/config.yaml").write_text("latency-wait: 60\nset-threads:\n  a: 3\n")
    settings = event.settings
    lab.snakemake("--cores", "1", *plugins, "--profile", "fast")
    assert changed(before, sources(lab)) == {"fast/config.yaml"}
    after = started(lab).settings
    assert {name for name in settings if settings[name] != after[name]} == {"trust_io_cache"}


def test_a_repeated_run_has_the_same_settings(lab: Lab) -> None:
    lay(lab)
    flags = [
        *("--default-resources", "mem_mb=100*attempt", "--set-resources", "a:disk_mb=attempt*5"),
        *(
            "--consider-ancient",
            "a=0",
            "--prioritize",
            "b.txt",
            "--set-resource-scopes",
            "gpu=local",
        ),
        *("--max-threads", "4", "--set-scatter", "parts=3", "--ignore-incomplete", "--nolock"),
        *("--force", "--rerun-triggers", "mtime", "--", "all"),
    ]
    for _ in range(2):
        lab.snakemake("--cores", "2", *BOTH, *flags, PYTHONHASHSEED="random")
    first, second = (lab.run(journal).started for journal in lab.journals)
    assert first is not None
    assert second is not None
    assert first.settings == second.settings
    expected = {
        "consider_ancient": {"a": [0]},
        "prioritytargets": ["b.txt"],
        "overwrite_resource_scopes": {"gpu": "local"},
        "max_threads": 4,
        "overwrite_scatter": {"parts": 3},
        "ignore_incomplete": True,
        "lock": False,
        "forcetargets": True,
        "rerun_triggers": ["mtime"],
    }
    assert {name: first.settings[name] for name in expected} == expected
    assert first.settings["default_resources"]["mem_mb"] == "100*attempt"


def test_sources_outside_of_the_working_directory_are_recorded_by_absolute_path(
    lab: Lab, tmp_path: Path
) -> None:
    lay(lab)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "config.yaml").write_text("latency-wait: 60\n")
    away = tmp_path / "away"
    away.mkdir()
    (away / "config").mkdir()
    (away / "config" / "config.yaml").write_text("threshold: 5\n")
    lab.snakemake("--cores", "1", *BOTH, "--directory", "away", "--profile", "p", "a.txt")
    found = sources(Lab(away))
    expected = {"Snakefile", "p/config.yaml", *FILES} - {"scripts/x.py", "config/config.yaml"}
    assert found.keys() == {"config/config.yaml", *(str(tmp_path / name) for name in expected)}


def test_a_workdir_in_the_snakefile_loses_no_source(lab: Lab) -> None:
    lay(lab)
    lab.snakefile(f"{SNAKEFILE}\n    workdir: 'away'\n")
    lab.snakemake("--cores", "1", *BOTH, "a.txt")
    found = sources(Lab(lab.folder / "away"))
    assert str(lab.folder / "config/config.yaml") in found
    assert str(lab.folder / "lib/naming.py") in found
