"""Masking of secrets in texts, before these are cut, split or written.

Three kinds are masked: values that are known (of declared and of tellingly named variables of the
environment), shapes of known tokens and commands (``secret_shapes``), and whatever follows a name
that says so (``secret_names``), to its end as shells, JSON and Python write it.
"""

import json
import os
import re
import shlex
import urllib.parse
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from snakemake_logger_plugin_observe.journal import secret_names, secret_shapes
from snakemake_logger_plugin_observe.journal.named_values import IN_DEEP_QUOTES, values_of_names
from snakemake_logger_plugin_observe.journal.secret_names import (
    Strength,
    is_secret,
)

MASK: Final = "***"

_QUOTED_COMMAND: Final = re.compile(  # it may be cut
    r"(?<=\bCommand )'(?:.*'(?= (?:returned non-zero exit status|died with))|.*\Z)", re.DOTALL
)
_HIDDEN_FLAGS: Final = ("--logger-observe-mask", "--logger-observe-notify")
"""Flags whose values are masked: patterns, and a command, whose address may be a secret."""
_SHORTEST: Final = 4
_SHORTEST_UNDECLARED: Final = 8
_SURE: Final = (Strength.STRONG, Strength.MIXED)
# Snakemake's flags whose values begin with the name of a rule or a group of jobs.
_RULES_FLAGS: Final = (
    "--set-threads",
    "--set-resources",
    "--set-scatter",
    "--set-resource-scopes",
    "--groups",
    "--group-components",
)

_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/=]{16,}")


