"""What surrounds a workflow: hooks, software environments, storage."""

import shutil
from importlib.util import find_spec

from cases import LOCAL, Call, Case, all_succeeded, on_a_cluster, statuses
from lab import the_attempt

from snakemake_logger_plugin_observe.run.model import Run

HOOKS = """
    onstart:
        print("onstart is check", len(log), "log")
        shell("sleep 0.1; echo start > start.txt")
    onsuccess:
        shell("echo success; wc -w <<< '{log}' > success.txt; grep -c Finished {log} >> success.txt")
    onerror:
        shell("wc -w <<< '{log}' > error.txt; grep -c 'Error in rule' {log} >> error.txt; cp {log} mailed.txt")
    rule all:
        output: "out.txt"
        shell: "TOOL"
"""


def hooks_were_timed(*names: str) -> object:
    def check(run: Run) -> None:
        assert [phase.detail for phase in run.phases if phase.phase == "hooks"] == list(names)

    return check


CONDA = """#!/usr/bin/env python3
import os, pathlib, sys
words = sys.argv[1:]
if words[:2] == ["info", "--json"]:
    print('{"conda_prefix": "@HERE@/work", "root_prefix": "@HERE@/work", "platform": "linux-64"}')
elif words == ["info", "--base"]:
    print("@HERE@/work")
elif words[:1] == ["--version"]:
    print("conda 24.7.1")
elif words[:3] == ["config", "--show", "channel_priority"] or words[:2] == ["config", "--get"]:
    print('{"channel_priority": "strict", "get": {"channel_priority": "strict"}}')
elif words[:2] == ["env", "create"] or words[:1] == ["create"]:
    prefix = next((words[i + 1] for i, w in enumerate(words) if w in ("--prefix", "-p")), None)
    prefix = prefix or next(w.split("=", 1)[1] for w in words if w.startswith("--prefix="))
    pathlib.Path(prefix, "bin").mkdir(parents=True)
    pathlib.Path(prefix, "conda-meta").mkdir()
    tool = pathlib.Path(prefix, "bin", "deployed-tool")
    tool.write_text("#!/bin/sh\\necho deployed\\n")
    tool.chmod(0o755)
elif words[:1] in (["list"], ["clean"]):
    pass
else:
    sys.exit(f"conda stand-in: {words}")
"""
ACTIVATE = """
export CONDA_PREFIX="$1"
export PATH="$1/bin:$PATH"
"""
MODULECMD = """
module() { case "$1" in load) export PATH="@HERE@/work/modules/$2:$PATH" ;; esac; }
"""


APPTAINER = """#!/bin/sh
# Runs in no container at all: the last three arguments are a shell, -c and the command.
case "$1" in
    --version) echo "apptainer version 1.3.0" ;;
    pull) while [ "$1" != --name ]; do shift; done; touch "$2" ;;
    exec) while [ $# -gt 3 ]; do shift; done; exec "$@" ;;
    *) echo "apptainer stand-in: $*" >&2; exit 1 ;;
esac
"""


def deployed(run: Run) -> None:
    all_succeeded(run)
    phases = [phase.phase for phase in run.phases]
    assert "deploy" in phases
    assert any(message.kind == "deploying" for message in run.messages)


def needs_storage() -> str | None:
    if find_spec("snakemake_storage_plugin_fs") is None:
        return "snakemake-storage-plugin-fs is not installed"
    return None if shutil.which("rsync") else "rsync is not here"


STORAGE = """
    storage:
        provider="fs"
    rule all:
        input: storage.fs("@HERE@/store/mid.txt")
        output: storage.fs("@HERE@/store/out.txt")
        shell: "cp {input} {output}"
    rule mid:
        input: storage.fs("@HERE@/store/in.txt")
        output: storage.fs("@HERE@/store/mid.txt")
        shell: "cp {input} {output}"
"""
FILL = "mkdir -p @HERE@/store; echo stored > @HERE@/store/in.txt"
DEFAULT = """
    rule all:
        input: "in.txt"
        output: "out.txt"
        shell: "cp {input} {output}"
"""
PROVIDER = ("--default-storage-provider", "fs", "--default-storage-prefix", "@HERE@/store")


