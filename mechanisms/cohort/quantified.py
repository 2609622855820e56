"""One file a sample, as quantifiers write them: featureCounts, HTSeq, STAR, Salmon, kallisto.

Formats: https://subread.sourceforge.net (featureCounts), https://htseq.readthedocs.io,
https://github.com/alexdobin/STAR (ReadsPerGene), https://salmon.readthedocs.io,
https://pachterlab.github.io/kallisto.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mechanisms.cohort.bundle import Bundle, Member, label_samples
from mechanisms.cohort.files import HDF5, Source, decode
from mechanisms.cohort.identifiers import SUMMARY_ROWS
from mechanisms.cohort.layout import Ask, Raw, no_sample
from mechanisms.cohort.wording import counted, plain, some
from mechanisms.errors import DataError

_SALMON = b"Name\tLength\tEffectiveLength\tTPM\tNumReads"
_KALLISTO = b"target_id\tlength\teff_length\test_counts\ttpm"
_STAR_FIRST = re.compile(rb"N_unmapped\t\d+\t\d+\t\d+\r?\n")
_PAIR = re.compile(rb"[^\t\r\n]+\t-?\d+(\.\d+)?\r?$")
_STRANDS = {"star_unstranded": 1, "star_forward": 2, "star_reverse": 3}
# A library is called stranded when one strand holds this share of the reads in genes.
_STRANDED = 0.8


@dataclass(frozen=True, slots=True)
class Quantifier:
    """One program's file for one sample."""

    name: str
    title: str
    detect: Callable[[bytes], bool]
    parse: Callable[[Source], pd.DataFrame]  # 'id' and one column of numbers for each choice
    scale: tuple[str, str] | None
    rows_are: str = "row"


def read_quantified(bundle: Bundle, members: Sequence[Member], kind: str, ask: Ask) -> Raw:
    """Join the samples of one program; `kind` is a name of QUANTIFIERS or a strand of STAR."""
    q = QUANTIFIERS["star" if kind in _STRANDS else kind]
    labels, said = label_samples([m.name for m in members], ask.known, bundle.name)
    chosen = [
        (m, s) for m, s in zip(members, labels, strict=True) if not ask.wanted or s in ask.wanted
    ]
    if not chosen:
        return no_sample(q.title, bundle.name, labels)
    sources = [m.read() for m, _ in chosen]
    tables = [_parsed(q, s) for s in sources]
    column, why = 1, ""
    if q.name == "star":
        column, why = _strand(tables, kind, bundle.name)
    values, ids, notices = side_by_side(tables, [s.name for s in sources], column, bundle.name)
    title = f"{q.title} folder" if len(members) > 1 else f"{q.title} file"
    return Raw(
        title,
        bundle.name,
        values,
        [s for _, s in chosen],
        labels,
        pd.DataFrame({"id": ids}, dtype=object),
        scale=q.scale,
        rows_are=q.rows_are,
        members=sources,
        notices=[*bundle.notices, *said, *([why] if why else []), *notices],
    )


def kind_of(head: bytes) -> str | None:
    """Return the program that wrote a file, by its first bytes."""
    return next((q.name for q in QUANTIFIERS.values() if q.detect(head)), None)


def _parsed(q: Quantifier, source: Source) -> pd.DataFrame:
    try:
        table = q.parse(source)
    except (ValueError, KeyError, OSError, pd.errors.ParserError) as problem:
        raise DataError(
            f"{source.name}: this {q.title} file cannot be read to its end "
            f"({plain(problem)}). It may be "
            f"cut or edited: run {q.title} again, or copy the file again."
        ) from problem
    if table.empty:
        raise DataError(
            f"{source.name}: this {q.title} file has no rows. Run {q.title} for this sample again."
        )
    numbers = table.iloc[:, 1:].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    if numbers.isna().to_numpy().any():
        i = int(numbers.isna().any(axis=1).to_numpy().argmax())
        raise DataError(
            f"{source.name}: row {str(table.iloc[i, 0])!r} of this {q.title} file has no number. "
            f"The file may be cut or edited: run {q.title} again, or copy the file again."
        )
    ids = table.iloc[:, 0].astype(object)
    if (twice := ids[ids.duplicated()]).size and q.rows_are == "transcript":
        raise DataError(
            f"{source.name}: rows occur more than once: {some(list(twice))}. Run {q.title} again."
        )
    return pd.concat([ids, numbers], axis=1)


