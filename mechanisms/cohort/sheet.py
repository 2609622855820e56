"""The sample sheet: read it, choose samples, and match its ids with those of the matrix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from mechanisms.cohort.files import Source
from mechanisms.cohort.geo import is_series_matrix, read_characteristics
from mechanisms.cohort.known import count_known
from mechanisms.cohort.soft import describe_soft, is_soft
from mechanisms.cohort.tables import MISSING, read_grid
from mechanisms.cohort.wording import closest, counted, label, some
from mechanisms.errors import DataError

_LEADING_ZERO = re.compile(r"[-+]?0\d+")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_UNKNOWN = ("unknown", "not known", "not available", "missing", "not recorded", "?")
# Repairs that are proposed, never made: two ids may differ by nothing else.
_REPAIRS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("ignoring upper and lower case", str.lower),
    ("removing spaces", lambda s: re.sub(r"\s+", "", s)),
    ("replacing '-' by '.'", lambda s: s.replace("-", ".")),
    ("replacing '.' by '-'", lambda s: s.replace(".", "-")),
    ("replacing '_' by '-'", lambda s: s.replace("_", "-")),
    ("replacing '-' by '_'", lambda s: s.replace("-", "_")),
    ("writing spaces as '.'", lambda s: s.replace(" ", ".")),
    ("writing spaces as '_'", lambda s: s.replace(" ", "_")),
    ("removing a leading X", lambda s: s.removeprefix("X")),
    ("ignoring case, spaces, '-', '.' and '_'", lambda s: re.sub(r"[\s._-]+", "", s).lower()),
    ("writing numbers without leading zeros", lambda s: re.sub(r"(?<!\d)0+(?=\d)", "", s)),
    ("cutting what follows the first '_' or '.'", lambda s: re.split(r"[._]", s)[0]),
    (
        "cutting file endings",
        lambda s: re.sub(r"(\.(bam|sam|txt|gz|fastq|fq|counts?|tsv|cel))+$", "", s, flags=re.I),
    ),
)


def read_sheet(source: Source, sample_id: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Read a sheet (table, Excel or the head of a series matrix); the index holds the ids.

    Text is stripped, numbers become numeric (unless written with leading zeros), missing cells NA.
    """
    head = source.data[:4096]
    if is_series_matrix(head) or is_soft(head):
        describe = read_characteristics if is_series_matrix(head) else describe_soft
        frame, notices = describe(source)
        frame = frame.reset_index()
    else:
        grid = read_grid(source, as_text=True)
        frame, notices = grid.frame.set_axis(grid.header, axis=1), grid.notices
    frame, said = tidy_sheet(frame, sample_id, source.name)
    return frame, [*notices, *said]


def tidy_sheet(
    frame: pd.DataFrame, sample_id: str | None, name: str
) -> tuple[pd.DataFrame, list[str]]:
    """Strip, type and index a sheet; the user's frame is not changed."""
    frame = frame.copy()
    frame.columns = [str(c).strip() for c in frame.columns]
    filled = frame.notna().any().to_numpy()  # a delimiter at the line ends makes an empty column
    frame = frame.loc[:, [bool(c) or bool(f) for c, f in zip(frame, filled, strict=True)]]
    _refuse_bad_columns(list(frame.columns), sample_id, name)
    frame, stripped = _strip(frame)
    if sample_id is None and not isinstance(frame.index, pd.RangeIndex):
        ids = pd.Series(frame.index, dtype=object)
        key = str(frame.index.name or "sample")
    else:
        key = sample_id if sample_id is not None else str(frame.columns[0])
        ids = frame.pop(key)
    key = key or "sample"
    _refuse_bad_ids(ids, key, name)
    _refuse_unstorable(list(frame.columns), name)
    frame.index = pd.Index([label(i) for i in ids], name=key, dtype=object)
    said = (
        [f"{name}: spaces around {counted(stripped, 'entry', 'entries')} removed."]
        if stripped
        else []
    )
    frame = pd.DataFrame({c: _known(frame[c], name, said) for c in frame}, index=frame.index)
    frame = pd.DataFrame({c: _typed(frame[c], name) for c in frame}, index=frame.index)
    return frame, said


