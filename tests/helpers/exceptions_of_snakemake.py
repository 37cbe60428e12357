"""One error of each exception class of Snakemake, as Snakemake itself words it."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import snakemake.exceptions as of_snakemake
from snakemake.io import IOFile

SNAKEFILE = "Snakefile"
OLD_STORAGE = (
    *("RemoteFileException", "HTTPFileException", "FTPFileException", "S3FileException"),
    *("AzureFileException", "SFTPFileException", "DropboxFileException", "XRootDFileException"),
    *("NCBIFileException", "WebDAVFileException", "ZenodoFileException"),
)


class _Rule(SimpleNamespace):
    def __str__(self) -> str:
        return self.name


RULE = _Rule(name="map", lineno=3, snakefile=SNAKEFILE, workflow=SimpleNamespace(linemaps={}))


class _Job(SimpleNamespace):
    def __str__(self) -> str:
        return self.rule.name


def _job(rule: str = "map", output: str = "map.txt") -> Any:
    named = _Rule(name=rule, lineno=3, snakefile=SNAKEFILE)
    return _Job(
        rule=named,
        input=["in.txt"],
        output=[IOFile(output)],
        wildcards={},
        _format_wildcards={},
    )


def _of_rule(text: str) -> Callable[[Any], BaseException]:
    return lambda class_: class_(text, lineno=3, snakefile=SNAKEFILE)


def _plain(text: str) -> Callable[[Any], BaseException]:
    return lambda class_: class_(text)


EXAMPLES: dict[str, Callable[[Any], BaseException]] = {
    "AmbiguousRuleException": lambda class_: class_(IOFile("x.txt"), _job("a"), _job("b")),
    "CacheMissException": _plain("job has not been cached"),
    "CheckSumMismatchException": _plain("genome.fa: expected 00, got 11"),
    "ChildIOException": lambda class_: class_(parent="results", child="results/x.txt"),
    "CliException": _plain(
        "Error parsing number of cores (--cores, -c): must be integer or 'all'."
    ),
    "ClusterJobException": lambda class_: class_(
        SimpleNamespace(job=_job(), jobid="77", jobscript="j.sh"), 3
    ),
    "CreateCondaEnvironmentException": _plain("Could not create conda environment from env.yaml:"),
    "CreateRuleException": _of_rule("The name map is already used by another rule"),
    "CyclicGraphException": lambda class_: class_("map", "map.txt", rule=RULE),
    "IOException": lambda class_: class_("Files that are not as expected", _job(), [IOFile("x")]),
    "IOFileException": _of_rule("unterminated subpattern at position 0 in wildcard statement"),
    "ImproperOutputException": lambda class_: class_(_job(), [IOFile("map.txt")]),
    "ImproperShadowException": lambda class_: class_(RULE),
    "IncompleteCheckpointException": lambda class_: class_(RULE, IOFile("names.txt")),
    "IncompleteFilesException": lambda class_: class_([IOFile("map.txt")]),
    "InputFunctionException": lambda class_: class_(KeyError("S1"), {"sample": "S1"}, rule=RULE),
    "InputOpenException": lambda class_: class_(IOFile("in.txt")),
    "LockException": lambda class_: class_(),
    "LookupError": lambda class_: class_("Dpath not found.", dpath="samples/S1"),
    "MissingInputException": lambda class_: class_(_job(), [IOFile("in.txt")]),
    "MissingOutputException": lambda class_: class_(
        "Missing files after 5 seconds. This might be due to filesystem latency. If that is the "
        "case, consider to increase the wait time with --latency-wait:\n"
        "map.txt (missing locally, parent dir not present)",
        rule=RULE,
        jobid=3,
    ),
    "MissingOutputFileCachePathException": lambda class_: class_(),
    "MissingRuleException": lambda class_: class_(IOFile("x.txt")),
    "NestedCoroutineError": _plain("async code was called from async code"),
    "NoRulesException": lambda class_: class_(),
    "PeriodicWildcardError": _of_rule(
        "The value .txt in wildcard n is periodically repeated (a.txt.txt). This would lead to an "
        "infinite recursion."
    ),
    "ProtectedOutputException": lambda class_: class_(_job(), [IOFile("map.txt")]),
    "ResourceConstraintError": _plain("Resource 'gpu' of type 'str' was constrained by 1."),
    "ResourceConversionError": lambda class_: class_.format("mem_mb", "x y"),
    "ResourceDuplicationError": lambda class_: class_(["mem", "mem_mb"]),
    "ResourceError": _plain("Resource gpu: 2 needed, 1 given"),
    "ResourceInsufficiencyError": lambda class_: class_(["runtime"], "\tgpu: 2/1"),
    "ResourceScopesException": lambda class_: class_("Invalid resource scopes", "mem=x"),
    "ResourceValidationError": _plain("Resource 'mem_mb' assigned invalid value [1]."),
    "RuleException": _of_rule("Only input files can be specified as functions"),
    "SourceFileError": _plain("path must be given"),
    "SpawnedJobError": lambda class_: class_(),
    "TerminatedException": lambda class_: class_(),
    "UndefinedPathvarException": _plain("Undefined pathvar 'x' when expanding pathvars in <x>/y."),
    "UnknownRuleException": lambda class_: class_("mapp", prefix="Error in ruleorder definition."),
    "WildcardError": _plain("No values given for wildcard 'sample'."),
    "WorkflowError": _of_rule("Can only use unpack() on list and dict, but 3 was returned."),
    **dict.fromkeys(OLD_STORAGE, _plain("it does not exist in storage")),
}


def classes() -> list[type[BaseException]]:
    """Return the exception classes that the module defines or re-exports, by name."""
    found = (one for one in vars(of_snakemake).values() if isinstance(one, type))
    own = (one for one in found if issubclass(one, BaseException))
    return sorted(
        (
            one
            for one in own
            if one.__module__ == of_snakemake.__name__ or one.__name__ == "WorkflowError"
        ),
        key=lambda one: one.__name__,
    )


def worded() -> Iterator[tuple[str, str]]:
    """Yield the name of each class, and what Snakemake prints when it is raised."""
    for class_ in classes():
        error = EXAMPLES[class_.__name__](class_)
        lines = {SNAKEFILE: {3: 3}}
        yield class_.__name__, of_snakemake.format_exception_to_string(error, lines)
