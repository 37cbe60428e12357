"""A shell command taken apart: which programs it runs, and whose exit codes can fail it.

A small part of the shell's grammar, enough to name the program that a failure is likely about:
pipes, lists, groups, conditions, quotes, substitutions and here-documents. What it does not know it
takes for plain words; its answers are only ever used for what is likely.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

_MOST: Final = 20_000
"""A longer command is not taken apart."""
_DEEPEST: Final = 4
_MOST_NESTED: Final = 20
"""Quotes in brackets in quotes; deeper ones are no command that somebody wrote."""
_OPERATOR: Final = re.compile(
    r"\d*(?:<<<|<<-?|&>>?|[<>]&|>>|<>|>\||[<>])|\|\||&&|;;&?|\|&|[|&;()\n]"
)
_REDIRECTION: Final = re.compile(r"\d*(?:<<<|<<-?|&>>?|[<>]&|>>|<>|>\||[<>])")
_HERE: Final = re.compile(r"\d*<<-?")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*(?:\[[^]]{0,100}\])?\+?=")
_PREFIXES: Final = frozenset({"time", "nohup", "exec", "builtin", "command", "nice", "env", "sudo"})
"""Programs and keywords that run the program behind them, and end as it does."""
_CONDITION_BEGINS: Final = frozenset({"if", "elif", "while", "until"})
_CONDITION_ENDS: Final = frozenset({"then", "do"})
_NO_LIST_BEHIND: Final = frozenset({"then", "do", "else", "{", "!", "if", "elif", "while", "until"})
_ENDS: Final = frozenset({"fi", "done", "esac", "}"})
_WHOLE: Final = {
    "fi": ("if",),
    "then": ("if", "elif"),
    "do": ("for", "while", "until", "select"),
    "done": ("for", "while", "until", "select"),
    "esac": ("case",),
}
"""Keywords, each of which has to occur as often as those that need it."""
_JOINS: Final = frozenset({"|", "|&", "||", "&&"})
_WORDS_FOLLOW: Final = frozenset({"for", "case", "select", "function"})
_VARIABLE: Final = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_]\w*|[1-9])|\{(?P<braced>[A-Za-z_]\w*)(?=[}%#/:^,\[])(?!:?[-+=?]))"
)
_SETTERS: Final = frozenset(
    {"for", "read", "local", "getopts", "mapfile", "readarray", "printf", "declare"}
)
_ALWAYS_SET: Final = re.compile(
    r"HOME|PATH|PWD|OLDPWD|SHELL|SHLVL|USER|LOGNAME|HOSTNAME|LANG|LC_\w+|TERM|TMPDIR|TMP|TEMP"
    r"|TEMPDIR|UID|EUID|GROUPS|PPID|RANDOM|SRANDOM|SECONDS|EPOCH\w+|LINENO|IFS|OPTIND|OPTERR|OPTARG"
    r"|REPLY|PIPESTATUS|FUNCNAME|BASH\w*|HOSTTYPE|OSTYPE|MACHTYPE|PS4|_"
    r"|(?:OMP|GOTO|OPENBLAS|MKL|NUMEXPR)_NUM_THREADS|VECLIB_MAXIMUM_THREADS"
)
"""Set by shells, by logins, or by Snakemake itself."""


class Token(NamedTuple):
    """A word or an operator of a command."""

    text: str
    start: int
    is_operator: bool


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


class UnreadableError(Exception):
    """A command is too long, or its quotes do not end."""


def simple_commands(text: str) -> tuple[SimpleCommand, ...]:
    """Return what a shell command runs, in its order; empty if it cannot be taken apart."""
    try:
        return tuple(_commands(text, 0))
    except UnreadableError:
        return ()


def can_be_read(text: str) -> bool:
    """Whether each ``if``, loop, bracket and quote of a shell command is whole, and each list."""
    seen: Counter[str] = Counter()
    begins_command = is_joined = True
    try:
        for token in _tokens(text):
            word = token.text
            if not token.is_operator or _REDIRECTION.fullmatch(word) is not None:
                seen[word] += begins_command
                begins_command = begins_command and word in _NO_LIST_BEHIND
                is_joined = False
                continue
            if is_joined and word not in ("\n", "("):
                return False
            is_joined = word in _JOINS or (is_joined and word == "\n")
            begins_command = True
            seen[word] += 1
    except UnreadableError:
        return False
    is_whole = all(seen[end] == sum(seen[one] for one in begins) for end, begins in _WHOLE.items())
    return is_whole and not is_joined and (seen["case"] > 0 or seen["("] == seen[")"])


def one_line(text: str) -> str | None:
    """Return a shell command on one line, or None if that could change what it does.

    Line breaks in quotes, substitutions, here-documents, ``case`` and functions cannot be replaced.
    """
    text = text.strip()
    if "\n" not in text:
        return text
    try:
        tokens = list(_tokens(text))
    except UnreadableError:
        return None
    parts: list[str] = []
    end, before = 0, ""
    for token in tokens:
        gap = text[end : token.start]
        end = token.start + len(token.text)
        if token.text == "\n":
            if before and not before.endswith(";") and not _goes_on_behind(before):
                parts.append(";")
                before = ";"
            end = token.start  # a break is a gap
            continue
        glued = "(" in token.text and (before.endswith("=") or before == "function")
        if "\n" in token.text or _HERE.fullmatch(token.text) or token.text == "case" or glued:
            return None
        if token.text == ")" and before == "(":
            return None
        parts += [" " if gap or parts[-1:] == [";"] else "", token.text]
        before = token.text
    if parts[-1:] == [";"]:
        parts.pop()
    return "".join(parts).strip()


def _goes_on_behind(text: str) -> bool:
    """Whether the command goes on behind this word or operator, so that no ``;`` may follow."""
    return text in _NO_LIST_BEHIND or (text != ")" and _OPERATOR.fullmatch(text) is not None)


def _tokens(text: str, documents: list[str] | None = None) -> Iterator[Token]:
    """Yield the words and operators of a command, without comments and here-documents' texts.

    The texts in which the shell replaces variables are added to *documents*.
    """
    if len(text) > _MOST:
        raise UnreadableError
    at, here = 0, list[str]()
    wants_delimiter = replaces = False
    while at < len(text):
        one = text[at]
        if one in " \t\r" or text.startswith("\\\n", at):
            at += 1 if one != "\\" else 2
            continue
        if one == "#":
            at = _or_end(text, text.find("\n", at))
            continue
        found = _OPERATOR.match(text, at)
        if found is not None and not text.startswith(("<(", ">("), at):
            yield Token(found[0], at, True)
            at = found.end()
            if found[0] == "\n" and here:
                begin, at = at, _behind(text, at, here)
                here = []
                if replaces and documents is not None:
                    documents.append(text[begin:at])
                replaces = False
            wants_delimiter = _HERE.fullmatch(found[0]) is not None
            continue
        end = _end_of_word(text, at)
        if wants_delimiter:
            here.append(text[at:end].strip("'\"\\"))
            wants_delimiter = False
            replaces = replaces or not re.search(r"['\"\\]", text[at:end])
        yield Token(text[at:end], at, False)
        at = end


def _or_end(text: str, at: int) -> int:
    return len(text) if at < 0 else at


def _behind(text: str, at: int, delimiters: list[str]) -> int:
    """Return where the texts of here-documents that begin at *at* have ended."""
    for delimiter in delimiters:
        while at < len(text):
            end = _or_end(text, text.find("\n", at))
            line, at = text[at:end], end + 1
            if line.strip("\t") == delimiter:
                break
    return min(at, len(text))


def _end_of_word(text: str, at: int) -> int:
    """Return where the word that begins at *at* ends.

    Raises:
        UnreadableError: if its quotes or brackets do not end.

    """
    begin = at
    while at < len(text):
        one = text[at]
        if one == "\\":
            at += 2
        elif one == "'":
            at = _closed(text.find("'", at + 1)) + 1
        elif one == '"':
            at = _end_of_double_quotes(text, at + 1)
        elif one == "`":
            at = _closed(text.find("`", at + 1)) + 1
        elif (one == "$" and text[at + 1 : at + 2] in ("(", "{")) or (
            one in "<>" and text[at + 1 : at + 2] == "(" and at == begin
        ):
            at = _end_of_brackets(text, at + 1)
        elif one in " \t\r\n|&;()<>":
            return at
        else:
            at += 1
    return len(text)


def _closed(at: int) -> int:
    if at < 0:
        raise UnreadableError
    return at


def _end_of_double_quotes(text: str, at: int, depth: int = 0) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        elif text[at] == "$" and text[at + 1 : at + 2] in ("(", "{"):
            at = _end_of_brackets(text, at + 1, depth + 1)
        else:
            at += 1
    raise UnreadableError


def _end_of_brackets(text: str, at: int, nested: int = 0) -> int:
    """Return where the bracket at *at* has been closed; it is in so many quoted ones."""
    if nested > _MOST_NESTED:
        raise UnreadableError
    opening = text[at]
    closing = {"(": ")", "{": "}"}[opening]
    depth = 0
    while at < len(text):
        one = text[at]
        if one == "\\":
            at += 2
            continue
        if one == "'":
            at = _closed(text.find("'", at + 1)) + 1
            continue
        if one == '"':
            at = _end_of_double_quotes(text, at + 1, nested)
            continue
        depth += (one == opening) - (one == closing)
        at += 1
        if not depth:
            return at
    raise UnreadableError


# -- the programs ---------------------------------------------------------------------------------


def _commands(text: str, depth: int) -> list[SimpleCommand]:
    """Return what *text* runs; what a substitution runs comes before the command that it is in."""
    reader = _Reader(depth)
    for token in _tokens(text):
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
            self._is_file = _REDIRECTION.fullmatch(text) is not None
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
            return text in _NO_LIST_BEHIND or text in _ENDS
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
    while program and _ASSIGNMENT.match(program[0]):
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
    for text in (inner for word in words for inner in _substituted(word)):
        try:
            found += _commands(text, depth + 1)
        except UnreadableError:
            continue
    return [replace(one, ignored=True) for one in found] if ignored else found


def _substituted(word: str) -> Iterator[str]:
    """Yield the commands in ``$(...)``, ``<(...)`` and backticks of a word."""
    at = 0
    while at < len(word):
        if word[at] == "\\":
            at += 2
        elif word[at] == "'" and '"' not in word[:at]:
            at = _closed(word.find("'", at + 1)) + 1
        elif word[at] == "`":
            end = _closed(word.find("`", at + 1))
            yield word[at + 1 : end]
            at = end + 1
        elif word[at] in "$<>" and word[at + 1 : at + 2] == "(" and word[at + 2 : at + 3] != "(":
            end = _end_of_brackets(word, at + 1)
            yield word[at + 2 : end - 1]
            at = end
        else:
            at += 1


# -- the variables --------------------------------------------------------------------------------


def variables_needed(text: str) -> tuple[str, ...]:
    """Return the variables that a command reads and does not set, as ``$NAME`` or ``${NAME}``.

    Those with a default (``${NAME:-x}``), and those that every shell has, are left out.
    """
    documents: list[str] = []
    try:
        tokens = list(_tokens(text, documents))
    except UnreadableError:
        return ()
    words = [token.text for token in tokens if not token.is_operator]
    names = dict.fromkeys(name for word in words for name in _read_in(word))
    names |= dict.fromkeys(name for one in documents for name in _read_in(one, in_document=True))
    assigned = _assigned(tokens)
    return tuple(name for name in names if name not in assigned and not _ALWAYS_SET.fullmatch(name))


def _assigned(tokens: Iterable[Token]) -> set[str]:
    """Return the variables that a command sets: by an assignment, or as ``read NAME`` does."""
    found: set[str] = set()
    by_word = False
    for token in tokens:
        if token.is_operator:
            by_word = False
        elif assignment := _ASSIGNMENT.match(token.text):
            found.add(re.split(r"[\[+=]", assignment[0], maxsplit=1)[0])
        elif token.text in _SETTERS:
            by_word = True
        elif by_word:
            found.add(token.text)
    return found


def _read_in(word: str, *, in_document: bool = False) -> Iterator[str]:
    """Yield the variables that a word reads, outside single quotes, which a document has not."""
    at, in_double = 0, False
    while at < len(word):
        one = word[at]
        if one == "\\":
            at += 2
            continue
        if one == '"':
            in_double = not in_double
        elif one == "'" and not in_double and not in_document:
            at = _or_end(word, word.find("'", at + 1))
        elif one == "$" and (found := _VARIABLE.match(word, at)):
            yield found["plain"] or found["braced"]
        at += 1