def choose(
    sheet: pd.DataFrame, subset: Mapping[str, Sequence[str]] | None, name: str
) -> tuple[pd.DataFrame, list[str]]:
    """Keep the rows whose columns hold the values of `subset`."""
    keep = pd.Series(True, index=sheet.index)
    for column, allowed in (subset or {}).items():
        if column not in sheet.columns:
            raise DataError(
                f"{name}: data.subset names the column {column!r}, which the sheet does not have"
                f"{closest(column, sheet.columns)} Its columns are {some(list(sheet.columns))}."
            )
        values = [allowed] if isinstance(allowed, (str, int, float)) else list(allowed)
        cells = sheet[column].map(label, na_action="ignore")
        held = sorted(set(cells.dropna()))
        for value in values:
            if label(value) not in held:
                raise DataError(
                    f"{name}: data.subset asks for {column} = {value!r}, which does not occur"
                    f"{closest(value, held)} Its values are {some(held, 12)}."
                )
        keep &= cells.isin([label(v) for v in values])
    if not keep.any():
        chosen = "; ".join(f"{c}: {v}" for c, v in (subset or {}).items())
        raise DataError(
            f"{name}: no sample remains after data.subset ({chosen}). Each value occurs, but not "
            f"together: loosen the subset."
        )
    if not subset:
        return sheet, []
    return sheet[keep], [
        f"{name}: data.subset keeps {int(keep.sum())} of {len(keep)} samples "
        f"({'; '.join(f'{c}: {v}' for c, v in subset.items())})."
    ]


def match(
    sheet: pd.DataFrame, chosen: pd.DataFrame, available: Sequence[str], sheet_name: str, name: str
) -> list[str]:
    """Refuse sheet rows that the matrix lacks; say which matrix columns the sheet lacks."""
    present = set(available)
    lost = [i for i in chosen.index if i not in present]
    if lost:
        raise DataError(_unmatched(sheet, chosen, lost, available, sheet_name, name))
    unlisted = [s for s in available if s not in set(sheet.index)]
    if not unlisted:
        return []
    return [
        f"{name}: {counted(len(unlisted), 'sample')} of the matrix not in {sheet_name}, left "
        f"out: {some(unlisted)}."
    ]


def _unmatched(
    sheet: pd.DataFrame,
    chosen: pd.DataFrame,
    lost: Sequence[str],
    available: Sequence[str],
    sheet_name: str,
    name: str,
) -> str:
    pairs = []
    for i in lost[:5]:
        near = difflib.get_close_matches(i, available, n=1, cutoff=0.5)
        pairs.append(repr(i) + (f" (nearest: {near[0]!r})" if near else ""))
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    text = (
        f"{sheet_name}: {len(lost)} of {len(chosen)} samples of the sheet (column "
        f"{sheet.index.name!r}) are not in {name}: {', '.join(pairs)}{more}. The matrix has "
        f"{some(available)}."
    )
    for words, repair in _REPAIRS:
        repaired = [repair(s) for s in available]
        wanted = {repair(i) for i in lost}
        if len(wanted) < len(lost) or not wanted <= set(repaired):
            continue
        if len(set(repaired)) == len(repaired):
            return f"{text} They would match after {words}: change the ids in the sheet."
    if count_known(lost) > len(lost) / 2:
        return f"{text} The ids of the sheet are genes: data.matrix and data.samples are swapped."
    present = set(available)
    for column in chosen:
        if set(chosen[column].map(label, na_action="ignore").dropna()) & present:
            return f"{text} The column {column!r} does match: set data.sample_id: {column}."
    return f"{text} Correct the ids, or delete the rows of samples that were not measured."


