"""The programs that a shell command runs, and whose exit codes can fail it.

Pipes, lists, groups, conditions and substitutions are known: enough to name the program that a
failure is likely about. Its answers are only ever used for what is likely.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.shell.tokens import (
    ASSIGNMENT,
    COMMAND_FOLLOWS,
    REDIRECTION,
    Token,
    UnreadableError,
    substituted,
    tokens_of,
)

_DEEPEST: Final = 4
_PREFIXES: Final = frozenset({"time", "nohup", "exec", "builtin", "command", "nice", "env", "sudo"})
"""Programs and keywords that run the program behind them, and end as it does."""
_CONDITION_BEGINS: Final = frozenset({"if", "elif", "while", "until"})
_CONDITION_ENDS: Final = frozenset({"then", "do"})
_ENDS: Final = frozenset({"fi", "done", "esac", "}"})
_WORDS_FOLLOW: Final = frozenset({"for", "case", "select", "function"})


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One program that a command runs, with its arguments."""

    program: str
    """Its name, without its folder."""
    arguments: tuple[str, ...]
    """As they are written, with their quotes."""
    is_piped: bool = False
    """Whether a pipe takes what it prints."""
    ignored: bool = False
    """Whether its exit code cannot end the command: a condition, or ``||`` behind it."""
    folder: str = ""
    """The folder before its name, with a slash; empty if it is looked for on PATH."""

    @property
    def text(self) -> str:
        """The program with its arguments, on one line."""
        return " ".join(" ".join((self.program, *self.arguments)).split())

    @property
    def names_a_file(self) -> bool:
        """Whether it has more than options and numbers, so that it does not only read a pipe."""
        return any(not each.startswith("-") and not each.isdigit() for each in self.arguments)


def last_of(commands: Sequence[SimpleCommand], programs: Collection[str]) -> SimpleCommand | None:
    """Return the last command that runs one of *programs*."""
    return next((one for one in reversed(commands) if one.program in programs), None)


def simple_commands(text: str) -> tuple[SimpleCommand, ...]:
    """Return what a shell command runs, in its order; empty if it cannot be taken apart."""
    try:
        return tuple(_commands(text, 0))
    except UnreadableError:
        return ()


def _commands(text: str, depth: int) -> list[SimpleCommand]:
    """Return what *text* runs; what a substitution runs comes before the command that it is in."""
    reader = _Reader(depth)
    for token in tokens_of(text):
        reader.take(token)
    reader.end()
    return reader.found


class _Reader:
    """Makes simple commands of tokens, one after the other."""

    def __init__(self, depth: int) -> None:
        self.found: list[SimpleCommand] = []
        self._depth = depth
        self._words: list[str] = []
        self._listed = 0  # where the current list of && and || begins
        self._around: list[tuple[int, int]] = []  # of each group: the list it is in, its begin
        self._left_of_and = 0  # up to here, what is in the list matters only if the list is last
        self._not_last: list[tuple[int, int]] = []
        self._conditions = 0
        self._negated = False
        self._is_file = False  # the next word belongs to a redirection
        self._group: int | None = None  # where the group begins that has just ended

    def take(self, token: Token) -> None:
        """Take the next token."""
        text = token.text
        if token.is_operator:
            self._is_file = REDIRECTION.fullmatch(text) is not None
            if not self._is_file:
                self._operator(text)
        elif self._is_file:
            self._is_file = False
        elif self._words or not self._keyword(text):
            self._words.append(text)

    def _keyword(self, text: str) -> bool:
        """Take a word that begins a command, if it is a keyword."""
        if text in _CONDITION_BEGINS:
            self._conditions += 1
        elif text in _CONDITION_ENDS:
            self._conditions = max(0, self._conditions - 1)
        elif text == "!":
            self._negated = True
        elif text == "{":
            self._begin_group()
        elif text == "}":
            self._end_group()
        else:
            return text in COMMAND_FOLLOWS or text in _ENDS
        return True

    def _operator(self, text: str) -> None:
        if text in ("|", "|&"):
            start = self._group if self._group is not None else len(self.found)
            self.end()
            self.found[start:] = [replace(one, is_piped=True) for one in self.found[start:]]
            return
        self.end()
        if text == "||":
            self._ignore(self._listed, len(self.found))
        elif text == "&&":
            self._left_of_and = len(self.found)
        elif text == "(":
            self._begin_group()
        elif text == ")":
            self._end_group()
        else:
            if text == "&":
                self._ignore(self._listed, len(self.found))
            if self._left_of_and > self._listed:
                self._not_last.append((self._listed, self._left_of_and))
            self._listed = len(self.found)

    def _begin_group(self) -> None:
        self._around.append((self._listed, len(self.found)))
        self._listed = len(self.found)

    def _end_group(self) -> None:
        self.end()
        self._listed, self._group = self._around.pop() if self._around else (0, 0)

    def end(self) -> None:
        """End the simple command that the words so far are."""
        self._group = None
        ignored = self._conditions > 0 or self._negated
        made = _simple(self._words, self._depth) if self._words else []
        self._words, self._negated = [], False
        if not made:
            return
        for start, end in self._not_last:
            self._ignore(start, end)
        self._not_last.clear()
        self.found += [replace(one, ignored=True) for one in made] if ignored else made

    def _ignore(self, start: int, end: int) -> None:
        self.found[start:end] = [replace(one, ignored=True) for one in self.found[start:end]]


def _simple(words: list[str], depth: int) -> list[SimpleCommand]:
    """Return the command that *words* are, behind what the substitutions in them run.

    The exit code of a substitution counts only in an assignment without a command.
    """
    if words[0] in _WORDS_FOLLOW:
        return _inside(words, depth, ignored=True)
    program = list(words)
    while program and ASSIGNMENT.match(program[0]):
        program.pop(0)
    while program and program[0].rpartition("/")[2] in _PREFIXES:
        program.pop(0)
        while program and (program[0].startswith("-") or "=" in program[0] or program[0].isdigit()):
            program.pop(0)
    found = _inside(words, depth, ignored=bool(program))
    if program:
        folder, slash, name = program[0].strip("'\"").rpartition("/")
        found.append(
            SimpleCommand(name or program[0], tuple(program[1:]), folder=f"{folder}{slash}")
        )
    return found


def _inside(words: list[str], depth: int, *, ignored: bool) -> list[SimpleCommand]:
    """Return what the substitutions in *words* run."""
    if depth >= _DEEPEST:
        return []
    found: list[SimpleCommand] = []
    for text in (inner for word in words for inner in substituted(word)):
        try:
            found += _commands(text, depth + 1)
        except UnreadableError:
            continue
    return [replace(one, ignored=True) for one in found] if ignored else found
