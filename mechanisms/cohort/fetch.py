"""From an accession to a ready study: download, compare with what is known, propose."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from mechanisms.cohort import public
from mechanisms.cohort.download import (
    Fetched,
    Progress,
    cache_folder,
    download,
    silent,
)
from mechanisms.cohort.files import open_source
from mechanisms.cohort.folders import described, read
from mechanisms.cohort.integrity import unpack_tar
from mechanisms.cohort.layout import Ask
from mechanisms.cohort.propose import Proposal, propose
from mechanisms.cohort.sheet import tidy_sheet
from mechanisms.cohort.wording import counted, some
from mechanisms.errors import DataError

_LISTED = re.compile(r'href="(GSE\d+(?:-GPL\d+)?_series_matrix\.txt\.gz)"')
_VALUE_WORDS = re.compile(r"[._-]?(count|counts|fpkm|tpm|rpkm|cpm)$", re.I)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A cohort in the cache: its files by kind, and what was said on the way."""

    cohort: public.Cohort
    folder: Path
    files: dict[str, list[Fetched]]
    notices: list[str] = field(default_factory=list)

    def path(self, kind: str) -> Path | None:
        """The first file of a kind."""
        found = self.files.get(kind)
        return found[0].path if found else None


def fetch(
    name: str,
    *,
    cache: Path | str | None = None,
    progress: Progress = silent,
    wait: float = 1.0,
) -> Arrived:
    """Download the files of a registered cohort, or the series matrix of any GEO series.

    Raises
    ------
    DataError
        Nothing of that name, nothing to fetch, a failed download, or content that differs from
        what the registry says.
    """
    try:
        cohort = public.cohort_of(name)
    except DataError:
        if not public.is_accession(name):
            raise
        cohort = public.unregistered(name.upper())
    if cohort.accession is None or not cohort.files:
        where = "its accession is not known" if cohort.accession is None else "no file is known"
        raise DataError(
            f"{cohort.id}: this cohort is registered, but {where}, so nothing can be fetched "
            f"({cohort.source}). See `mechanisms cohorts show {cohort.id}`."
        )
    folder = cache_folder(cache) / cohort.accession
    arrived = Arrived(cohort, folder, {})
    for file in _files(cohort):
        url = public.address(cohort.accession, file)
        done = download(
            url,
            folder,
            file.name,
            sha256=file.sha256,
            size=file.bytes,
            progress=progress,
            wait=wait,
        )
        arrived.files.setdefault(file.kind, []).append(done)
        arrived.notices.append(_said(file.name, done))
    for archive in arrived.files.get("archive", []):
        unpack_tar(archive.path, folder / f"{archive.path.name.removesuffix('.tar')}_files")
    compare(arrived)
    return arrived


def compare(arrived: Arrived) -> None:
    """Refuse content that differs from the registry's facts, and say how."""
    cohort = arrived.cohort
    obs = samples_of(arrived)
    if obs is None:
        return
    name = f"{cohort.accession}"
    differs = []
    if cohort.samples is not None and len(obs) != cohort.samples:
        differs.append(f"{cohort.samples} samples are expected and {len(obs)} arrived")
    if cohort.sample_ids and set(cohort.sample_ids) != set(obs.index):
        lost = sorted(set(cohort.sample_ids) - set(obs.index))
        new = sorted(set(obs.index) - set(cohort.sample_ids))
        differs.append(f"samples are missing ({some(lost)}) or new ({some(new)})")
    if cohort.groups is not None and not differs:
        differs += _group_differences(cohort.groups, obs)
    if differs:
        raise DataError(
            f"{name}: what arrived is not what the registry describes: {'; '.join(differs)}. The "
            f"series may have been revised: look at its page on GEO. To use it all the same, run "
            f"`mechanisms init` on the files in the cache (folder {arrived.folder.name}), and read "
            f"every line of the study."
        )


def samples_of(arrived: Arrived) -> pd.DataFrame | None:
    """Read the samples' description from the series matrix or the SOFT family."""
    for kind in ("series_matrix", "soft"):
        path = arrived.path(kind)
        if path is not None:
            found = described(open_source(path, "matrix", "data.matrix"))
            if found is not None:
                return tidy_sheet(found[0], None, path.name)[0]
    return None


def propose_fetched(arrived: Arrived) -> Proposal:
    """Propose a study of what arrived, with the registry's groups where these are known."""
    cohort = arrived.cohort
    matrix = _matrix(arrived)
    sheet, said = _sheet(arrived, matrix)
    proposal = propose(
        matrix,
        sheet,
        arrived.path("platform"),
        species=None if cohort.status == "unverified" else cohort.species,
    )
    notices = (*arrived.notices, *said, *(f"known defect: {d}" for d in cohort.defects))
    changed = replace(
        proposal,
        notices=(*notices, *proposal.notices),
        tissue=proposal.tissue if cohort.tissue == "other" else cohort.tissue,
    )
    groups = cohort.groups
    if groups is None:
        return changed
    return replace(
        changed,
        outcome="group" if groups.pattern else _column(groups.column, proposal.sheet),
        target=groups.target,
        reference=groups.reference,
        label_basis=groups.label_basis,
        donors=() if groups.donor == "unknown" else (groups.donor,),
    )