def files_were_fetched_and_stored(run: Run) -> None:
    assert run.status() == "success"
    assert statuses(run) == {"all": ["success"], "mid": ["success"]}
    for rule in ("all", "mid"):
        assert {"stage_in", "compute", "stage_out"} <= set(the_attempt(run, rule).phases)
    kinds = {message.kind for message in run.messages}
    assert {"retrieving", "stored"} & kinds or on_a_cluster(run)


def one_was_staged(run: Run) -> None:
    assert run.status() == "success"
    assert statuses(run) == {"all": ["success"]}
    attempt = the_attempt(run, "all")
    assert {"stage_in", "compute", "stage_out"} <= set(attempt.phases)
    assert attempt.phases["stage_in"] > 1000


CASES = [
    Case(
        "hooks-success",
        "hooks: onstart and onsuccess",
        HOOKS.replace("TOOL", "touch {output}"),
        check=hooks_were_timed("onstart", "onsuccess"),
    ),
    Case(
        "hooks-error",
        "hooks: onerror",
        HOOKS.replace("TOOL", "exit 3"),
        calls=(Call(code=1),),
        loose=("mailed.txt",),
        check=hooks_were_timed("onstart", "onerror"),
    ),
    Case(
        "no-hooks",
        "hooks: --no-hooks",
        HOOKS.replace("TOOL", "touch {output}"),
        calls=(Call(("--no-hooks",)),),
        check=hooks_were_timed(),
        executors=(LOCAL,),
        sample="",
    ),
    Case(
        "conda",
        "environments: conda, with a stand-in for its command",
        "rule all:\n    output: 'out.txt'\n    conda: 'env.yaml'\n    shell: 'deployed-tool > {output}'\n",
        {
            "env.yaml": "channels: [conda-forge]\ndependencies: [nothing]\n",
            "bin/conda": CONDA,
            "bin/activate": ACTIVATE,
        },
        common=("--sdm", "conda"),
        check=deployed,
    ),
    Case(
        "container",
        "environments: container, with a stand-in for apptainer",
        "rule all:\n    output: 'out.txt'\n    container: 'docker://some/image:1'\n    shell: 'echo x > {output}'\n",
        {"bin/apptainer": APPTAINER, "bin/singularity": APPTAINER},
        common=("--sdm", "apptainer"),
        check=deployed,
    ),
    Case(
        "envmodules",
        "environments: envmodules, with a stand-in for module",
        "rule all:\n    output: 'out.txt'\n    envmodules: 'tool'\n    shell: 'loaded-tool > {output}'\n",
        {
            "modules/tool/bin/loaded-tool": "#!/bin/sh\necho loaded\n",
            "env.sh": MODULECMD.replace("$2:", "$2/bin:"),
        },
        common=("--sdm", "env-modules"),
        environment={"BASH_ENV": "@HERE@/work/env.sh"},
        check=all_succeeded,
    ),
    Case(
        "storage",
        "storage: fs, by storage()",
        STORAGE,
        calls=(Call(before=FILL),),
        needs=needs_storage,
        check=files_were_fetched_and_stored,
    ),
    Case(
        "storage-default",
        "storage: fs, as default provider",
        DEFAULT,
        calls=(Call(before=FILL),),
        common=PROVIDER,
        needs=needs_storage,
        check=one_was_staged,
    ),
    Case(
        "storage-kept",
        "storage: --keep-storage-local-copies",
        STORAGE,
        calls=(
            Call(("--keep-storage-local-copies",), before=FILL),
            Call(("--keep-storage-local-copies",), says="Nothing to be done"),
        ),
        needs=needs_storage,
        executors=(LOCAL,),
        sample="",
    ),
    Case(
        "storage-not-retrieved",
        "storage: retrieve=False",
        STORAGE.replace('in.txt")', 'in.txt", retrieve=False)'),
        calls=(Call(before=FILL),),
        needs=needs_storage,
        executors=(LOCAL,),
        sample="",
    ),
    Case(
        "storage-missing",
        "storage: an input that is not there",
        STORAGE,
        calls=(Call(code=1),),
        needs=needs_storage,
        executors=(LOCAL,),
        sample="",
    ),
]
