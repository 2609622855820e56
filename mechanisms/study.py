"""The study file: what is compared in which data, read strictly."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from mechanisms import vocabulary as words
from mechanisms.errors import StudyError
from mechanisms.study_messages import TwiceError, known_keys, refusal, yaml_message
from mechanisms.vocabulary import nearest


def _label(value: object) -> object:
    """Take numbers as words; refuse what YAML turned into a truth value."""
    if isinstance(value, bool):
        raise ValueError(
            f"YAML reads this as {str(value).lower()}, not as a word: put it in quotes"
        )
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


Label = Annotated[str, BeforeValidator(_label)]


def _labels(value: object) -> object:
    return [_label(v) for v in value] if isinstance(value, list) else [_label(value)]


Labels = Annotated[list[str], BeforeValidator(_labels)]


def _name(value: str) -> str:
    """Accept a name that can be that of a folder, here and on other systems."""
    if not value.strip() or value.startswith(".") or any(c in '/\\:*?"<>|' for c in value):
        raise ValueError(
            f"{value!r} cannot name a folder of results; use letters, numbers, - and _, as in "
            "my_cohort"
        )
    return value


Name = Annotated[Label, AfterValidator(_name)]


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
    transcripts: str | None = None
    genome: str | None = None


class Data(Part):
    """Where the data are and how to read them."""

    matrix: str
    format: str = "auto"
    samples: str | None = None
    sample_id: Label | None = None
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

    variable: Label
    target: Label
    reference: Label
    groups: dict[Label, Label] = Field(default_factory=dict)
    label_basis: str
    donor: Label
    pair: Label | None = None
    covariates: list[Label] = Field(default_factory=list)
    batch: Label | None = None
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
    mode: Literal["full", "strict", "disjoint"] = "full"


class Score(Part):
    """How they are scored, and how many of its genes a direction needs."""

    primary: str = "auto"
    sensitivity: list[str] = Field(default_factory=lambda: ["ssgsea", "zscore"])
    min_fraction: float = Field(default=0.6, gt=0, le=1)
    min_genes: int = Field(default=5, ge=1)


class Study(Part):
    """A study file, validated; paths in it are relative to `folder`."""

    study: Name
    data: Data
    design: DesignPart
    signatures: Signatures = Signatures()
    score: Score = Score()
    seed: int = Field(default=1, ge=0)
    plan: str | None = None
    folder: Path = Field(default=Path("."), exclude=True)

    def resolve(self, name: str) -> Path:
        """Return a path of the study file as seen from the working folder."""
        return self.folder / name

    def normalised(self) -> dict[str, Any]:
        """Return the study with all defaults written out, as plain data."""
        return self.model_dump(mode="json")


class _Loader(yaml.SafeLoader):
    """Safe, and strict: of two equal keys, PyYAML would keep the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise TwiceError(
                    problem=f"the key {key.value!r} stands twice in one block",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


def read_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Raises
    ------
    StudyError
        The file is missing, is no YAML, asks for objects, or has unknown keys or values; the
        message names file, key, what is allowed and the nearest word.
    """
    path = Path(path)
    if path.is_dir():
        inside = ", ".join(sorted(p.name for p in path.glob("*.y*ml"))[:5])
        raise StudyError(
            f"{path} is a folder, not a study file; name the file in it"
            + (f" ({inside})" if inside else "")
        )
    if not path.is_file():
        beside = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise StudyError(
            f"study file {path} does not exist; `mechanisms init MATRIX` writes one"
            f"{nearest(path.name, beside)}"
        )
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader)
    except OSError as error:
        raise StudyError(f"study file {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError(yaml_message(path.name, error)) from None
    if not isinstance(content, dict):
        raise StudyError(
            f"{path.name}: a study file is a list of keys (study, data, design, ...), and this "
            f"holds {'nothing' if content is None else 'none'}. `mechanisms init MATRIX` writes "
            "one to start from"
        )
    return _validate(content, path.name, path.parent)


def make_study(content: dict[str, Any], folder: str | Path = ".") -> Study:
    """Validate a study given as plain data, as `read_study` does for a file."""
    return _validate(content, "study", Path(folder))


def _validate(content: dict[str, Any], name: str, folder: Path) -> Study:
    if "folder" in content:
        raise StudyError(f"{name}: unknown key 'folder'{known_keys(('folder',), Study)}")
    try:
        return Study(**{str(k): v for k, v in content.items()}, folder=folder)
    except ValidationError as error:
        raise StudyError(refusal(name, error, Study)) from None
