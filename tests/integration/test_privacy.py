"""Real runs with secrets in every place: none is in any file that is written."""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lab import BOTH, Lab
from privacy_table import place
from secret_texts import SECRET, SHAPES

DECLARED = "Zx81-declared-q7"
NAMED = SECRET
KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA"
KEY = "\n".join([*[KEY_LINE] * 40, "Zx81q7lastLine=="])
ENVIRONMENT = {"API_SECRET": DECLARED}


def written(lab: Lab) -> str:
    """Return everything that is in our folder, names of files included."""
    files = [path for path in (lab.folder / ".snakemake/observe").rglob("*") if path.is_file()]
    texts = [path.read_text(errors="replace") for path in files if "digest-key" not in path.name]
    assert texts
    return "\n".join([*map(str, files), *texts])


def journal(lab: Lab) -> str:
    """Return the newest journal, which must be valid."""
    lab.run(lab.journals[-1])
    return lab.journals[-1].read_text()


@place(
    "`envvars:`, with its value in the command, params, resources, a log, an error, a tag, a "
    "target, the paths of inputs, outputs and logs, and so in keys of `input_sizes`",
    held="`***` in values and in keys; the journal is valid",
)
def test_a_declared_value_is_in_no_file(lab: Lab) -> None:
    (lab.folder / f"in-{DECLARED}.txt").write_text("x")
    lab.snakefile(
        """
        envvars: "API_SECRET"
        import os
        S = os.environ["API_SECRET"]
        rule all:
            input: f"out-{S}.txt", "failed.txt"
        rule one:
            input: f"in-{S}.txt"
            output: "out-{what}.txt"
            log: "log-{what}.txt"
            params: secret=S
            resources: note=S, api_token="hunter2X9q"
            shell: "echo {params.secret} > {log}; cp {input} {output}"
        rule two:
            output: "failed.txt"
            log: "two.log"
            params: secret=S
            shell: "printf '%s' {params.secret} > {log}; echo {params.secret} >&2; exit 3"
        """
    )
    flags = ("--cores", "1", "--keep-going", "--logger-observe-tag", f"who={DECLARED}")
    lab.snakemake(*BOTH, *flags, "--", "all", f"out-{DECLARED}.txt", check=False, **ENVIRONMENT)
    assert DECLARED not in written(lab)
    assert NAMED not in written(lab)
    assert '"in-***.txt"' in journal(lab)
    (failed,) = [one for one in lab.run().attempts.values() if one.status == "failed"]
    assert [tail.lines for tail in failed.logs] == [("***",)]


@place(
    "`--config`, `--default-resources`, `--set-resources`, a tag, a profile, the environment, under "
    "a name that says so; an environment that a tool prints",
    held="`***`, with the names",
)
def test_what_stands_under_a_secret_s_name_is_in_no_file(lab: Lab) -> None:
    profile = lab.folder / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text(f'config:\n  - "profile_password={NAMED} x"\n')
    lab.snakefile(
        """
        rule all:
            output: "out.txt"
            log: "all.log"
            params: token=config["db"]["password"]
            shell: "env | grep WANDB > {log}; cat {log} >&2; echo $OTHER_WORD >&2; exit 4"
        """
    )
    lab.snakemake(
        *BOTH,
        *("--cores", "1", "--profile", "profile"),
        *("--config", f"api_token={NAMED} b", f"db={{'password': '{NAMED}', 'port': 1}}"),
        *("--default-resources", f"api_token='{NAMED}'", "--set-resources"),
        *(f"all:db_password='{NAMED}'", "--logger-observe-tag", f"token={NAMED}"),
        check=False,
        WANDB_API_KEY=NAMED,
        OTHER_WORD=f"says {NAMED} too",
    )
    assert NAMED not in written(lab)
    started = lab.run().started
    assert started is not None
    assert started.tags == {"token": "***"}
    assert "WANDB_API_KEY=***" in journal(lab)


@place(
    "a shell command and a log, in each shape below",
    held="what the table of shapes shows; lines keep their numbers",
)
def test_shapes_in_commands_and_logs_are_in_no_file(lab: Lab) -> None:
    secrets = [shape.secret.replace(SECRET, f"{SECRET}{n:02}") for n, shape in enumerate(SHAPES)]
    texts = [one.text.replace("{}", secret) for one, secret in zip(SHAPES, secrets, strict=True)]
    (lab.folder / "texts.json").write_text(json.dumps(texts))
    (lab.folder / "say.py").write_text(SAY)
    lab.snakefile(
        """
        import json, sys
        TEXTS = json.load(open("texts.json"))
        rule all:
            input: [f"{n}.txt" for n in range(0, len(TEXTS), 10)]
        rule say:
            output: "{n}.txt"
            log: "{n}.log"
            params: texts=lambda wildcards: "\\n#".join(TEXTS[int(wildcards.n):int(wildcards.n) + 10])
            shell: "{sys.executable} say.py {wildcards.n} {log} # {params.texts}"
        """
    )
    lab.snakemake(*BOTH, "--cores", "2", "--keep-going", check=False)
    text = journal(lab)
    assert [s.what for s, secret in zip(SHAPES, secrets, strict=True) if secret in text] == []
    failed = [one for one in lab.run().attempts.values() if one.status == "failed"]
    assert len(failed) == len(range(0, len(texts), 10))
    assert all(one.logs[0].lines for one in failed)


