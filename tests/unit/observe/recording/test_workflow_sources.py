"""Which local texts a workflow is made of, and their digests."""

import hashlib
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording.workflow_sources import digests, paths_of


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no module of this project lies below."""
    monkeypatch.chdir(tmp_path)


class SourceFile:
    """As Snakemake's own, which knows its path or address."""

    def __init__(self, path: str) -> None:
        self.path = path

    def get_path_or_uri(self, secret_free: bool) -> str:
        assert secret_free
        return self.path


def rule(basedir: str = "/flow/rules", **named: Any) -> SimpleNamespace:
    nothing = dict.fromkeys(("script", "notebook", "wrapper", "cwl", "conda_env"))
    return SimpleNamespace(basedir=SourceFile(basedir), **{**nothing, **named})


def workflow(*rules: Any, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "included": [SourceFile("/flow/Snakefile")],
            "configfiles": [],
            "rules": rules,
            "workflow_settings": SimpleNamespace(wrapper_prefix=None),
            "_workdir_handler": None,
            **more,
        }
    )


def named(flow: Any, *profiles: str) -> list[str]:
    return [path for path in paths_of(flow, profiles, "/began") if path != "/flow/Snakefile"]


def test_snakefiles_come_first_without_remote_ones() -> None:
    included = ["/flow/Snakefile", "https://host/a.smk", "/flow/b.smk", "git+file:///r/c.smk@v1"]
    flow = workflow(rule(script="s.py"), included=[*map(SourceFile, included)])
    assert paths_of(flow, (), "/began") == (
        *("/flow/Snakefile", "/flow/b.smk"),
        "/flow/rules/s.py",
    )


def test_a_config_file_is_in_the_current_or_the_previous_working_directory(
    tmp_path: Path,
) -> None:
    flow = workflow(
        configfiles=["c.yaml", Path("/etc/d.yaml")],
        _workdir_handler=SimpleNamespace(olddir=Path("/before")),
    )
    assert named(flow) == [f"{tmp_path}/c.yaml", "/before/c.yaml", "/etc/d.yaml"]


def test_profiles_are_relative_to_where_snakemake_was_started() -> None:
    assert named(workflow(), "profiles/p/config.yaml", "/etc/p.yaml") == [
        "/began/profiles/p/config.yaml",
        "/etc/p.yaml",
    ]


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"script": "s.py"}, ["/flow/rules/s.py"]),
        ({"script": "../s.py"}, ["/flow/rules/../s.py"]),
        ({"script": "/opt/s.R"}, ["/opt/s.R"]),
        ({"script": "file:///opt/s.R"}, ["/opt/s.R"]),
        ({"script": SourceFile("/opt/s.R")}, ["/opt/s.R"]),
        ({"script": Path("s.py")}, ["/flow/rules/s.py"]),
        ({"notebook": "n.ipynb"}, ["/flow/rules/n.ipynb"]),
        ({"cwl": "t.cwl"}, ["/flow/rules/t.cwl"]),
        ({"script": "{wildcards.x}.py"}, []),
        ({"script": "/opt/{wildcards.x}.py"}, []),
        ({"script": "https://host/s.py"}, []),
        ({"script": "github:owner/repo/s.py@v1"}, []),
        ({"script": SourceFile("https://host/s.py")}, []),
        ({"conda_env": "e.yaml"}, ["/flow/rules/e.yaml"]),
        ({"conda_env": "e.yml"}, ["/flow/rules/e.yml"]),
        ({"conda_env": "a-named-environment"}, []),
        ({"conda_env": lambda wildcards: "e.yaml"}, []),
        ({"conda_env": "{x}.yaml"}, []),
        ({"wrapper": "v5.0.0/bio/sort"}, []),
        ({"basedir": "https://host/flow", "script": "s.py"}, []),
    ],
)
def test_a_rule_s_files_are_relative_to_its_snakefile(
    attributes: dict[str, Any], found: list[str]
) -> None:
    assert named(workflow(rule(**attributes))) == found


@pytest.mark.parametrize(
    ("wrapper", "prefix"),
    [("file:/w/sort", None), ("sort", "file:///w/"), ("sort", "/w/")],
)
def test_a_local_wrapper_may_be_in_any_language(wrapper: str, prefix: str | None) -> None:
    settings = SimpleNamespace(wrapper_prefix=prefix)
    found = named(workflow(rule(wrapper=wrapper), workflow_settings=settings))
    assert found == [f"/w/sort/wrapper.{ending}" for ending in ("py", "R", "Rmd", "jl")]


def test_an_unreadable_rule_loses_only_its_own_files() -> None:
    assert named(workflow(SimpleNamespace(), rule(script="s.py"))) == ["/flow/rules/s.py"]


def test_the_workflow_s_own_modules_are_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in [
        ("of_the_flow", "/flow/lib/helper.py"),
        ("installed_below", "/flow/venv/lib/site-packages/other.py"),
        ("compiled", "/flow/lib/fast.so"),
        ("elsewhere", "/elsewhere/helper.py"),
        ("snakemake_executor_plugin_x", "/flow/snakemake_executor_plugin_x.py"),
        ("without", None),
    ]:
        module = ModuleType(name)
        module.__file__ = path
        monkeypatch.setitem(sys.modules, name, module)
    assert named(workflow()) == ["/flow/lib/helper.py"]


def test_the_number_of_sources_is_limited() -> None:
    flow = workflow(*(rule(script=f"{number}.py") for number in range(1000)))
    found = paths_of(flow, (), "/began")
    assert len(found) == 500
    assert found[:2] == ("/flow/Snakefile", "/flow/rules/0.py")


def test_a_workflow_without_attributes_has_no_sources() -> None:
    assert paths_of(SimpleNamespace(), (), "/began") == ()


# -- digests --------------------------------------------------------------------------------------


def digests_of(*paths: Path, workdir: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    digests(map(str, paths), workdir, found, lambda _path, digest: digest)
    return found


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def test_a_path_below_the_working_directory_is_relative_to_it(tmp_path: Path) -> None:
    workdir, outside = tmp_path / "work", tmp_path / "outside.smk"
    (workdir / "rules").mkdir(parents=True)
    script = workdir / "s.py"
    script.write_bytes(b"a")
    outside.write_bytes(b"b")
    assert digests_of(workdir / "rules" / ".." / "s.py", outside, workdir=workdir) == {
        "s.py": sha256(b"a"),
        str(outside): sha256(b"b"),
    }


def test_missing_special_and_large_files_are_left_out(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    with open(large, "wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    odd = tmp_path / "a\0b"
    assert digests_of(tmp_path / "none", tmp_path, pipe, large, odd, workdir=tmp_path) == {}