def _files(cohort: public.Cohort) -> list[public.File]:
    """The registered files; of an unregistered series all series matrices, one a platform."""
    if cohort.status != "unverified" or any(f.kind != "series_matrix" for f in cohort.files):
        return list(cohort.files)
    accession = str(cohort.accession)
    place = f"{public.SERVER}/{public.stub(accession)}/{accession}/matrix/"
    try:
        with urllib.request.urlopen(place, timeout=30) as answer:
            listed = sorted(set(_LISTED.findall(answer.read(2**20).decode("utf-8", "replace"))))
    except (OSError, urllib.error.URLError):
        return list(cohort.files)
    own = [n for n in listed if n.startswith((f"{accession}_", f"{accession}-"))]
    return [public.File(name=n, kind="series_matrix") for n in own] or list(cohort.files)


def _said(name: str, done: Fetched) -> str:
    state = "the hash is the known one" if done.verified else "its hash was not known: recorded"
    origin = "downloaded" if done.fresh else "found in the cache"
    return f"{name}: {origin}; {state} (sha256 {done.sha256[:12]}...)"


def _group_differences(groups: public.Groups, obs: pd.DataFrame) -> list[str]:
    cells = _group(groups, obs)
    if cells is None:
        return [f"the field {groups.column!r} is missing (fields: {some(list(obs.columns), 8)})"]
    counts = {str(k): int(v) for k, v in cells.value_counts().items()}
    wanted = groups.counts
    if counts == wanted:
        return []
    return [
        f"the groups of {groups.column!r} are {_listed(counts)} where {_listed(wanted)} are known"
    ]


def _group(groups: public.Groups, obs: pd.DataFrame) -> pd.Series | None:
    column = _column(groups.column, obs)
    if column is None:
        return None
    cells = obs[column].astype(object).map(str, na_action="ignore")
    if groups.pattern is not None:
        return cells.str.extract(f"({groups.pattern})", flags=re.I)[0]
    return cells


def _column(name: str, obs: pd.DataFrame) -> str | None:
    plain = re.sub(r"\W+", "_", name.lower()).strip("_")
    return next((str(c) for c in obs.columns if str(c) in (name, plain)), None)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{k} {v}" for k, v in sorted(counts.items())) or "none"


def _matrix(arrived: Arrived) -> Path:
    archive = arrived.path("archive")
    if archive is not None:
        return arrived.folder / f"{archive.name.removesuffix('.tar')}_files"
    found = arrived.path("matrix") or arrived.path("soft") or arrived.path("series_matrix")
    if found is None:
        raise DataError(f"{arrived.cohort.id}: no file with values was fetched.")
    if arrived.path("matrix") is None and len(arrived.files.get("series_matrix", [])) > 1:
        names = [f.path.name for f in arrived.files["series_matrix"]]
        arrived.notices.append(
            f"several platforms, one file each ({some(names)}): {names[0]} was taken; for another "
            f"one run `mechanisms init` on its file in the cache"
        )
    return found


def _sheet(arrived: Arrived, matrix: Path) -> tuple[pd.DataFrame | None, list[str]]:
    """GEO's description with the ids that the matrix uses, and the registry's groups."""
    obs = samples_of(arrived)
    if obs is None:
        return None, []
    groups = arrived.cohort.groups
    if groups is not None and groups.pattern is not None:
        obs.insert(0, "group", _group(groups, obs))
    if matrix == arrived.path("series_matrix") and (groups is None or groups.pattern is None):
        return None, []
    if matrix in (arrived.path("series_matrix"), arrived.path("soft")):
        return obs, []
    raw = read(open_source(matrix, "matrix", "data.matrix", folders=True), Ask(known=obs.index))
    named = match_titles(raw.available, obs)
    if named is None:
        titles = list(obs.get("title", pd.Series(dtype=object)))
        raise DataError(
            f"{matrix.name}: its samples ({some(raw.available)}) cannot be matched with GEO's "
            f"({some(list(obs.index), 3)}; titles {some(titles, 3)}). Write the sample sheet by "
            f"hand: run `mechanisms init` on the file in the cache."
        )
    ids, how = named
    matched = obs[ids.notna().to_numpy()].set_axis(pd.Index(ids.dropna(), name="sample"), axis=0)
    matched.insert(0, "gsm", list(obs.index[ids.notna().to_numpy()]))
    if len(matched) < len(obs):
        how += f"; {counted(len(obs) - len(matched), 'sample')} of GEO not in it"
    return matched, [f"{matrix.name}: samples were matched with GEO's by {how}"]


def match_titles(available: Sequence[str], obs: pd.DataFrame) -> tuple[pd.Series, str] | None:
    """Find the matrix's name of each GEO sample: by accession, or by title but for punctuation.

    Every sample of the matrix must be found, and none twice.
    """

    def plain(name: object) -> str:
        return re.sub(r"[\W_]+", "", _VALUE_WORDS.sub("", str(name).strip())).lower()

    keys = {plain(a): a for a in available}
    if len(keys) < len(available):
        return None
    choices = [(pd.Series(obs.index, index=obs.index), "accession")]
    if "title" in obs:
        choices.append((obs["title"], "title (punctuation and case ignored)"))
    for names, how in choices:
        found = names.map(lambda x: keys.get(plain(x)), na_action="ignore")
        present = found.dropna()
        if len(present) == len(keys) and not present.duplicated().any():
            return found, how
    return None
