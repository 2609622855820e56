"""What is said of a study file that cannot be used: file, key, value, what is allowed."""

from __future__ import annotations

import difflib
import reprlib
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from mechanisms import vocabulary as words
from mechanisms.vocabulary import nearest


class TwiceError(yaml.MarkedYAMLError):
    """A key stands twice in one block."""


def yaml_message(name: str, error: Exception) -> str:
    """Say where and why a file is no YAML that a study file may hold."""
    if isinstance(error, UnicodeDecodeError):
        return f"{name} is not text in UTF-8; save it as UTF-8"
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    if isinstance(error, yaml.constructor.ConstructorError):
        return (
            f"{name}{where}: {error.problem}. A study file holds plain text, numbers and "
            "lists only; remove the tag that begins with '!'"
        )
    if isinstance(error, TwiceError):
        return f"{name}{where}: {error.problem}; delete one of them"
    problem = getattr(error, "problem", None) or getattr(error, "reason", "it cannot be read")
    return (
        f"{name}{where} is not valid YAML: {problem}. Check the indentation (blanks, no "
        "tabs), a blank after each colon, and quotes around values that hold a colon"
    )


def refusal(name: str, error: ValidationError, model: type[BaseModel]) -> str:
    """Say the first thing that is wrong with a study: key, value, what is allowed, the nearest."""
    problems = error.errors(include_url=False)
    # A misspelt key also shows as a missing one: the misspelling is the better message.
    problems.sort(key=lambda p: p["type"] != "extra_forbidden")
    first = problems[0]
    where = tuple(str(p) for p in first["loc"] if p != "[key]")
    key = ".".join(where)
    if first["type"] == "extra_forbidden":
        text = f"unknown key {key!r}{known_keys(where, model)}"
    elif first["type"] == "missing":
        text = f"the key {key!r} is missing; {_purpose(where)}"
    elif first["type"] == "value_error":
        text = f"{key}: {first['ctx']['error']}"
    else:
        found = reprlib.repr(first["input"])
        text = f"{key}: expected {_expected(first, where, model)}, found {found}{_close(first)}"
    more = sum(not _follows(p, first) for p in problems[1:])
    return f"{name}: {text}" + (f" ({more} more to correct in this file)" if more else "")


def _follows(problem: Any, first: Any) -> bool:
    """Tell whether a key is missing only because it is the one that was misspelt."""
    same_block = problem["loc"][:-1] == first["loc"][:-1]
    missing = problem["type"] == "missing" and first["type"] == "extra_forbidden"
    return bool(missing and same_block and nearest(first["loc"][-1], [problem["loc"][-1]]))


def _expected(problem: Any, where: tuple[str, ...], model: type[BaseModel]) -> str:
    if problem["type"] in ("model_type", "dict_type"):
        keys = ", ".join(_fields(where, model))
        return f"a block of keys ({keys})" if keys else "a block of keys"
    if problem["type"] == "list_type":
        return "a list, as in [one, two] or []"
    if problem["type"] == "string_type":
        return "a word or a name"
    rule = str(problem["msg"]).removeprefix("Input should be ")
    return f"a value {rule}" if rule.startswith(("greater", "less")) else rule


def _fields(where: tuple[str, ...], model: Any) -> dict[str, Any]:
    for step in where:
        field = model.model_fields.get(step)
        if field is None or not hasattr(field.annotation, "model_fields"):
            return {}
        model = field.annotation
    return {k: v for k, v in model.model_fields.items() if k != "folder"}


def known_keys(where: tuple[str, ...], model: type[BaseModel]) -> str:
    """Name the keys that are allowed where this one stands, and the nearest of them."""
    allowed = _fields(where[:-1], model)
    guess = nearest(where[-1], allowed)
    if not guess:
        homes = [b for b in _fields((), model) if where[-1] in _fields((b,), model)]
        guess = f". It belongs under {homes[0]}: indent it there" if homes else ""
    return f"; allowed here are {', '.join(allowed)}{guess}"


def _purpose(where: tuple[str, ...]) -> str:
    purposes = {
        "label_basis": f"say how the outcome is known: {', '.join(words.LABEL_BASES)}",
        "donor": "name the column that tells donors apart, or write each_sample (declared "
        "independent) or unknown",
        "variable": "name the column of the sample sheet that holds the groups",
        "target": "name the group of interest, such as resorbing",
        "reference": "name the group it is compared with, such as non_resorbing",
        "matrix": "name the file with the expression values",
        "study": "give the study a short name",
        "data": "it holds matrix, samples and how to read them",
        "design": "it holds variable, target, reference, label_basis and donor",
    }
    return purposes.get(where[-1], "give it a value")


def _close(problem: Any) -> str:
    expected = str(problem.get("ctx", {}).get("expected", ""))
    options = [w.strip("' ") for w in expected.replace(" or ", ",").split(",") if w.strip("' ")]
    hit = difflib.get_close_matches(str(problem["input"]), options, n=1)
    return f"; did you mean {hit[0]!r}?" if hit else ""
