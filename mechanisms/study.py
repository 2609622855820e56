"""The study file: what is compared in which data, read strictly."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from mechanisms import vocabulary as words
from mechanisms.errors import StudyError
from mechanisms.vocabulary import nearest


def _label(value: object) -> object:
    """Take numbers as words; refuse what YAML turned into a truth value."""
    if isinstance(value, bool):
        raise ValueError(
            f"YAML reads this as {str(value).lower()}, not as a word: put it in quotes"
        )
    return str(value) if isinstance(value, int | float) else value


Label = Annotated[str, BeforeValidator(_label)]


def _labels(value: object) -> object:
    return [_label(v) for v in value] if isinstance(value, list) else [_label(value)]


Labels = Annotated[list[str], BeforeValidator(_labels)]


def _own_word(value: str, known: Iterable[str]) -> str:
    """Accept a word of the user's own, but not one that is all but spelled like a known one."""
    close = difflib.get_close_matches(value.lower(), list(known), n=1, cutoff=0.85)
    if close and close[0] != value:
        raise ValueError(
            f"{value!r} is not known here; did you mean {close[0]!r}? Known are {', '.join(known)}"
        )
    return value


class Part(BaseModel):
    """A block of the study file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Genes(Part):
    """How the matrix names its genes."""

    column: str = "auto"
    platform: str | None = None
    collapse: Literal["max_mean", "median", "sum"] = "max_mean"


class Data(Part):
    """Where the data are and how to read them."""

    matrix: str
    samples: str | None = None
    sample_id: str | None = None
    subset: dict[str, Labels] = Field(default_factory=dict)
    genes: Genes = Genes()
    species: Literal["human", "mouse", "rat"] = "human"
    tissue: str = "other"
    scale: Literal["auto", "counts", "linear", "log"] = "auto"

    @field_validator("matrix", mode="before")
    @classmethod
    def _one_matrix(cls, value: object) -> object:
        if isinstance(value, list):
            if len(value) == 1:
                return value[0]
            raise ValueError(
                f"{len(value)} matrices are listed; give one file, several studies are compared "
                "one by one and never merged"
            )
        return value

    @field_validator("tissue")
    @classmethod
    def _known_tissue(cls, value: str) -> str:
        return _own_word(value, words.TISSUES)


class DesignPart(Part):
    """Who is compared with whom."""

    variable: str
    target: Label
    reference: Label
    groups: dict[Label, Label] = Field(default_factory=dict)
    label_basis: str
    donor: str
    pair: str | None = None
    covariates: list[str] = Field(default_factory=list)
    batch: str | None = None
    cell_type: str | None = None
    composition: str = "auto"

    @field_validator("label_basis")
    @classmethod
    def _known_basis(cls, value: str) -> str:
        if value in ("degeneration_grade", "pfirrmann", "thompson", "modic"):
            raise ValueError(
                f"{value!r}: a degeneration grade does not say whether a herniation resorbs. To "
                "compare grades as such, write label_basis: other"
            )
        return _own_word(value, words.LABEL_BASES)

    @field_validator("composition", mode="before")
    @classmethod
    def _written_reason(cls, value: object) -> object:
        if isinstance(value, dict) and list(value) == ["none"]:
            value = f"none: {value['none'] or ''}"
        if value == "auto":
            return value
        if isinstance(value, str) and value.startswith("none:") and value[5:].strip():
            return f"none: {value[5:].strip()}"
        raise ValueError(
            "allowed are auto, or none with a written reason, as in  composition: {none: "
            '"sorted cells"}'
        )

    @field_validator("cell_type")
    @classmethod
    def _bulk_only(cls, value: str | None) -> str | None:
        if value is not None:
            raise ValueError(
                "comparisons within cell types are not available in this version; aggregate one "
                "cell type to donors first and leave this null"
            )
        return value


class Signatures(Part):
    """Which signatures are scored."""

    collection: str = "core"
    add: list[str] = Field(default_factory=list)


class Score(Part):
    """How they are scored, and how many of its genes a direction needs."""

    primary: str = "auto"
    sensitivity: list[str] = Field(default_factory=lambda: ["ssgsea", "zscore"])
    min_fraction: float = Field(default=0.6, gt=0, le=1)
    min_genes: int = Field(default=5, ge=1)


class Study(Part):
    """A study file, validated; paths in it are relative to `folder`."""

    study: str
    data: Data
    design: DesignPart
    signatures: Signatures = Signatures()
    score: Score = Score()
    seed: int = Field(default=1, ge=0)
    folder: Path = Field(default=Path("."), exclude=True)

    def resolve(self, name: str) -> Path:
        """Return a path of the study file as seen from the working folder."""
        return self.folder / name

    def normalised(self) -> dict[str, Any]:
        """Return the study with all defaults written out, as plain data."""
        return self.model_dump(mode="json")


def read_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Raises
    ------
    StudyError
        The file is missing, is no YAML, asks for objects, or has unknown keys or values; the
        message names file, key, what is allowed and the nearest word.
    """
    path = Path(path)
    if not path.is_file():
        beside = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise StudyError(
            f"study file {path} does not exist{nearest(path.name, beside)}. `mechanisms init "
            "MATRIX` writes one"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(_yaml_message(path, error)) from None
    if not isinstance(content, dict):
        raise StudyError(
            f"{path.name}: a study file is a list of keys (study, data, design, ...), and this "
            f"holds {'nothing' if content is None else type(content).__name__}. `mechanisms init "
            "MATRIX` writes one to start from"
        )
    return _validate(content, path.name, path.parent)


def make_study(content: dict[str, Any], folder: str | Path = ".") -> Study:
    """Validate a study given as plain data, as `read_study` does for a file."""
    return _validate(content, "study", Path(folder))


def _validate(content: dict[str, Any], name: str, folder: Path) -> Study:
    if "folder" in content:
        raise StudyError(f"{name}: unknown key 'folder'{_known(('folder',))}")
    try:
        return Study(**{str(k): v for k, v in content.items()}, folder=folder)
    except ValidationError as error:
        raise StudyError(_message(name, error)) from None


def _yaml_message(path: Path, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{path.name} is not text in UTF-8; save it as UTF-8"
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    if isinstance(error, yaml.constructor.ConstructorError):
        return (
            f"{path.name}{where}: {error.problem}. A study file holds plain text, numbers and "
            "lists only; remove the tag that begins with '!'"
        )
    problem = getattr(error, "problem", None) or "it cannot be read"
    return (
        f"{path.name}{where} is not valid YAML: {problem}. Check the indentation (blanks, no "
        "tabs), a blank after each colon, and quotes around values that hold a colon"
    )


def _message(name: str, error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    # A misspelt key also shows as a missing one: the misspelling is the better message.
    problems.sort(key=lambda p: p["type"] != "extra_forbidden")
    first = problems[0]
    where = tuple(str(p) for p in first["loc"])
    key = ".".join(where)
    if first["type"] == "extra_forbidden":
        text = f"unknown key {key!r}{_known(where)}"
    elif first["type"] == "missing":
        text = f"the key {key!r} is missing; {_purpose(where)}"
    elif first["type"] == "value_error":
        text = f"{key}: {first['ctx']['error']}"
    else:
        text = f"{key}: {first['msg'].lower()}, and it is {first['input']!r}{_close(first)}"
    more = f" ({len(problems) - 1} more problems in this file)" if len(problems) > 1 else ""
    return f"{name}: {text}{more}"


def _fields(where: tuple[str, ...]) -> dict[str, Any]:
    model: Any = Study
    for step in where:
        field = model.model_fields.get(step)
        if field is None or not hasattr(field.annotation, "model_fields"):
            return {}
        model = field.annotation
    return {k: v for k, v in model.model_fields.items() if k != "folder"}


def _known(where: tuple[str, ...]) -> str:
    allowed = _fields(where[:-1])
    return f"; allowed here are {', '.join(allowed)}{nearest(where[-1], allowed)}"


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