def side_by_side(
    tables: Sequence[pd.DataFrame], names: Sequence[str], column: int, name: str
) -> tuple[np.ndarray, list[str], list[str]]:
    """Put the samples side by side; rows that not all have are left out, and said."""
    first = tables[0].iloc[:, 0].astype(object)
    if all(t.iloc[:, 0].astype(object).equals(first) for t in tables[1:]):
        values = np.column_stack([t.iloc[:, column].to_numpy(dtype=np.float64) for t in tables])
        return values, [str(x) for x in first], []
    for table, file in zip(tables, names, strict=True):
        ids = table.iloc[:, 0].astype(object)
        if len(twice := ids[ids.duplicated()]):
            raise DataError(
                f"{file}: rows occur more than once ({some(list(twice))}) and the files of "
                f"{name} have other rows, so they cannot be put side by side. Give one table."
            )
    shared = set(first).intersection(*(t.iloc[:, 0] for t in tables[1:]))
    fewest = min(len(t) for t in tables)
    if len(shared) < fewest / 2:
        odd = max(range(len(tables)), key=lambda i: len(set(tables[i].iloc[:, 0]) ^ set(first)))
        raise DataError(
            f"{name}: the samples do not have the same rows: only {len(shared):,} are in all "
            f"files, where the shortest has {fewest:,} ({names[0]} and {names[odd]} differ most). "
            f"They were counted against different annotations: count them again with one."
        )
    rows = [str(x) for x in first if x in shared]
    columns = [t.set_index(t.columns[0]).iloc[:, column - 1].loc[rows] for t in tables]
    most = max(len(t) for t in tables)
    notice = (
        f"{name}: the files do not have the same rows; {len(rows):,} of up to {most:,} rows are in "
        f"all of them and were kept."
    )
    return np.column_stack([c.to_numpy(dtype=np.float64) for c in columns]), rows, [notice]


def _strand(tables: Sequence[pd.DataFrame], kind: str, name: str) -> tuple[int, str]:
    """Choose STAR's column by where the reads of all samples fall."""
    sums = np.zeros(3)
    for table in tables:
        genes = ~table.iloc[:, 0].astype(str).str.fullmatch(SUMMARY_ROWS)
        sums += table.loc[genes].iloc[:, 1:].sum().to_numpy()
    shares = ", ".join(f"{w} {s:,.0f}" for w, s in zip(_STRANDS, sums, strict=True))
    if kind in _STRANDS:
        return _STRANDS[kind], f"{name}: column {kind} was taken, as asked (reads: {shares})."
    forward = sums[1] / max(sums[1] + sums[2], 1.0)
    if forward >= _STRANDED:
        word = "star_forward"
    elif forward <= 1 - _STRANDED:
        word = "star_reverse"
    else:
        word = "star_unstranded"
    return _STRANDS[word], (
        f"{name}: STAR counts for three kinds of library; {word} was taken, because {forward:.0%} "
        f"of the stranded reads are forward (reads in genes: {shares}). To choose another one, set "
        f"data.format to it."
    )


def _table(source: Source, **options: object) -> pd.DataFrame:
    data, _ = decode(source)
    return pd.read_csv(io.BytesIO(data), sep="\t", low_memory=False, **options)  # type: ignore[call-overload, no-any-return]


def _parse_salmon(source: Source) -> pd.DataFrame:
    return _table(source, dtype={"Name": str})[["Name", "NumReads"]]


def _parse_kallisto(source: Source) -> pd.DataFrame:
    if source.is_store:
        import h5py

        with h5py.File(source.handle(), "r") as store:
            ids = [x.decode() for x in store["aux/ids"][()]]
            return pd.DataFrame({"target_id": ids, "est_counts": store["est_counts"][()]})
    return _table(source, dtype={"target_id": str})[["target_id", "est_counts"]]


def _parse_star(source: Source) -> pd.DataFrame:
    table = _table(source, header=None, dtype={0: str})
    if table.shape[1] != 4:
        raise ValueError(f"{table.shape[1]} columns where STAR writes 4")
    return table


def _parse_htseq(source: Source) -> pd.DataFrame:
    table = _table(source, header=None, dtype={0: str})
    if table.shape[1] not in (2, 3):
        raise ValueError(f"{table.shape[1]} columns where HTSeq writes 2")
    return table.iloc[:, [0, -1]].set_axis([0, 1], axis=1)


def _is_htseq(head: bytes) -> bool:
    """Two columns without a header, the second a number, in every whole line of the start."""
    lines = head.split(b"\n")[:-1][:20]
    return len(lines) >= 3 and all(_PAIR.match(x) for x in lines)


def _is_kallisto_store(head: bytes) -> bool:
    return head.startswith(HDF5) and b"est_counts" in head


_ESTIMATED = "are estimated counts, whose fractions are no sign of another scale"
QUANTIFIERS = {
    q.name: q
    for q in (
        Quantifier(
            "salmon",
            "Salmon",
            lambda h: h.lstrip(b"\xef\xbb\xbf").startswith(_SALMON),
            _parse_salmon,
            ("counts", f"Salmon's NumReads {_ESTIMATED}"),
            "transcript",
        ),
        Quantifier(
            "kallisto",
            "kallisto",
            lambda h: h.startswith(_KALLISTO) or _is_kallisto_store(h),
            _parse_kallisto,
            ("counts", f"kallisto's est_counts {_ESTIMATED}"),
            "transcript",
        ),
        Quantifier("star", "STAR", lambda h: bool(_STAR_FIRST.match(h)), _parse_star, None),
        Quantifier("htseq", "HTSeq", _is_htseq, _parse_htseq, None),
    )
}
STRANDS = tuple(_STRANDS)


def describe_members(bundle: Bundle) -> str:
    """Say what a folder holds, for refusals."""
    if not bundle.members:
        return "no file that could be data"
    return f"{counted(len(bundle.members), 'file')} ({some([m.name for m in bundle.members])})"