SAY = """
import json, sys
n = int(sys.argv[1])
for text in json.load(open("texts.json"))[n:n + 10]:
    print(text, file=sys.stderr)
    with open(sys.argv[2], "a") as log:
        log.write(text + "\\n")
sys.exit(1)
"""


@place(
    "a private key in a log: whole, or so long ago that only its end is in what is read",
    held="each of its lines is `***`",
)
@pytest.mark.parametrize("filler", [0, 300])
def test_no_line_of_a_private_key_is_in_a_file(lab: Lab, filler: int) -> None:
    begin = "-----BEGIN PRIVATE KEY-----\n" + f"{KEY_LINE}\n" * filler
    log = f"reading\n{begin}{KEY}\n-----END PRIVATE KEY-----\ndone\n"
    (lab.folder / "key.txt").write_text(log)
    lab.snakefile(
        """
        rule all:
            output: "out.txt"
            log: "all.log"
            shell: "cat key.txt > {log}; exit 1"
        """
    )
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    assert KEY_LINE not in written(lab)
    assert "Zx81q7" not in written(lab)
    (failed,) = lab.run().attempts.values()
    assert failed.logs[0].lines == (*["***"] * 19, "done")


@place(
    "a declared value at which a text is cut (500 characters of a log's line, 2,000 of an error)",
    held="`***`: it is masked before the text is cut",
)
def test_no_part_of_a_value_is_left_where_a_text_is_cut(lab: Lab) -> None:
    lab.snakefile(
        """
        envvars: "API_SECRET"
        import os
        rule all:
            output: "out.txt"
            log: "all.log"
            run:
                open(log[0], "w").write("x" * 490 + os.environ["API_SECRET"] + "\\n")
                raise ValueError("y" * 480 + os.environ["API_SECRET"] + "z" * 4000)
        """
    )
    lab.snakemake(*BOTH, "--cores", "1", check=False, **ENVIRONMENT)
    assert DECLARED[:6] not in written(lab)


@place(
    "a message of a tool on a node whose run was killed: its fragment stays",
    held="`***`: the node masks what it writes",
)
@pytest.mark.cold
def test_a_fragment_that_stays_has_no_secret(lab: Lab) -> None:
    lab.snakefile(
        """
        envvars: "API_SECRET"
        import os
        rule all:
            output: "out-{what}.txt"
            run:
                open("running", "w").close()
                import time
                while not os.path.exists("go"): time.sleep(0.05)
                raise ValueError("no entry for " + os.environ["API_SECRET"] + " --token hunter2X9q")
        """
    )
    killed_while_a_job_runs(lab, f"out-{DECLARED}.txt")
    assert "no entry for *** --token ***" in written(lab)
    assert DECLARED not in written(lab)


@place(
    "`envvars:` of a Snakefile that cannot be read: the value in an error of its Python, in the path "
    "of an include that is missing, in the command and the config; also where the declaration comes "
    "after a syntax error, and in an included file",
    held="`***`: what is declared is found in the frames of the error and in the Snakefiles' text",
)
@pytest.mark.parametrize(
    "snakefile",
    [
        'envvars: "API_SECRET"\nimport os\nraise ValueError("x " + os.environ["API_SECRET"])\n',
        'envvars: "API_SECRET"\nimport os\ninclude: "n/" + os.environ["API_SECRET"] + ".smk"\n',
        'envvars: "API_SECRET"\nrule a:\n    output: "x"\nrule a:\n    output: "y"\n',
        'envvars: "API_SECRET", "NOWHERE"\n',
        'NAMES = ["API_SECRET", "NOWHERE"]\nenvvars: *NAMES\n',
        'rule a:\n    no such line\n\nenvvars:\n\n    # two\n    "OTHER",\n    "API_SECRET"\n',
        'include: "declares.smk"\nrule a: (\n',
    ],
)
def test_a_declared_value_is_in_no_file_if_the_snakefile_cannot_be_read(
    lab: Lab, snakefile: str
) -> None:
    (lab.folder / ".snakemake").mkdir()
    (lab.folder / "declares.smk").write_text('envvars: "API_SECRET"\n')
    lab.snakefile(snakefile)
    flags = ("--cores", "1", "--config", f"where=a/{DECLARED}")
    lab.snakemake(*BOTH, *flags, check=False, **ENVIRONMENT)
    assert "where=a/***" in journal(lab)
    assert DECLARED not in written(lab)


