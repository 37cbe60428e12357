"""What Snakemake's errors mean, and what to do about each: one table for every answer.

An entry fits an error that names one of its exceptions, if it lists any, and whose text has its
pattern, if it has one. The first that fits counts, so that a file that is missing inside an input
function is a missing file. Texts are filled in with the groups of the pattern and with

- ``{rule}``: ``rule map``, or ``a rule``;
- ``{at}``: `` at Snakefile:3``, or nothing; ``{place}``: the same, or ``the workflow``;
- ``{error}``: the error itself in short, ``{found}``: the line of it that has the pattern;
- ``{why_again}``: `` because ...``, why the rule's job had to run, or nothing;
- ``{similar}``: ``, but scripts/a.py was``, a file of a similar name, or nothing;
- ``{also}``, ``{protected}``, ``{them}``, ``{others}``: which other outputs are write-protected, all of them, and
  that there may be more;
- ``{missing}``, ``{supply}``: which inputs are not there, and how to supply them;
- ``{meant}``: ``: did you mean shell?``, the keyword of a rule that is most like, or nothing;
- ``{function}``, ``{values}``: ``function reads_of`` and `` for sample=S1``, or ``a function`` and
  nothing;
- ``{unreadable}``: ``config file config.yaml:2``, or ``a config file``;
- ``{made}``, ``{declare}``: which output is of the wrong type, and how to declare it.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Boundary = Literal["operating context", "storage and visibility", "workflow semantics"]

W: Final = "workflow semantics"
C: Final = "operating context"
S: Final = "storage and visibility"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of error: what is wrong, what to do, and what would refute it."""

    id: str
    where: Boundary
    cause: str
    to_do: str
    why: str
    exceptions: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    wrong_if: str = ""
    """Empty: the same command, or a dry run of it, ends without the error."""
    of_jobs: bool = False
    """Whether Snakemake also fails a single job with it, and no rule's code can have raised it."""


def _text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


_CALLED: Final = (
    r"(?:\nWildcards:\n(?P<values>(?:[ \t]+\w+=.*\n)*))?"
    r"(?:\n?Traceback:\n(?:.*\n)*?.*, in (?P<function>\w+))?"
)
"""For which wildcards, and in which function."""
_FILES: Final = r"affected files:\n(?P<files>(?:[ \t]+\S.*\n?)+)"