def secret_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of variables whose names say that they are secrets."""
    return tuple(
        value
        for name, value in environ.items()
        if len(value) >= _SHORTEST_UNDECLARED
        and secret_names.strength(name) in _SURE
        and is_secret(name, value)
        and not _is_path(value)
    )


def _is_path(value: str) -> bool:
    return value.startswith(("/", ".")) and (value.count("/") > 1 or os.path.exists(value))


class Masker:
    """Replaces secrets in texts."""

    def __init__(
        self,
        values: tuple[str, ...] = (),
        patterns: tuple[re.Pattern[str], ...] = (),
        *,
        commands: bool = True,
    ) -> None:
        """Set what to mask in addition to likely secrets.

        Args:
            values: secret texts (values of declared environment variables).
            patterns: text that matches one of them is masked, too.
            commands: whether a message may quote the shell command that failed.

        """
        self._patterns = patterns if commands else (*patterns, _QUOTED_COMMAND)
        long_values = {value for value in values if len(value) >= _SHORTEST}
        forms = {form for value in long_values for form in _forms(value)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._forms = tuple(forms)

    def may_hold_a_secret(self, text: str) -> bool:
        """Return whether *text* must be masked: a quick test that misses none."""
        if not text:
            return False
        if self._patterns or _any_of(self._forms, text):
            return True
        return _has_a_hint(text.lower())

    def text(self, text: str, *, keep_lines: bool = False) -> str:
        """Return *text* with every secret in it replaced by ``***``.

        Args:
            text: any text. If something in it is masked, its terminal codes are dropped: they can
                stand inside of a secret.
            keep_lines: whether a secret of several lines leaves as many, so that lines keep their
                numbers.

        """
        if _any_of(secret_shapes.ESCAPE_HINTS, text):
            # A known value may itself contain such a code, and a code a link with a secret.
            text = self._without_values(text, _mask_of(keep_lines))
            text = secret_shapes.CODES_WITH_TEXT.compiled.sub(
                lambda code: code[0].replace(code[1], self._masked(code[1], keep_lines=True)), text
            )
            plain = secret_shapes.ESCAPES.compiled.sub("", text)
            masked = self._masked(plain, keep_lines=keep_lines)
            return text if masked == plain else masked
        return self._masked(text, keep_lines=keep_lines)

    def _without_values(self, text: str, whole: Callable[[re.Match[str]], str]) -> str:
        return text if self._values is None else self._values.sub(whole, text)

    def _masked(self, text: str, *, keep_lines: bool) -> str:
        whole = _mask_of(keep_lines)
        text = self._without_values(text, whole)
        for pattern in self._patterns:
            text = pattern.sub(whole, text)
        lower = text.lower()
        if _any_of(secret_shapes.KEY_HINTS, lower):
            text = _without_key_ends(secret_shapes.KEY_BLOCK.compiled.sub(whole, text), keep_lines)
        if _any_of(secret_shapes.URL_HINTS, lower):
            text = secret_shapes.URLS.compiled.sub(_replace, text)
        if _any_of(secret_shapes.PROGRAM_HINTS, lower):
            text = secret_shapes.COMMANDS.compiled.sub(_command, text)
        if _any_of(secret_shapes.HEADER_HINTS, lower):
            text = secret_shapes.HEADERS.compiled.sub(_replace, text)
        if _any_of(secret_names.HINTS, lower):
            text = _named(text, keep_lines)
        if _any_of(secret_shapes.TOKEN_HINTS, lower):
            text = secret_shapes.TOKENS.compiled.sub(MASK, text)
        return text

    def value(self, value: Any) -> Any:
        """Return JSON's *value* with all texts in it masked, at any depth, and keys as well.

        What stands under a name that says so is a secret, whatever it looks like.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self._under(key, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _under(self, name: str, value: Any) -> Any:
        """Return *value*, masked, which stands under *name*; a mapping has names of its own."""
        if isinstance(value, dict):
            return self.value(value)
        if isinstance(value, list | tuple):
            return [self._under(name, item) for item in value]
        return MASK if is_secret(name, value) else self.value(value)

    def arguments(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Return the *arguments* of Snakemake's command line, masked.

        An argument is a whole: what follows ``password=`` in it is masked with its spaces. So are
        all values of a secret's flag, and of the flags that are hidden.
        """
        masked: list[str] = []
        flag = ""
        for argument in arguments:
            if argument.startswith("-"):
                flag = argument
                masked.append(self._of_rules(argument) or self._assignment(argument))
            elif flag in _RULES_FLAGS:
                masked.append(self._of_rule(argument))
            elif flag in _HIDDEN_FLAGS or ("=" not in flag and is_secret(flag, argument)):
                masked.append(MASK)
            else:
                masked.append(self._assignment(argument))
        return tuple(masked)

    def _of_rules(self, argument: str) -> str | None:
        flag, equals, value = argument.partition("=")
        return f"{flag}={self._of_rule(value)}" if equals and flag in _RULES_FLAGS else None

    def _of_rule(self, argument: str) -> str:
        """Return ``RULE=VALUE`` or ``RULE:NAME=VALUE``, masked; a rule may be called ``token``."""
        rule, colon, setting = argument.partition(":")
        if colon and "=" in setting:
            return f"{self.text(rule)}:{self._assignment(setting)}"
        return "=".join(self.text(part) for part in argument.split("="))

    def _assignment(self, argument: str) -> str:
        name, equals, value = argument.partition("=")
        if equals and name in _HIDDEN_FLAGS:
            return f"{name}={MASK}"
        if equals and is_secret(name.rpartition(":")[2], value):
            return f"{self.text(name)}={MASK}"
        return self.text(argument)


def _grouped(hints: set[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return *hints* in groups that begin alike, so that most are ruled out together.

    A hint that contains another one is left out.
    """
    needed = {one for one in hints if not any(other in one for other in hints - {one})}
    groups: dict[str, list[str]] = {}
    for hint in sorted(needed):
        groups.setdefault(hint[:2], []).append(hint)
    several = [(start, tuple(group)) for start, group in groups.items() if len(group) > 1]
    alone = [(group[0], ()) for group in groups.values() if len(group) == 1]
    return (*alone, *several)


_HINTS: Final = _grouped({*secret_names.HINTS, *secret_shapes.HINTS, *secret_shapes.ESCAPE_HINTS})


def _has_a_hint(lower: str) -> bool:
    for start, hints in _HINTS:
        if start in lower:
            if not hints:
                return True
            for hint in hints:
                if hint in lower:
                    return True
    return False


def _any_of(hints: tuple[str, ...], text: str) -> bool:
    return any(hint in text for hint in hints)


def _forms(value: str) -> set[str]:
    """Return *value* as it is, and as shells, Python, JSON and URLs write it; its lines, too."""
    lines = {line.strip() for line in value.splitlines()} if "\n" in value.strip() else set()
    texts = {value, value.strip(), *lines}
    found: set[str] = set()
    for text in texts:
        if len(text) < _SHORTEST or (text in lines and len(text) < _SHORTEST_UNDECLARED):
            continue
        in_urls = partial(urllib.parse.quote, text, errors="surrogateescape")
        percent = in_urls(safe="")
        found |= {
            *(text, shlex.quote(text), repr(text)[1:-1]),
            *(json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]),
            *(percent, percent.lower(), in_urls(), in_urls(safe="").replace("%20", "+")),
            text.replace("'", r"'\''"),
            re.sub(r"([^\w@%+=:,./-])", r"\\\1", text),
            *(() if text.isascii() else _in_ascii(text)),
        }
    return {form for form in found if len(form) >= _SHORTEST and not form.startswith("-----")}


def _in_ascii(text: str) -> set[str]:
    """Return *text* as Python and shells write it where only ASCII can be written."""
    of_bytes = repr(text.encode("utf-8", "surrogateescape"))[2:-1]
    octal = "".join(
        chr(byte) if byte < 0x80 else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogateescape")
    )
    runs = re.sub(r"((?:\\[0-7]{3})+)", r"'$'\1''", octal)
    return {
        *(ascii(text)[1:-1], json.dumps(ascii(text)[1:-1])[1:-1], of_bytes),
        *(octal.replace("'", r"\'"), octal, runs),
    }


def _mask_of(keep_lines: bool) -> Callable[[re.Match[str]], str]:
    """Return what replaces a match: the mask, or one for each of its lines."""
    return (lambda match: _lines_of(match[0])) if keep_lines else (lambda _match: MASK)


def _lines_of(secret: str) -> str:
    return "\n".join([MASK] * (secret.count("\n") + 1))


def _replace(match: re.Match[str]) -> str:
    kept = next(filter(None, match.groupdict().values()), "")
    return kept + _like(match[0][len(kept) :])


def _like(secret: str) -> str:
    """Return the mask, in the quotes that *secret* is in."""
    for quote in ('"', "'"):
        if len(secret) > 1 and secret[0] == quote and quote == secret[-1]:
            return f"{quote}{MASK}{quote}"
    deep = IN_DEEP_QUOTES.fullmatch(secret)
    return f"{deep['q']}{MASK}{deep['q']}" if deep is not None else MASK


def _command(match: re.Match[str]) -> str:
    """Return a program's command line with the secrets of its flags masked."""
    number = int((match.lastgroup or "p0")[1:])
    program = secret_shapes.PROGRAMS[number]
    if program.needs and program.needs not in match[0].lower():
        return match[0]
    return program.flags.compiled.sub(_replace, match[0])


def _without_key_ends(text: str, keep_lines: bool) -> str:
    """Return *text* without the rest of a private key that began before it."""
    for end in reversed(list(secret_shapes.KEY_END.compiled.finditer(text))):
        start = end.start()
        last = True
        while start > 0:
            before = text.rfind("\n", 0, start - 1) + 1
            line = text[before:start].strip()
            if line and _KEY_LINE.fullmatch(line) is None and not (last and _may_end_a_key(line)):
                break
            start, last = before, last and not line
        masked = _lines_of(text[start : end.end()]) if keep_lines else MASK
        text = text[:start] + masked + text[end.end() :]
    return text


def _may_end_a_key(line: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9+/=\\]+", line) is not None


def _named(text: str, keep_lines: bool) -> str:
    parts: list[str] = []
    done = 0
    for start, end in values_of_names(text):
        parts += [text[done:start], _lines_of(text[start:end])] if keep_lines else []
        if not keep_lines:
            parts += [text[done:start], _like(text[start:end])]
        done = end
    return "".join([*parts, text[done:]]) if parts else text