@place(
    "the same on a node, where the run was killed and the fragment stays",
    held="`***` in its error",
)
@pytest.mark.cold
def test_a_fragment_of_a_snakefile_that_cannot_be_read_has_no_secret(lab: Lab) -> None:
    lab.snakefile(
        """
        envvars: "API_SECRET"
        import os, sys, time
        if "--mode" in sys.argv:
            open("running", "w").close()
            while not os.path.exists("go"): time.sleep(0.05)
            raise ValueError("no entry for " + os.environ["API_SECRET"])
        rule all:
            output: "out.txt"
            shell: "touch {output}"
        """
    )
    killed_while_a_job_runs(lab)
    assert "no entry for ***" in written(lab)
    assert DECLARED not in written(lab)


def killed_while_a_job_runs(lab: Lab, *targets: str) -> None:
    """Kill a run on the cluster once its job waits, let that fail, and wait for its error."""
    main = subprocess.Popen(
        lab.command(*BOTH, *lab.cluster(), *targets),
        cwd=lab.folder,
        env=lab.environment(**ENVIRONMENT),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lab.folder / "running")
    os.kill(main.pid, signal.SIGKILL)
    main.wait()
    (lab.folder / "go").touch()
    deadline = time.monotonic() + 600
    while "no entry for" not in written(lab) and time.monotonic() < deadline:
        time.sleep(0.2)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 600
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@place(
    "job states that are announced to other logger plugins",
    held="`***` in the reason of a failure",
)
def test_announced_states_have_no_secret(lab: Lab) -> None:
    lab.snakefile(
        """
        envvars: "API_SECRET"
        import os
        rule all:
            output: "out.txt"
            run:
                raise ValueError("no entry for " + os.environ["API_SECRET"])
        """
    )
    flags = ("--logger", "observe", "recording", "--executor", "timed", "--timed-announce", "on")
    paths = (str(Path(__file__).parent / "plugins"), os.environ.get("PYTHONPATH"))
    found = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    lab.snakemake(*flags, "--cores", "1", check=False, **found)
    heard = (lab.folder / "heard.jsonl").read_text().splitlines()
    states = [state for line in heard if (state := json.loads(line)["state"]) is not None]
    reasons = [state.get("status_reason") or "" for state in states]
    assert any("no entry for ***" in reason for reason in reasons)
    assert DECLARED not in "".join(reasons)


DIGESTED = """
    rule all:
        output: "out.txt"
        params: pin=config["pin"]
        shell: "mysql -u ann -p1234 || touch {output}"
"""


@place(
    "digests of the config, of params, of a config file, of a command with a secret: guessed by "
    "trying all values",
    held="no digest that somebody else can compute; runs of the folder compare",
)
def test_a_short_value_cannot_be_found_by_trying(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Lab(tmp_path_factory.mktemp("other"))
    for one in (lab, other):
        (one.folder / "config.yaml").write_text("pin: 4711\n")
        one.snakefile('configfile: "config.yaml"\n' + DIGESTED.replace("\n    ", "\n"))
        for more in ((), ("--forceall",)):
            one.snakemake(*BOTH, "--cores", "1", *more)
    text = written(lab)
    for pin in ("4711", '"4711"', "pin: 4711\n", '{"pin": 4711}'):
        assert hashlib.sha256(pin.encode()).hexdigest()[:12] not in text
    key = (lab.folder / f".snakemake/observe/.digest-key-{os.geteuid()}").read_bytes()
    assert key.hex() not in text
    first, again = (lab.run(one).started for one in lab.journals)
    elsewhere = other.run(other.journals[0]).started
    assert first is not None
    assert again is not None
    assert elsewhere is not None
    assert first.config_digest == again.config_digest
    assert first.config_keys == again.config_keys
    assert first.config_keys != elsewhere.config_keys
    answer = lab.observe("compare", str(lab.journals[0]), str(other.journals[0])).stdout
    assert "cannot tell whether the configuration" in " ".join(answer.split())
    assert "config pin" not in answer


@place(
    "a log that the reader reads for an answer or a note",
    held="`***` for what looks like a secret; the reader knows no declared values",
)
def test_an_answer_that_quotes_a_log_has_no_secret(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            output: "out.txt"
            log: "all.log"
            shell: "echo starting > {log}; echo 'login failed: --password hunter2X9q' >> {log}; exit 1"
        """
    )
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    for arguments in (["triage"], ["jobs", "--failed"], ["triage", "--format", "json"]):
        answer = lab.observe(*arguments).stdout
        assert NAMED not in answer
        assert "--password ***" in answer