KINDS: Final = (
    # -- the working directory --
    Kind(
        "locked",
        C,
        "the working directory is locked: another Snakemake runs in it, or one was killed in it",
        "see whether another Snakemake runs in this directory, on any machine: if so, wait until it has ended; only if none does, run snakemake --unlock, then run again",
        "a run holds the lock until it ends, and one that was killed leaves it behind",
        (),
        _text(r"Directory cannot be locked"),
        "no lock is in .snakemake/locks",
    ),
    Kind(
        "incomplete_files",
        C,
        "{files} may be incomplete: an earlier run ended before it had finished writing",
        "see that no tool of that run still writes; then run the same command again with --rerun-incomplete (after snakemake --unlock, if it is reported that the directory is locked)",
        "an earlier run ended while it wrote these files, and Snakemake does not use them as they are",
        (),
        _text(r"Incomplete files:\n(?P<files>(?:.+\n?)+)"),
        "--list-untracked or the files themselves show that they were written by hand",
    ),
    Kind(
        "disk_full",
        S,
        "Snakemake could not write: {how}",
        "free space where the workflow writes, then run the same command again",
        "Snakemake could not write",
        (),
        _text(r"(?P<how>No space left on device|Disk quota exceeded)"),
        "df and quota show free space, and free inodes, where the workflow writes",
    ),
    Kind(
        "not_writable",
        S,
        "Snakemake could not write: {how}",
        "make the folder writable for the user who runs Snakemake, or let the workflow write elsewhere (--directory), then run again",
        "Snakemake could not write there",
        (),
        _text(r"(?P<how>(?:Read-only file system|Permission denied)(?:: '[^'\n]+')?)"),
        "the user who ran Snakemake can create a file there",
    ),
    Kind(
        "file_for_folder",
        S,
        "{file}, or a part of that path, is a file where a folder is needed",
        "find the part that is a file (namei {file}); rename or remove it, or correct the path, then run again",
        "a path cannot lead through a file",
        ("NotADirectoryError", "FileExistsError"),
        _text(r"(?:Not a directory|File exists): '(?P<file>[^'\n]+)'"),
        "namei shows only folders there",
    ),
    Kind(
        "folder_for_file",
        S,
        "{file} is a folder where a file is needed",
        "correct the path; an output that is a folder is declared with directory()",
        "a folder cannot be read or written as a file",
        ("IsADirectoryError",),
        _text(r"Is a directory: '(?P<file>[^'\n]+)'"),
        "ls -ld shows a file",
    ),
    Kind(
        "open_files",
        C,
        "Snakemake could open no more files: {how}",
        "raise the limit in the shell that starts Snakemake (ulimit -n 4096), or run fewer jobs at once",
        "each process may have only so many files open",
        (),
        _text(r"(?P<how>Too many open files(?: in system)?)"),
        "ulimit -n shows a limit of many thousands",
    ),
    Kind(
        "file_system",
        S,
        "the file system failed: {how}",
        "see that the file system is mounted and answers (ls, df), then run the same command again; ask its administrators if it fails again",
        "the operating system reported an error of the file system, not of the workflow",
        (),
        _text(
            r"(?P<how>(?:Input/output error|Stale file handle|Transport endpoint is not connected|Remote I/O error)(?:: '[^'\n]+')?)"
        ),
        "the same file can be read and written by hand",
    ),
    Kind(
        "output_folder",
        S,
        "Snakemake could not make the folder {folder} for an output",
        "correct the output's path, or make a folder there that the user who runs Snakemake can write to",
        "an output's folder must be there before its job starts",
        (),
        _text(r"Failed to create output directory (?P<folder>.+?)\.?$"),
        "mkdir makes that folder",
    ),
    # -- files --
    Kind(
        "protected_output",
        W,
        "{rule} has to run again{why_again}, but its output {files} is write-protected{also}",
        "if it is to be made again, make {protected} writable (chmod u+w) or remove {them}{others}; if it is not, undo what made it run again: a newer input, or changed code or parameters",
        "Snakemake overwrites no write-protected output: one that is protected(), or was copied with the mode of a protected file",
        ("ProtectedOutputException",),
        _text(_FILES),
        "the file is writable for the user who ran Snakemake",
        of_jobs=True,
    ),
    Kind(
        "output_type",
        W,
        "{rule} made {made}",
        "{declare}",
        "its command ended well, and what it made is of the other type",
        ("ImproperOutputException",),
        _text(_FILES),
        "the command of {rule} makes {files} as its rule declares it",
        of_jobs=True,
    ),
    Kind(
        "child_of_output",
        W,
        "output {child} of rule {inner} is inside the folder {parent}, which is an output of rule {outer}",
        "move one of the two outputs out of the other, or let one rule make both as one directory()",
        "Snakemake removes an output before its job runs, and with a folder what is in it",
        ("ChildIOException",),
        _text(
            r"child to another output:\n\(\w*Path\('(?P<parent>.+)'\), (?P<outer>\w+)\)"
            r"\n\(\w*Path\('(?P<child>.+)'\), (?P<inner>\w+)\)"
        ),
        "the two outputs are in different folders",
    ),
    Kind(
        "child_of_output",
        W,
        "output {child} is inside the folder {parent}, which is an output of its own",
        "move one of the two outputs out of the other, or let one rule make both as one directory()",
        "Snakemake removes an output before its job runs, and with a folder what is in it",
        ("ChildIOException",),
        _text(r"child to another output:\n(?P<parent>.+)\n(?P<child>.+)"),
        "the two outputs are in different folders",
    ),
    Kind(
        "missing_input",
        W,
        "{rule} needs {missing}{of_job}",
        "{supply}, then run again",
        "Snakemake runs nothing until all source files exist",
        ("MissingInputException",),
        _text(_FILES),
    ),
    Kind(
        "input_gone",
        S,
        "{rule} was to start, and did not find its input {files}",
        "find out what removed {files} or keeps it invisible here, then run again",
        "Snakemake had planned with the file, and waited for it in vain",
        (),
        _text(r"^(?:\w*Error: )?Missing files after \d+ seconds[^\n]*\n(?P<files>(?:.+\n?)+)"),
        of_jobs=True,
    ),
    Kind(
        "input_deleted",
        S,
        "{rule} could not open its input {files}",
        "find out what removed {files} after Snakemake had planned with it; then run again",
        "the file was there when Snakemake looked for it, and could not be opened later",
        (),
        _text(
            r"Failed to open input file(?: even after download from remote storage)?: (?P<files>[^\n]+?)\. Has it been deleted"
        ),
        of_jobs=True,
    ),
    Kind(
        "input_deleted",
        S,
        "a function of {rule} could not open an input file",
        "find out what removed the input after Snakemake had planned with it; then run again",
        "a function may read its inputs only once they exist",
        ("InputOpenException",),
        of_jobs=True,
    ),
    Kind(
        "missing_output",
        W,
        "{rule} ended well, but did not make {files}",
        "make {rule} write the outputs that it declares, or correct the declaration; if the file is there by now, wait longer for it (--latency-wait)",
        "its command returned without an error",
        ("MissingOutputException",),
        _text(r"Missing files after \d+ seconds[^\n]*\n(?P<files>(?:.+\n?)+)"),
    ),
    Kind(
        "invalid_output",
        W,
        "{rule} made {files} empty, which its ensure(non_empty=True) forbids",
        "find out why its command wrote nothing and ended without an error; if an empty file is right, take ensure() away",
        "its command returned without an error",
        (),
        _text(r"Detected unexpected empty output files[^\n]*\n(?P<files>(?:[^(\n]+\n?)+)"),
    ),
    Kind(
        "invalid_output",
        W,
        "{rule} made {files} with another checksum than its ensure() declares",
        "compare the file with the expected one: a download that was cut off, or another version of it; else correct the checksum in ensure()",
        "its command returned without an error",
        (),
        _text(
            r"Output files have checksums that differ[^\n]*\n?[^\n]*:\n(?P<files>(?:[^(\n]+\n?)+)"
        ),
    ),
    Kind(
        "ensure_function",
        W,
        "the function that gives {rule} the checksum for ensure() failed: {how}",
        "correct that function{at}: it gets the wildcards of the job",
        "Snakemake calls it when the output is there",
        (),
        _text(r"Error calling checksum function provided to ensure marker[^\n]*\n(?P<how>.+)"),
        of_jobs=True,
    ),
    Kind(
        "output_older",
        S,
        "output {files} of {rule} is older than its input",
        "find out which clock is wrong: that of this machine, of the node, or of the file server; touch the output if it is right",
        "Snakemake compares modification times, and would make it again in every run",
        (),
        _text(r"Output (?P<files>\S+) has older modification time"),
        "ls --full-time shows the output as newer than its inputs",
        of_jobs=True,
    ),
    Kind(
        "checksum",
        S,
        "a file does not have the checksum that was expected: {error}",
        "fetch the file again, and compare its checksum with the one that its source publishes",
        "a download may have been cut off, or its source may have changed",
        ("CheckSumMismatchException",),
    ),
    # -- files that the workflow names --
    Kind(
        "missing_script",
        W,
        "{rule} names {file}, which was not there{similar}",
        "correct the name of the {code} in {rule} (relative to the Snakefile that names it), or put {file} there",
        "Snakemake reads a rule's script or notebook before its job runs",
        ("FileNotFoundError",),
        _text(
            r"No such file or directory: '(?P<file>[^'\n]+\.(?:py|R|r|Rmd|jl|rs|sh|bash|ipynb|hs|xsh|pl|rb|m))'"
        ),
        "ls shows the file",
    ),
    Kind(
        "missing_snakefile",
        W,
        "the workflow includes {file}, which was not there{similar}",
        "correct the name in include: or module{at} (relative to the Snakefile that names it), or put {file} there",
        "Snakemake reads all its parts before it plans",
        ("FileNotFoundError",),
        _text(r"No such file or directory: '(?P<file>[^'\n]*(?:\.smk|\.snakefile|Snakefile))'"),
        "ls shows the file",
    ),
    Kind(
        "missing_config",
        W,
        "the config file {file} was not there{similar}",
        "put it there, or name the one to use with --configfile; paths are relative to the working directory",
        "the workflow reads it before anything else",
        (),
        _text(r"Workflow defines configfile (?P<file>\S+) but it is not present"),
        "ls shows the file",
    ),
    Kind(
        "missing_file",
        W,
        "{place} reads {file}, which was not there{similar}",
        "put {file} there, or correct its path in the config or at {place}; validate() takes a path relative to the Snakefile, open() and the config relative to the working directory",
        "it is read while Snakemake plans, and so must be there before any job ran",
        ("FileNotFoundError",),
        _text(r"No such file or directory: '(?P<file>[^'\n]+)'"),
        "ls shows the file from the working directory",
    ),
    # -- the network --
    Kind(
        "network",
        C,
        "something that the workflow fetches could not be reached over the network: {found}",
        "see that this machine reaches that address (network, proxy, a cluster's node without internet), or use a copy that is on this machine; then run again",
        "no part of the workflow itself failed",
        (),
        _text(
            r"Could not resolve host|Name or service not known|Temporary failure in name resolution"
            r"|nodename nor servname|getaddrinfo failed|Failed to resolve|Network is unreachable"
            r"|No route to host|Connection (?:refused|reset|aborted|timed out)|Max retries exceeded"
            r"|Failed to establish a new connection|urlopen error|EndpointConnectionError"
            r"|Could not connect to the endpoint|ConnectTimeout|ReadTimeout|ProxyError|SSLError"
            r"|CERTIFICATE_VERIFY_FAILED|Remote end closed connection|Connection timed out"
        ),
        "curl fetches the same address from this machine",
    ),
    Kind(
        "network",
        C,
        "a server on the network refused a file: {found}",
        "see whether the address is right and the credentials are valid; then run again",
        "the server answered, and refused",
        (),
        _text(
            r"HTTP Error \d+|\b40[134] Client Error|AccessDenied|InvalidAccessKeyId|NoCredentialsError|Unable to locate credentials|\b5\d\d Server Error"
        ),
        "curl fetches the same address from this machine",
    ),
    Kind(
        "wrapper",
        W,
        "the wrapper {wrapper} was not found",
        "correct its version and name in wrapper:{at}, and see that this machine reaches the wrappers' repository",
        "Snakemake fetches a wrapper before its job runs",
        (),
        _text(
            r"Unable to locate wrapper script (?:in wrapper git repository \(|at )(?P<wrapper>[^)\s]+?)\)?\.?\s"
        ),
        "the repository of the wrappers has that version and name",
        of_jobs=True,
    ),
    Kind(
        "storage_plugin",
        C,
        "the workflow needs the package {package}, which is not installed where Snakemake runs",
        "install {package} in the environment that Snakemake runs in (with pip or conda), then run again",
        "storage providers, executors and loggers are packages of their own",
        ("InvalidPluginException",),
        _text(r"[Tt]he package (?P<package>\S+) is not installed"),
        "pip show finds the package in Snakemake's environment",
    ),
    Kind(
        "storage_plugin",
        C,
        "a plugin of Snakemake could not be loaded: {error}",
        "update the plugin and Snakemake together, or install the plugin anew",
        "the plugin does not fit this Snakemake",
        ("InvalidPluginException",),
    ),
    Kind(
        "storage_plugin",
        C,
        "no installed storage plugin fits {query}",
        "install the storage plugin for it in Snakemake's environment (snakemake-storage-plugin-...), or correct the query{at}",
        "each kind of remote storage is a package of its own",
        (),
        _text(r"No storage provider found for query (?P<query>\S+?)\.?(?:\s|$)"),
    ),
    Kind(
        "storage",
        S,
        "a file could not be fetched from the storage, or not be stored there: {error}",
        "see whether the storage can be reached with the same credentials from this machine, and whether the file is there; then run again",
        "no tool failed: Snakemake itself copies files from and to a storage",
        (
            *("RemoteFileException", "HTTPFileException", "FTPFileException", "S3FileException"),
            *("AzureFileException", "SFTPFileException", "DropboxFileException"),
            *("XRootDFileException", "NCBIFileException", "WebDAVFileException"),
            *("ZenodoFileException", "FileOrDirectoryNotFoundError"),
        ),
        None,
        "the storage's own client fetches the same file from this machine",
    ),
    Kind(
        "storage",
        S,
        "a file could not be fetched from the storage, or not be stored there: {error}",
        "see whether the storage can be reached with the same credentials from this machine, and whether the file is there; then run again",
        "no tool failed: Snakemake itself copies files from and to a storage",
        (),
        _text(
            r"Failed to (?:retrieve input from|store output in) storage|Error applying storage provider|Failed to (?:check existence|get (?:mtime|size)) of"
        ),
        "the storage's own client fetches the same file from this machine",
        of_jobs=True,
    ),
    # -- rules and targets --
    Kind(
        "ambiguous_rules",
        W,
        "rules {a} and {b} can both make {file}",
        "say which one is meant{at}: with ruleorder: {a} > {b} (or the other way round), with wildcard_constraints, or with outputs whose names differ",
        "Snakemake does not choose between rules",
        ("AmbiguousRuleException",),
        _text(r"Rules (?P<a>\S+) and (?P<b>\S+) are ambiguous for the file (?P<file>.+?)\.?$"),
        "the outputs of only one of the two match that file",
    ),
    Kind(
        "cyclic_rules",
        W,
        "{rule} needs, by way of its inputs, what it makes itself",
        "rename an output of {rule}, or constrain its wildcards, so that none of its inputs is made from its output",
        "a job cannot wait for itself",
        ("CyclicGraphException",),
    ),
    Kind(
        "endless_rules",
        W,
        "{rule} fits its own input again and again: wildcard {wildcard} grows with each round",
        "constrain wildcard {wildcard} in {rule} (wildcard_constraints), or give its output a name that its input does not fit",
        "Snakemake would plan jobs without end",
        ("PeriodicWildcardError",),
        _text(r"in wildcard (?P<wildcard>\S+) is periodically repeated"),
    ),
    Kind(
        "endless_rules",
        W,
        "planning did not come to an end: a rule needs what it makes itself, or a function calls itself",
        "find the rule or the function that repeats in the error{at}, and constrain the rule's wildcards or correct the function",
        "Snakemake would plan jobs without end",
        ("RecursionError",),
    ),
    Kind(
        "missing_rule",
        W,
        "no rule makes {file}, and it was not there",
        "correct the name of the target, on the command line or in the rule that needs it, or add a rule that makes it",
        "no rule makes what was requested",
        ("MissingRuleException",),
        _text(r"No rule to produce (?P<file>.+?) \(if you"),
        "snakemake --list-rules and the outputs of the rules show one that makes it",
    ),
    Kind(
        "missing_rule",
        W,
        "no rule makes one of the targets (a fault in this version of Snakemake hides which)",
        "correct the names of the targets on the command line; a newer Snakemake names the one that it cannot make",
        "this version fails while it words the message that no rule makes a target",
        ("AttributeError",),
        _text(r"'str' object has no attribute 'is_storage'"),
    ),
    Kind(
        "unknown_rule",
        W,
        "the workflow refers to rule {name}, which it does not define",
        "correct the name{at}, or include the file that defines it before that line",
        "a rule must be defined before it is named",
        (),
        _text(
            r"Rule (?P<name>\S+) is not defined in this workflow|There is no rule named (?P<other_name>\S+?)\.?$"
        ),
        "snakemake --list-rules shows the rule",
    ),
    Kind(
        "unknown_rule",
        W,
        "the workflow or the command line names a rule that is not defined: {error}",
        "correct the name{at}; snakemake --list-rules lists those that are",
        "a rule must be defined before it is named",
        ("UnknownRuleException",),
    ),
    Kind(
        "duplicate_rule",
        W,
        "two rules have the name {name}",
        "rename one of them{at}; if a module or an include brings it twice, import it once, or with a prefix (use rule * from m as m_*)",
        "a rule's name stands for one rule",
        ("CreateRuleException",),
        _text(r"The (?:name|rule) (?P<name>\S+) is (?:already used|imported)"),
    ),
    Kind(
        "duplicate_rule",
        W,
        "a rule could not be made: {error}",
        "correct the rule{at}",
        "two definitions contradict each other",
        ("CreateRuleException",),
    ),
    Kind(
        "no_rules",
        W,
        "the workflow has no rule",
        "see that the right Snakefile is read (-s), and that it defines at least one rule",
        "there is nothing to run",
        ("NoRulesException",),
    ),
    # -- wildcards and functions --
    Kind(
        "wildcards",
        W,
        "an input of {rule} has a wildcard that none of its outputs has: {wildcard}",
        "use {wildcard} in the output of {rule} too, or give it values with expand(){at}",
        "Snakemake takes the values of wildcards from the outputs that are asked for",
        ("WildcardError",),
        _text(
            r"Wildcards in (?:input|params|threads|resources|log|benchmark)[^\n]* cannot be determined from output files:[^\n]*\n(?P<wildcard>.+)"
        ),
    ),
    Kind(
        "wildcards",
        W,
        "expand() has no values for wildcard {wildcard}",
        "give expand() values for {wildcard}{at}, or double its braces to keep it as a wildcard",
        "expand() fills in every wildcard of its pattern",
        ("WildcardError",),
        _text(r"No values given for wildcard (?P<wildcard>.+?)\.?$"),
    ),
    Kind(
        "wildcards",
        W,
        "a wildcard of {rule} has no value: {error}",
        "correct the pattern{at}: every wildcard of a rule must be in its output",
        "Snakemake takes the values of wildcards from the outputs that are asked for",
        ("WildcardError",),
    ),
    Kind(
        "wildcards",
        W,
        "not all outputs, logs and benchmarks of {rule} have the same wildcards",
        "give each output:, log: and benchmark: of {rule} all its wildcards{at}",
        "otherwise several jobs would write the same file",
        (),
        _text(
            r"Not all output, log and benchmark files of rule (?P<of>\S+) contain the same wildcards"
        ),
    ),
    Kind(
        "wildcards",
        W,
        "the rule that was asked for has wildcards, and nothing gives their values",
        "name files as targets instead of the rule, or put a rule that lists them at the top of the workflow (rule all)",
        "Snakemake takes the values of wildcards from the files that are asked for",
        (),
        _text(r"Target rules may not contain wildcards"),
    ),
    Kind(
        "wildcards",
        W,
        "an output or a wildcard constraint of {rule} is no valid pattern: {error}",
        "correct the regular expression in the wildcard{at}",
        "a constraint is a regular expression of Python",
        ("IOFileException",),
    ),
    Kind(
        "lookup",
        W,
        "lookup() found nothing: {error}",
        "correct the query or the path in lookup(){at}, or add the entry to the config or the sample sheet that it reads, or give it a default",
        "the entry is not in what lookup() reads",
        ("LookupError",),
    ),
    Kind(
        "pathvars",
        W,
        "a path uses <{name}>, which is no path variable of the workflow",
        "define {name} under pathvars:, or correct the path{at}; a < that is meant as such is no part of a path here",
        "Snakemake replaces <name> in paths",
        (),
        _text(r"Undefined pathvar '(?P<name>[^'\n]+)'"),
    ),
    Kind(
        "pathvars",
        W,
        "a path uses a path variable that is not defined: {error}",
        "define it under pathvars:, or correct the path{at}",
        "Snakemake replaces <name> in paths",
        ("UndefinedPathvarException",),
    ),
    Kind(
        "checkpoint",
        W,
        "the output of a checkpoint is used before the checkpoint has run",
        "use checkpoints.NAME.get() only inside an input function, and pass the function by its name, without calling it{at}",
        "Snakemake calls the function again once the checkpoint has run",
        ("IncompleteCheckpointException",),
    ),
    Kind(
        "nested_coroutine",
        W,
        "a function of {rule} asks for something that Snakemake can only know while it runs: {error}",
        "take it out of the function{at}: use input.size_mb and the like in resources or params, not in an input function",
        "Snakemake cannot wait inside a function that it waits for",
        ("NestedCoroutineError",),
    ),
    Kind(
        "command_names",
        W,
        "the command of {rule} uses {{{name}}}, which is not defined there",
        "correct the name in the command of {rule}{at}, or double the braces ({{{{ }}}}) if they are the shell's or awk's",
        "Snakemake fills in braces in commands and messages",
        (),
        _text(r"The name '(?P<name>[^'\n]+)' is unknown in this context"),
        of_jobs=True,
    ),
    Kind(
        "command_names",
        W,
        "the command of {rule} refers to something that it does not have: {how}",
        "correct the name in the command of {rule}{at}: what it refers to must be in its wildcards, input, output, params or resources",
        "Snakemake fills in braces in commands and messages",
        (),
        _text(r"^(?P<how>.+), when formatting the following:$"),
        of_jobs=True,
    ),
    # -- config, environment and command line --
    Kind(
        "cores",
        C,
        "the number of cores is missing on the command line",
        "add --cores N (or --cores all) to the command, or cores: N to the profile",
        "Snakemake runs nothing locally without it",
        (),
        _text(
            r"cores have to be specified|Workflow requires a total number of cores to be defined"
        ),
        "the command line or a profile in use sets cores",
    ),
    Kind(
        "schema",
        C,
        "the {what} does not fit the workflow's schema: {how}{of_key}",
        "correct the {what} (or what --config sets), as the schema asks; {place} checks it",
        "the workflow validates it before it plans",
        (),
        _text(
            r"Error validating (?P<what>.+?)\.?\n+(?:\w*Error: )?(?P<how>.+)"
            r"(?:(?:\n.*){0,40}?\nOn instance(?P<of>\[.+\]):)?"
        ),
        "the value that the schema asks for is in the file that was read",
    ),
    Kind(
        "config_syntax",
        C,
        "{unreadable} cannot be read: it is no valid YAML or JSON",
        "correct the file's syntax (indentation without tabs, brackets, quotes); {place} reads it",
        "Snakemake could not parse it",
        (),
        _text(
            r"file is not valid JSON or YAML|Config file must be given as JSON or YAML|yaml\.\w+\.\w*Error"
        ),
        "another parser of YAML reads the file",
    ),
    Kind(
        "environment_variable",
        C,
        "the workflow needs environment variables that are not set: {files}",
        "export {files}, then run again",
        "the workflow declares them with envvars:",
        (),
        _text(
            r"environment variables are requested by the workflow but undefined[^\n]*\n(?P<files>(?:\w+\n?)+)"
        ),
        "printenv shows them in the shell that starts Snakemake",
    ),
    Kind(
        "snakemake_version",
        C,
        "the workflow needs Snakemake {wanted}, and this is {have}",
        "install Snakemake {wanted} or newer, or an older version of the workflow",
        "the workflow says so{at}",
        (),
        _text(
            r"Expecting Snakemake version (?P<wanted>\S+) or higher \(you are currently using (?P<have>[^)\s]+)\)"
        ),
        "snakemake --version shows a newer one",
    ),
    Kind(
        "python_module",
        C,
        "{place} imports {module}, which is not installed where Snakemake runs",
        "install {module} in the environment that Snakemake itself runs in: the conda: environments of rules do not count for code of the Snakefile",
        "Python did not find it",
        ("ModuleNotFoundError",),
        _text(r"No module named '(?P<module>[^'\n]+)'"),
        "python -c 'import ...' finds it with the Python that runs Snakemake",
    ),
    Kind(
        "deployment",
        C,
        "the software that makes environments or runs containers is not there: {error}",
        "make the program that it names available on the PATH where Snakemake runs (module load, activation), or leave --software-deployment-method (--sdm) out",
        "Snakemake asks for it before it plans",
        (),
        _text(
            r"Error running conda info|(?:apptainer|singularity|conda|mamba)\b.* (?:command has to be available|is not available|not found|to be installed)|must be available in order to use"
        ),
        "the command runs in the same shell",
    ),
    Kind(
        "deployment",
        C,
        "a software environment could not be created: {error}",
        "create it on a machine with network access (snakemake --conda-create-envs-only), and see which of its packages cannot be found",
        "its tools never started",
        ("CreateCondaEnvironmentException",),
        None,
        "conda creates the same environment by hand",
    ),
    Kind(
        "resources",
        C,
        "jobs that must run at the same time (a pipe or service group) need more than the run may use: {how}",
        "raise these limits (--cores, --resources), or lower what the group's rules request",
        "the members of such a group run at the same time, so their requests add up",
        (),
        _text(r"Excess Resources:\n\s*(?P<how>(?:.+\n?)+)"),
    ),
    Kind(
        "resources",
        C,
        "a job needs {name}={needs}, but the run has only {available}",
        "raise the limit (--cores for _cores, else --resources), or lower what the rule requests",
        "members of a pipe or service group run at the same time, so their requests add up",
        (),
        _text(
            r"Job needs (?P<name>\w+)=(?P<needs>\S+) but only \w+=(?P<available>\S+) are available"
        ),
    ),
    Kind(
        "resources",
        W,
        "{rule} names the same resource twice: {how}",
        "keep one of them{at}: mem and mem_mb, disk and disk_mb, runtime and its forms are the same resource",
        "they would contradict each other",
        (),
        _text(
            r"resources are equivalent and cannot be simultaneously provided to a rule:(?:',)? ?(?P<how>[^)\n]+)"
        ),
    ),
    Kind(
        "resources",
        W,
        "resource {name} of {rule} must be a number, and is {value}",
        "give {name} a number (or, for mem, disk and runtime, a text like 4GB or 2h) in {rule}{at}, in --resources, --set-resources or --default-resources",
        "limits are compared with numbers",
        (),
        _text(r"Resource '(?P<name>\w+)' must be assigned an int\. Got (?P<value>.+) \(type "),
    ),
    Kind(
        "resources",
        W,
        "a resource or the threads of {rule} have a value of the wrong type: {error}",
        "give a number (or, for mem, disk and runtime, a text like 4GB or 2h) in {rule}{at}, in --resources, --set-resources or --default-resources",
        "limits are compared with numbers",
        (
            *("ResourceConversionError", "ResourceValidationError", "ResourceConstraintError"),
            *("ResourceDuplicationError", "ResourceError"),
        ),
    ),
    Kind(
        "resources",
        C,
        "a group's resources do not fit the run's limits: {error}",
        "raise the limits (--cores, --resources), or lower what the group's rules request",
        "the members of a group run at the same time, so their requests add up",
        ("ResourceInsufficiencyError",),
    ),
    Kind(
        "resources",
        W,
        "a resource or the threads of {rule} have a value of the wrong type: {error}",
        "give a number (or, for mem, disk and runtime, a text like 4GB or 2h) in {rule}{at}, in --resources, --set-resources or --default-resources",
        "limits are compared with numbers",
        (),
        _text(
            r"Standard resource specified with invalid type|Resource \S+ is (?:of type|neither int)|Resources values have to be|Resource '\S+' assigned|was constrained by mismatched type|is not an integer|Threads must be given as an int|Threads value has to be"
        ),
    ),
    Kind(
        "function",
        W,
        "{function} of {rule} failed{values}: {how}",
        "add {key} to the config or the table that the function reads, or correct the function{at}",
        "Snakemake calls the functions of a rule (input, params, resources) while it plans",
        ("InputFunctionException",),
        _text(r"Error:\n\s*(?P<how>KeyError: (?P<key>.+))" + _CALLED),
    ),
    Kind(
        "function",
        W,
        "{function} of {rule} failed{values}: {how}",
        "correct the function{at}, or the config or file that it reads",
        "Snakemake calls the functions of a rule (input, params, resources) while it plans",
        ("InputFunctionException",),
        _text(r"Error:\n\s*(?P<how>.+)" + _CALLED),
    ),
    Kind(
        "function",
        W,
        "a function of {rule} failed: {error}",
        "correct the function{at}, or the config or file that it reads",
        "Snakemake calls the functions of a rule (input, params, resources) while it plans",
        ("InputFunctionException",),
    ),
    Kind(
        "command_line",
        C,
        "the command line or the profile sets a resource's scope that does not exist: {error}",
        "give each entry of --set-resource-scopes as NAME=local or NAME=global",
        "a resource counts per submission or for the whole run",
        ("ResourceScopesException",),
    ),
    Kind(
        "command_line",
        C,
        "the command line, the profile or an environment variable sets something that Snakemake cannot use: {error}",
        "correct the command line, the profile or the config, and confirm it with a dry run",
        "Snakemake could not use what it was started with, and no line of the workflow failed",
        ("CliException",),
    ),
    Kind(
        "command_line",
        C,
        "the command line, the profile or an environment variable sets something that Snakemake cannot use: {error}",
        "correct the command line, the profile or the config, and confirm it with a dry run",
        "Snakemake could not use what it was started with, and no line of the workflow failed",
        (),
        _text(
            r"\AError: |Invalid config definition|[Ii]nvalid (?:value|choice)|unrecognized arguments"
            r"|argument -|--(?:logger|executor|storage)-[\w-]+|--observe-|--timed-"
        ),
    ),
    # -- jobs --
    Kind(
        "status_command",
        C,
        "the status command failed, and Snakemake ended the run",
        "run the status command by hand with a job's id to see its error; let it print running, success or failed and end with exit code 0, also for a job that it does not know yet; then run the same command again",
        "Snakemake ends a run as soon as its status command fails once; no tool failed",
        ("WorkflowError",),
        _text(r"Failed to obtain job status"),
        "the status command ends with exit code 0 for each job of the run",
    ),
    Kind(
        "status_command",
        C,
        "the status command ({name}) answered {said}, which is not one of {valid}, and Snakemake ended the run",
        "let the status command print a single line with one of {valid}, also for a job that it does not know yet; then run the same command again",
        "Snakemake ends a run as soon as its status command answers anything else; no tool failed",
        ("WorkflowError",),
        _text(
            r"Cluster status command (?P<name>.+) returned (?P<answer>.*) but just a single line with one of (?P<valid>[\w,]+) is expected"
        ),
        "the status command prints one of these words for each job of the run",
    ),
    Kind(
        "cluster_job",
        C,
        "a job failed on the cluster: {error}",
        "read the cluster's log of that job, and fix what it reports",
        "the cluster reported that it failed",
        ("ClusterJobException",),
    ),
    Kind(
        "spawned_job",
        W,
        "a job that Snakemake ran in a process of its own (run:, shadow) failed",
        "fix the error that this process printed above",
        "Snakemake reports it again without its cause",
        ("SpawnedJobError",),
    ),
    Kind(
        "terminated",
        C,
        "Snakemake was asked to end",
        "find out who sent the signal: a user, a time limit, or the machine's shutdown; then run the same command again",
        "it ended by a signal, not by an error",
        ("TerminatedException",),
    ),
    Kind(
        "cache",
        C,
        "between-workflow caching has no folder",
        "set SNAKEMAKE_OUTPUT_CACHE to a folder, or run without --cache",
        "Snakemake keeps cached outputs there",
        ("MissingOutputFileCachePathException",),
    ),
    Kind(
        "cache",
        C,
        "a cached output is not there",
        "run again: Snakemake makes what is not in its cache",
        "another run may have removed it from the cache",
        ("CacheMissException",),
    ),
    Kind(
        "shadow",
        W,
        "{rule} has a shadow directory, which this kind of execution cannot give it",
        "take shadow: away from {rule}, or do not run it in threads",
        "all threads of a process share one working directory",
        ("ImproperShadowException",),
    ),
    Kind(
        "pipe",
        W,
        "output {file} is a pipe that no job reads while it is written",
        "give {file} to exactly one rule with a command as its input, or make it a plain file",
        "a writer of a pipe waits for its reader",
        (),
        _text(r"(?:Output file |output )(?P<file>\S+) is marked as pipe"),
    ),
    Kind(
        "exit",
        W,
        "code of the workflow ended Snakemake: {found}",
        "do what its message asks, or correct the code that calls sys.exit()",
        "sys.exit() in a Snakefile ends Snakemake itself",
        (),
        _text(r"SystemExit:.*|may have called sys\.exit\(\)"),
    ),
    # -- the workflow's text --
    Kind(
        "keyword",
        W,
        "{keyword} is no keyword of a {within}{meant}",
        "correct {keyword} in the {within}{at}",
        "Snakemake knows the keywords of a {within}, and takes no others",
        ("SyntaxError",),
        _text(r"Unexpected keyword (?P<keyword>\w+) in (?P<within>rule|checkpoint) definition"),
    ),
    Kind(
        "source_file",
        W,
        "a source file of the workflow is named in a way that Snakemake cannot use: {error}",
        "correct the address or the path{at}: github() and the like need a path and a tag, branch or commit",
        "Snakemake must know which version of a file to read",
        ("SourceFileError",),
        of_jobs=True,
    ),
    Kind(
        "syntax",
        W,
        "the workflow cannot be parsed: {error} (line {line})",
        "correct the indentation in line {line} of the Snakefile, or of the file that it includes",
        "Snakemake could not read its own language there",
        ("IndentationError", "TabError", "SyntaxError"),
        _text(r"in file \"?<\w+>\"?, line (?P<line>\d+)"),
    ),
    Kind(
        "syntax",
        W,
        "the workflow cannot be parsed: a bracket, brace or quote is not closed by line {line}",
        "close the bracket, brace or quote that is still open there",
        "Snakemake could not read its own language there",
        ("TokenError",),
        _text(r"EOF in multi-line (?:statement|string)', \((?P<line>\d+), "),
    ),
    Kind(
        "syntax",
        W,
        "the workflow cannot be parsed: {error}",
        "correct the syntax{at}: colons, brackets, quotes and indentation",
        "Snakemake could not read its own language there",
        ("SyntaxError", "IndentationError", "TabError", "TokenError"),
    ),
    Kind(
        "config_key",
        W,
        "{place} looks up {key}, which was not there",
        "add {key} to the config or the table that {place} reads, or correct the name at {place}",
        "the key is missing in a dictionary, most often the config",
        ("KeyError",),
        _text(r"KeyError[^\n]*?:\s*(?P<key>\S.*)"),
        "what {place} reads has this key",
    ),
)
