"""The registry of public disc cohorts: what each is, what is wrong with it, what it can answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from mechanisms.cohort.wording import closest
from mechanisms.errors import DataError
from mechanisms.vocabulary import LABEL_BASES, TISSUES

_ACCESSION = re.compile(r"GSE\d+")
SERVER = "https://ftp.ncbi.nlm.nih.gov/geo/series"


def _text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Word = Annotated[str, BeforeValidator(_text)]


class Part(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class File(Part):
    """One file to fetch; `sha256` and `bytes` where somebody has measured them."""

    name: str
    kind: Literal["series_matrix", "soft", "matrix", "archive", "platform"]
    url: str | None = None  # None: GEO's place for files of this name
    bytes: int | None = Field(default=None, gt=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][\w.+-]*", value):
            raise ValueError(f"{value!r} cannot name a file in the cache")
        return value


class Groups(Part):
    """How the groups are read: a column of GEO's own fields, and how many samples have each value.

    `pattern` takes a part of a cell, such as a word of the title.
    """

    column: str
    pattern: str | None = None
    counts: dict[Word, int]
    target: Word
    reference: Word
    label_basis: str
    donor: str = "unknown"

    @field_validator("label_basis")
    @classmethod
    def _basis(cls, value: str) -> str:
        if value not in LABEL_BASES:
            raise ValueError(f"{value!r} is no label basis{closest(value, LABEL_BASES)}")
        return value


class Cohort(Part):
    """One data set; `status` says how far its facts were verified, `source` by what."""

    accession: str | None
    id: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    title: str
    status: Literal["verified", "from literature", "unverified"]
    source: str
    species: Literal["human", "mouse", "rat"]
    tissue: str
    assay: Literal["array", "bulk_rnaseq", "single_cell", "spatial", "unknown"]
    platform: str
    design: str
    scale: str
    samples: int | None = Field(default=None, gt=0)
    sample_ids: list[str] = Field(default_factory=list)
    cohort_family: str | None = None
    groups: Groups | None = None
    files: list[File] = Field(default_factory=list)
    defects: list[str] = Field(default_factory=list)
    can: str
    cannot: str

    @field_validator("tissue")
    @classmethod
    def _tissue(cls, value: str) -> str:
        if value not in TISSUES:
            raise ValueError(f"{value!r} is no tissue{closest(value, TISSUES)}")
        return value

    @property
    def herniated(self) -> bool:
        """Whether the samples are herniated tissue."""
        return self.tissue == "herniation"


@cache
def registry() -> dict[str, Cohort]:
    """Return every registered cohort by its id, in the order of ids."""
    found = {}
    for name, content in _files():
        cohort = parse(content, name)
        if cohort.id in found or cohort.id != name.removesuffix(".yaml"):
            raise DataError(
                f"{name}: the id {cohort.id!r} must be the file's name, and occur once."
            )
        found[cohort.id] = cohort
    return dict(sorted(found.items(), key=lambda kv: _order(kv[0])))


def parse(content: Any, name: str) -> Cohort:
    """Validate one entry of the registry."""
    try:
        return Cohort.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        raise DataError(
            f"{name}: {where or 'the entry'}: {first['msg']}. Correct the entry of the registry."
        ) from None


def cohort_of(name: str) -> Cohort:
    """Return a cohort by accession or id.

    Raises
    ------
    DataError
        It is not registered; the nearest id is named.
    """
    known = registry()
    for key in (name, name.upper()):
        if key in known:
            return known[key]
    raise DataError(
        f"{name}: no such cohort is registered{closest(name, known)} `mechanisms cohorts list` "
        f"shows them all; any other GEO series can be fetched by its accession (GSE...)."
    )


def family(cohort: Cohort) -> list[str]:
    """Return the other cohorts that share donors with this one."""
    if cohort.cohort_family is None:
        return []
    return [
        c.id for c in registry().values() if c.cohort_family == cohort.cohort_family and c != cohort
    ]


def is_accession(name: str) -> bool:
    """Whether a word is the accession of a GEO series."""
    return _ACCESSION.fullmatch(name.upper()) is not None


def address(accession: str, file: File) -> str:
    """Return GEO's address of a series' file."""
    if file.url is not None:
        return file.url
    folder = {"series_matrix": "matrix", "soft": "soft"}.get(file.kind, "suppl")
    return f"{SERVER}/{stub(accession)}/{accession}/{folder}/{file.name}"


def stub(accession: str) -> str:
    """GSE55235 -> GSE55nnn, the folder of a thousand series."""
    return re.sub(r"\d{1,3}$", "nnn", accession)


def unregistered(accession: str) -> Cohort:
    """Return what is known of a series that nobody has described: its series matrix."""
    return Cohort(
        accession=accession,
        id=accession,
        title="a series that is not registered",
        status="unverified",
        source="GEO, not looked at by anybody here",
        species="human",
        tissue="other",
        assay="unknown",
        platform="unknown",
        design="unknown",
        scale="unknown",
        files=[File(name=f"{accession}_series_matrix.txt.gz", kind="series_matrix")],
        can="unknown",
        cannot="unknown",
    )


def _files() -> Iterator[tuple[str, Any]]:
    folder = resources.files("mechanisms.workflows") / "cohorts"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".yaml"):
            yield entry.name, yaml.safe_load(entry.read_text(encoding="utf-8"))


def _order(name: str) -> tuple[str, int]:
    number = re.search(r"\d+", name)
    return re.split(r"\d", name)[0], int(number.group()) if number else 0