def _strip(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    stripped = 0
    columns = {}
    for c in frame:
        cells = frame[c]
        if isinstance(cells.dtype, pd.CategoricalDtype):
            cells = cells.astype(cells.cat.categories.dtype)
        if not pd.api.types.is_numeric_dtype(cells):
            text = cells.astype(object).map(lambda x: x.strip() if isinstance(x, str) else x)
            changed = cells.notna() & (text != cells.astype(object))
            stripped += int(changed.sum())
            cells = text.where(~text.isin(MISSING) & text.notna(), None)
        columns[c] = cells
    return pd.DataFrame(columns, index=frame.index), stripped


def _known(cells: pd.Series, name: str, said: list[str]) -> pd.Series:
    """In a column of numbers 'unknown' is a missing value; elsewhere it is a word like others."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells
    words = cells.astype(object).map(lambda x: str(x).strip().lower(), na_action="ignore")
    unknown = words.isin(_UNKNOWN)
    rest = cells[~unknown & cells.notna()]
    if not unknown.any() or rest.empty or pd.to_numeric(rest, errors="coerce").isna().any():
        return cells
    said.append(
        f"{name}: column {cells.name!r} holds numbers; {counted(int(unknown.sum()), 'cell')} that "
        f"say {str(cells[unknown].iloc[0])!r} were taken as missing."
    )
    return cells.where(~unknown, None)


def _typed(cells: pd.Series, name: str) -> pd.Series:
    """Numbers where every cell is one; else text with NA."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return cells
    present = cells.dropna()
    text = present.astype(str)
    if not len(present):
        return pd.Series([None] * len(cells), index=cells.index, name=cells.name, dtype=object)
    if text.str.fullmatch(_DECIMAL_COMMA).all():
        raise DataError(
            f"{name}: the numbers of column {cells.name!r} have a decimal comma (such as "
            f"{text.iloc[0]!r}, sample {text.index[0]!r}). Write them with a decimal point."
        )
    if (
        not text.str.fullmatch(_LEADING_ZERO).any()
        and not present.map(lambda x: isinstance(x, bool)).any()
    ):
        numbers = pd.to_numeric(cells, errors="coerce")
        if numbers.notna().sum() == len(present):
            return numbers
    return cells.map(label, na_action="ignore").astype(object).where(cells.notna(), None)


def _refuse_bad_columns(columns: list[str], sample_id: str | None, name: str) -> None:
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        raise DataError(
            f"{name}: column names occur more than once: {some(twice)}. Rename or delete the "
            f"copies."
        )
    if sample_id is not None and sample_id not in columns:
        raise DataError(
            f"{name}: data.sample_id is {sample_id!r}, which is no column of the sheet"
            f"{closest(sample_id, columns)} Its columns are {some(columns)}."
        )


def _refuse_unstorable(columns: list[str], name: str) -> None:
    """The result is stored as .h5ad, which has no room for these names."""
    for position, column in enumerate(columns):
        if column in ("", "_index") or "/" in column:
            raise DataError(
                f"{name}: a column of the sample sheet is called {column!r} (number {position + 1} "
                f"beside the ids), which an .h5ad cannot store. Rename it, without '/'."
            )


def _refuse_bad_ids(ids: pd.Series, key: str, name: str) -> None:
    if ids.isna().any():
        row = int(ids.isna().to_numpy().argmax()) + 1
        raise DataError(
            f"{name}: the sample of row {row} has no id (column {key!r}). Fill it in, or delete "
            f"the row."
        )
    labels = ids.map(label)
    if twice := sorted(set(labels[labels.duplicated()])):
        raise DataError(
            f"{name}: sample ids occur more than once in column {key!r}: {some(twice)}. "
            f"Every sample needs one row; if another column holds the samples' ids, "
            f"name it as data.sample_id."
        )


def sheet_name(samples: Path | str | pd.DataFrame) -> str:
    """How messages call the sheet."""
    return "the sample sheet" if isinstance(samples, pd.DataFrame) else Path(samples).name
