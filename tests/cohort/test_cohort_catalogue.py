"""The catalogue of malformed input: one table that makes it, one test, the message a user reads.

Each case is refused with one paragraph, or loads and says what was done; none runs on in silence.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from mechanisms.cohort import load, write_cohort
from mechanisms.errors import DataError
from mechanisms.genes import known_genes

GENES = sorted(known_genes())[:40]
SAMPLES = [f"S{i}" for i in range(1, 7)]
VALUES = np.random.default_rng(7).poisson(200, (40, 6))
ROWS = [["gene", *SAMPLES], *([g, *map(str, v)] for g, v in zip(GENES, VALUES, strict=True))]
SHEET = "sample\tgroup\tage\n" + "".join(f"S{i}\t{'ab'[i % 2]}\t{30 + i}\n" for i in range(1, 7))


def table(changes: dict[tuple[int, int], str] | None = None, sep: str = "\t") -> str:
    rows = [list(r) for r in ROWS]
    for (i, j), cell in (changes or {}).items():
        rows[i][j] = cell
    return "\n".join(sep.join(r) for r in rows) + "\n"


def column(j: int, cell: str) -> dict[tuple[int, int], str]:
    return {(i, j): cell for i in range(1, 41)}


def ids(form: str) -> str:
    return table({(i, 0): form.format(i) for i in range(1, 41)})


GZ = gzip.compress(table().encode())
CUT = "\n".join(table().splitlines()[:5]) + "\n"

# name -> (content of the matrix, expected message)
MATRICES: dict[str, tuple[str | bytes, str]] = {
    "no bytes": ("", r"matrix\.tsv: the matrix is empty \(0 bytes\)"),
    "blank": ("\n \n", "holds no text"),
    "comments only": ("# a\n# b\n", "every line is a comment"),
    "header only": (table().split("\n")[0] + "\n", "header but no rows below it"),
    "header without end": (table().split("\n")[0], "header but no rows below it"),
    "one column": ("gene\nTNF\nIL6\n", "no delimiter splits .* Allowed are tab, comma"),
    "truncated gzip": (GZ[:-20], "gzip file of the matrix is truncated or damaged"),
    "damaged gzip": (GZ[:60] + b"xxxx" + GZ[64:], "gzip file .* truncated or damaged"),
    "gzip of nothing": (gzip.compress(b""), "empty once unpacked"),
    "truncated bz2": (b"BZh91AY&SY" + b"\x00" * 20, "bz2 file .* truncated or damaged"),
    "truncated xz": (b"\xfd7zXZ\x00" + b"\x00" * 20, "xz file .* truncated or damaged"),
    "zip": (b"PK\x03\x04" + b"\x00" * 99, "zip archive is truncated"),
    "tar": (b"a" * 257 + b"ustar" + b"\x00" * 99, "tar archive is truncated or damaged"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + b"\x00" * 99, r"old Excel file \(.xls\)"),
    "broken Excel": (b"PK\x03\x04 xl/workbook" + b"\x00" * 99, "Excel file cannot be read"),
    "web page": ("<!DOCTYPE html><html>404</html>", "web page, not a table"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "not a text table"),
    "broken UTF-16": (b"\xff\xfe" + b"a\x00b\x00\x00\xd8", "begins as UTF-16 but is broken"),
    "broken HDF5": (b"\x89HDF\r\n\x1a\n" + b"\x00" * 99, "HDF5 store is truncated or damaged"),
    "packed HDF5": (
        gzip.compress(b"\x89HDF\r\n\x1a\n" + b"\x00" * 9),
        "HDF5 store is truncated or damaged",
    ),
    "SOFT": ("^DATABASE = GeoMiame\n!x = y\n", "describes nothing but no samples"),
    "short row": (
        CUT + "AACS\t1\t2\n" + table().split("\n", 6)[6],
        r"line 6 \(row 'AACS'\) has 3 columns where the header has 7",
    ),
    "long row": (table({(4, 6): "5\t6"}), r"line 5 \(row '\w+'\) has 8 columns"),
    "cut in the last row": (table()[:-30], r"line 41 .* The file may be cut"),
    "open quotation mark": (table({(4, 0): '"X'}), "quotation mark .* row 'X' and does not close"),
    "word": (
        table({(3, 2): "abc"}),
        rf"gene '{GENES[2]}' in sample 'S2' is 'abc', .* not a number",
    ),
    "below detection": (table({(3, 2): "<5"}), "in sample 'S2' is '<5'"),
    "true": (table({(3, 2): "TRUE"}), "in sample 'S2' is 'TRUE'"),
    "all true": (table(column(2, "True")), "holds numbers|is 'True'|known|samples"),
    "decimal comma": (table({(3, 2): "1,5"}), "'1,5': a decimal comma"),
    "decimal commas": (
        table({(i, j): "1,5" for i in range(1, 41) for j in range(1, 7)}, ";"),
        "gene 'A2M' in sample 'S1' is '1,5': a decimal comma",
    ),
    "infinite": (table({(3, 2): "inf"}), rf"gene '{GENES[2]}' in sample 'S2' is infinite"),
    "minus infinite": (table({(3, 2): "-Inf"}), "in sample 'S2' is infinite"),
    "negative count": (
        table({(3, 2): "-7"}),
        rf"gene '{GENES[2]}' in sample 'S2' is -7, .* counts cannot be negative",
    ),
    "negative intensity": (
        table({(3, 2): "-7.5", **column(1, "100.5")}),
        "in sample 'S2' is -7.5, .* on a linear scale cannot be negative",
    ),
    "sample without values": (table(column(3, "NA")), "1 sample has no value at all: 'S3'"),
    "no values": (
        table({(i, j): "NA" for i in range(1, 41) for j in range(1, 7)}),
        "6 samples have no value at all",
    ),
    "sample twice": (table({(0, 2): "S1"}), "sample ids occur more than once in the matrix: 'S1'"),
    "Affymetrix": (ids("{}_at"), r"rows are probes \('1_at'.*Set data.genes.platform"),
    "Illumina": (ids("ILMN_17{}"), "rows are probes"),
    "Agilent": (ids("A_23_P{}"), "rows are probes"),
    "UniProt": (ids("P{:05d}"), "not known as genes; .* UniProt .* data.genes.column"),
    "transcripts": (ids("ENST{:011d}"), "rows are transcripts .* data.genes.transcripts"),
    "no row names": (table(column(0, "")), "not known as genes"),
}


def one_paragraph_without_folders(message: str, folder: Path) -> None:
    assert "\n" not in message
    assert str(folder) not in message
    assert message.endswith((".", "?"))
    assert len(message) < 900


# name -> (content of the sheet, options, expected message)
SHEETS: dict[str, tuple[str, dict[str, Any], str]] = {
    "sample twice": (
        SHEET + "S1\ta\t3\n",
        {},
        r"samples\.tsv: sample ids occur more than once in column 'sample': 'S1'",
    ),
    "no id": (SHEET + "\ta\t3\n", {}, r"sample of row 7 has no id \(column 'sample'\)"),
    "not in the matrix": (
        SHEET + "S7\ta\t3\n",
        {},
        r"1 of 7 samples of the sheet .* are not in matrix.tsv: 'S7' \(nearest: 'S\d'\)",
    ),
    "case": (SHEET.replace("S", "s"), {}, "would match after ignoring upper and lower case"),
    "spaces": (SHEET.replace("S", "S "), {}, "would match after removing spaces"),
    "R's X": (SHEET.replace("S", "XS"), {}, "would match after removing a leading X"),
    "more than five": (SHEET.replace("S", "patient"), {}, "6 of 6 samples .* and 1 more"),
    "other column": (
        "n\tid\n" + "".join(f"{i}\tS{i}\n" for i in range(1, 7)),
        {},
        "The column 'id' does match: set data.sample_id: id",
    ),
    "column twice": (SHEET.replace("age", "group"), {}, "column names occur .* 'group'"),
    "decimal comma": (
        "sample\tage\n" + "".join(f"S{i}\t3{i},5\n" for i in range(1, 7)),
        {},
        r"column 'age' have a decimal comma \(such as '31,5', sample 'S1'\)",
    ),
    "unknown id column": (SHEET, {"sample_id": "sampel"}, "no column .*; did you mean 'sample'"),
    "unknown subset column": (SHEET, {"subset": {"grop": ["a"]}}, "'grop', .* mean 'group'"),
    "unknown subset value": (
        SHEET,
        {"subset": {"group": ["c"]}},
        "group = 'c', which does not occur. Its values are 'a', 'b'",
    ),
    "empty subset": (
        SHEET,
        {"subset": {"group": ["b"], "age": ["32"]}},
        "no sample remains after data.subset",
    ),
    "slash": (SHEET.replace("age", "age/sex"), {}, "called 'age/sex' .* Rename it, without '/'"),
    "unnamed column": (SHEET.replace("age", ""), {}, "a column of the sample sheet is called ''"),
    "header only": ("sample\tgroup\n", {}, "header but no rows"),
    "unknown gene column": (SHEET, {"gene_column": "genes"}, "'genes', .* did you mean 'gene'"),
    "unknown scale": (SHEET, {"scale": "count"}, "data.scale is 'count'; .* mean 'counts'"),
    "unknown collapse": (SHEET, {"collapse": "mean"}, "data.genes.collapse is 'mean'; allowed"),
    "unknown species": (SHEET, {"species": "humans"}, "data.species is 'humans'; .* 'human'"),
    "misspelt tissue": (SHEET, {"tissue": "herniaton"}, "data.tissue .* mean 'herniation'"),
    "sum of logarithms": (
        SHEET,
        {"collapse": "sum", "scale": "log"},
        "are logarithms, which must not be added",
    ),
}


# --- stores, folders, archives and formats of other programs ----------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """How to make the input (the arguments of `load`), and what is said of it."""

    make: Callable[[Path], dict[str, Any]]
    message: str
    refused: bool = True


def file(name: str, content: str | bytes, **options: Any) -> Callable[[Path], dict[str, Any]]:
    def make(folder: Path) -> dict[str, Any]:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        return {"matrix": folder / name, **options}

    return make


def files(contents: dict[str, str | bytes], **options: Any) -> Callable[[Path], dict[str, Any]]:
    def make(folder: Path) -> dict[str, Any]:
        for name, content in contents.items():
            file(f"in/{name}", content)(folder)
        return {"matrix": folder / "in", **options}

    return make


def with_sheet(content: str | bytes, matrix: str = "", **options: Any) -> Callable[[Path], Any]:
    def make(folder: Path) -> dict[str, Any]:
        made = file("matrix.tsv", matrix or table())(folder)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / "samples.tsv").write_bytes(data)
        return {**made, "samples": folder / "samples.tsv", **options}

    return make


def with_platform(content: str | bytes, **options: Any) -> Callable[[Path], dict[str, Any]]:
    def make(folder: Path) -> dict[str, Any]:
        made = file("matrix.tsv", ids("{}_at"))(folder)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / "GPL1.txt").write_bytes(data)
        return {**made, "platform": folder / "GPL1.txt", **options}

    return make


def written(format: str, change: Callable[[Path], None] | None = None, **options: Any) -> Any:
    """A small cohort in a format, then damaged."""

    def make(folder: Path) -> dict[str, Any]:
        obs = pd.DataFrame({"group": list("ababab")}, index=SAMPLES)
        var = pd.DataFrame(index=GENES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cohort = ad.AnnData(VALUES.T.astype(np.float64), obs=obs, var=var)
        made = write_cohort(cohort, folder, format)
        if change:
            change(made.matrix)
        arguments = {"matrix": made.matrix, "samples": made.samples, "platform": made.platform}
        return {**arguments, "transcripts": made.transcripts, **options}

    return make


def inside(name: str, change: Callable[[bytes], bytes | None]) -> Callable[[Path], None]:
    """Change (or delete: None) the first file of that name below a folder, through its gzip."""

    def damage(place: Path) -> None:
        path = place if place.is_file() else sorted(place.rglob(name))[0]
        data = path.read_bytes()
        packed = data.startswith(b"\x1f\x8b")
        new = change(gzip.decompress(data) if packed else data)
        if new is None:
            path.unlink()
        else:
            path.write_bytes(gzip.compress(new) if packed else new)

    return damage


def h5ad(change: Callable[[Any], None], **options: Any) -> Callable[[Path], dict[str, Any]]:
    """An AnnData changed inside its file."""

    def damage(path: Path) -> None:
        import h5py

        with h5py.File(path, "a") as store:
            change(store)

    return written("h5ad", damage, **options)


def memory(change: Callable[[ad.AnnData], Any], **options: Any) -> Callable[[Path], dict[str, Any]]:
    def make(_: Path) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            obs = pd.DataFrame({"group": list("ababab")}, index=SAMPLES)
            cohort = ad.AnnData(VALUES.T.astype(float), obs=obs, var=pd.DataFrame(index=GENES))
            changed = change(cohort)
        return {"matrix": cohort if changed is None else changed, **options}

    return make


def _set(store: Any, name: str, value: Any) -> None:
    attributes = dict(store[name].attrs)
    del store[name]
    store[name] = value
    store[name].attrs.update(attributes)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def no(_: bytes) -> None:
    return None


def swap(a: bytes, b: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(a, b, 1)


def tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


SOFT_SAMPLE = """^SAMPLE = GSM1
!Sample_title = one
!Sample_platform_id = GPL1
!sample_table_begin
ID_REF\tVALUE
1_at\t5.5
2_at\t6.5
!sample_table_end
"""
SERIES = (
    '!Sample_geo_accession\t"GSM1"\t"GSM2"\n!Sample_platform_id\t"GPL1"\t"GPL1"\n'
    '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"TNF"\t5.5\t6.5\n"IL6"\t7.5\t3.5\n'
    "!series_matrix_table_end\n"
)
QUANT = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
STAR = "N_unmapped\t1\t1\t1\nN_multimapping\t1\t1\t1\nN_noFeature\t1\t1\t1\nN_ambiguous\t1\t1\t1\n"
LATIN = SHEET.replace("group", "größe").encode("latin-1")
DATES = table({(1, 0): "1-Mar", (2, 0): "2-Sep", (3, 0): "2023-09-06"})
ODD_SPACES = table({(0, 1): " S1 ", (1, 0): f"  {GENES[0]} "})
BIG = gzip.compress(bytes(2**20), mtime=0) * 300

OTHERS: dict[str, Case] = {
    # text that loads, and says what was done
    "byte-order mark": Case(with_sheet(b"\xef\xbb\xbf" + SHEET.encode()), "became log2", False),
    "Latin-1": Case(with_sheet(LATIN), r"not UTF-8 \(first at line 1\) .* Latin-1", False),
    "UTF-16": Case(with_sheet(SHEET.encode("utf-16")), "read as UTF-16", False),
    "padded ids in the sheet": Case(
        with_sheet(SHEET.replace("S1", " S1 ")), "spaces around 1 entry removed", False
    ),
    "padded header and genes": Case(with_sheet(SHEET, ODD_SPACES), "became log2 counts", False),
    "dates for genes": Case(
        with_sheet(SHEET, DATES), r"3 gene names look like dates .*'2-Sep' \(was SEPTIN2\)", False
    ),
    "text NA among values": Case(
        with_sheet(SHEET, table({(3, 2): "NA"})), "of the values are missing", False
    ),
    "samples in rows": Case(
        file("m.tsv", pd.DataFrame(VALUES, GENES, SAMPLES).T.to_csv(sep="\t")),
        "samples were taken to be in rows",
        False,
    ),
    "one gene twice": Case(
        with_sheet(SHEET, table({(1, 0): GENES[1]})), "1 gene of several rows", False
    ),
    "an age that is unknown": Case(
        with_sheet(SHEET.replace("\t31", "\tunknown")), "taken as missing", False
    ),
    "more columns than the sheet lists": Case(
        with_sheet(SHEET.replace("S6\ta\t36\n", "")), "1 sample of the matrix not in", False
    ),
    "Ensembl ids with symbols": Case(
        file("m.tsv", table({(i, 0): f"ENSG{i:011d}(X{i})" for i in range(1, 41)})),
        "without TMM factors",
        False,
    ),
    "comment lines": Case(
        file("m.tsv", "# a\n# b\n" + table()), "2 lines before the header", False
    ),
    "a column of lengths": Case(
        file(
            "m.tsv",
            "\n".join(
                row.replace("\t", "\tLength\t" if i == 0 else "\t900\t", 1)
                for i, row in enumerate(table().splitlines())
            ),
        ),
        "not taken for samples, because of what they hold: 'Length'",
        False,
    ),
    # text that is refused
    "mixed delimiters": Case(
        file("m.tsv", table().replace("\t", ",", 150)), "delimiter|columns where the header has"
    ),
    "thousands separators": Case(file("m.tsv", table({(3, 2): "1,234"})), "a thousands separator"),
    "a unit in a cell": Case(file("m.tsv", table({(3, 2): "5 reads"})), "'5 reads', which is not"),
    "a formula's error": Case(file("m.tsv", table({(3, 2): "#REF!"})), "'#REF!', which is not"),
    "a dash for zero": Case(file("m.tsv", table({(3, 2): "-"})), "'-', which is not a number"),
    "JSON": Case(
        file("m.json", '{"TNF": [1, 2, 3],\n"IL6": [2, 3, 4]}\n'), "number|delimiter|known"
    ),
    "a program's log": Case(
        file("m.log", "Started job\nfinished in 3 s\nok\n"), "delimiter|header"
    ),
    "XML": Case(file("m.xml", "<?xml version='1.0'?>\n<a>\n<b>1</b>\n</a>\n"), "delimiter|number"),
    "a picture in a gzip": Case(
        file("m.gz", gzip.compress(b"\x89PNG\r\n" + bytes(99))), "not a text table"
    ),
    "a gzip bomb": Case(file("m.gz", BIG), "unpacks to more than 400 times its size"),
    "two gzips, the second cut": Case(
        file("m.gz", GZ + GZ[: len(GZ) // 2]), "truncated or damaged"
    ),
    "rows past the end of a gzip": Case(file("m.gz", GZ + b"junk"), "truncated or damaged"),
    # sheets
    "a sheet of one column": Case(with_sheet("sample\nS1\nS2\n"), "no delimiter splits"),
    "an HTML sheet": Case(with_sheet("<html><body>404</body></html>"), "web page, not a table"),
    "an empty sheet": Case(with_sheet(""), r"sample sheet is empty"),
    "a packed and cut sheet": Case(with_sheet(gzip.compress(SHEET.encode())[:-9]), "truncated"),
    "zeros before numbers": Case(
        with_sheet(SHEET.replace("S", "S0")), "match after writing numbers without leading zeros"
    ),
    "endings of files": Case(
        with_sheet(SHEET, table({(0, i): f"S{i}.bam" for i in range(1, 7)})),
        "match after cutting",
    ),
    "lanes behind the ids": Case(
        with_sheet(SHEET, table({(0, i): f"S{i}_L001" for i in range(1, 7)})),
        "match after cutting what follows the first '_'",
    ),
    "a line break in a quoted cell": Case(
        with_sheet(SHEET.replace("S1\tb", 'S1\t"b'), table()), "quotation mark"
    ),
    # options
    "unknown format": Case(file("m.tsv", table(), format="tsv"), "data.format is 'tsv'; allowed"),
    "a format that is not there": Case(
        file("m.tsv", table(), format="h5ad"), "the .h5ad cannot be read"
    ),
    "10x asked of a folder of tables": Case(
        files({"a.txt": table(), "b.txt": table()}, format="10x"), "no matrix.mtx and no 10x HDF5"
    ),
    "a missing transcript table": Case(
        lambda d: file("m.tsv", table(), transcripts=d / "t.tsv")(d),
        "transcript table was not found",
    ),
    "transcripts of logarithms": Case(
        file(
            "m.tsv",
            "id\ta\tb\n" + "".join(f"ENST{i:011d}|ENSG{i:011d}|\t{i / 7}\t1.5\n" for i in range(9)),
        ),
        "look like logarithms .* must not be summed",
    ),
    # platforms
    "a platform of other probes": Case(with_platform("ID\tGene Symbol\nx\tTNF\n"), "only 0 of the"),
    "a platform without ids": Case(
        with_platform("Name\tGene Symbol\n1_at\tTNF\n"), "no column holds"
    ),
    "a platform without genes": Case(with_platform("ID\tColour\n1_at\tred\n"), "names genes"),
    "a platform of metadata": Case(with_platform("^PLATFORM = GPL1\n!a = b\n"), "only metadata"),
    "a platform that is a page": Case(with_platform("<!DOCTYPE html><html></html>"), "web page"),
    "a SOFT family of two platforms": Case(
        with_platform(
            "".join(
                f"^PLATFORM = GPL{i}\n!platform_table_begin\nID\tGene Symbol\n1_at\tTNF\n"
                "!platform_table_end\n"
                for i in (1, 2)
            )
        ),
        "holds 2 platforms .* is not known",
    ),
    # GEO
    "a cut series matrix": Case(file("s.txt", SERIES[:-20]), "does not end"),
    "a series matrix without a table": Case(file("s.txt", SERIES[:70]), "no table"),
    "a series matrix of two platforms": Case(
        file("s.txt", SERIES.replace('"GPL1"\n', '"GPL2"\n')), r"2 platforms: GPL1 \(1 sample\)"
    ),
    "a series matrix without values": Case(
        file("s.txt", SERIES.replace('"TNF"\t5.5\t6.5\n"IL6"\t7.5\t3.5\n', "")), "holds no values"
    ),
    "a series of mice": Case(
        file("s.txt", '!Sample_organism_ch1\t"Mus musculus"\t"Mus musculus"\n' + SERIES),
        "Mus musculus, but data.species is 'human'",
    ),
    "SOFT cut in a table": Case(file("s.soft", SOFT_SAMPLE[:-25]), "table of GSM1 does not end"),
    "SOFT without values": Case(
        file("s.soft", SOFT_SAMPLE.replace("1_at\t5.5\n2_at\t6.5\n", "")), "GSM1 has no values"
    ),
    "SOFT with text for a value": Case(
        file("s.soft", SOFT_SAMPLE.replace("6.5", "high")), "'2_at' in sample GSM1 is 'high'"
    ),
    "SOFT without a VALUE column": Case(
        file("s.soft", SOFT_SAMPLE.replace("VALUE", "SIGNAL")), "has no values .columns: 'ID_REF'"
    ),
    "SOFT of a platform": Case(
        file("s.soft", "^PLATFORM = GPL1\n!Platform_title = x\n"), "describes a platform but no"
    ),
    "SOFT of a series alone": Case(
        file("s.soft", "^SERIES = GSE1\n!Series_title = x\n"), "describes a series but no samples"
    ),
    "probes without their platform": Case(file("s.soft", SOFT_SAMPLE), "probe table of GPL1"),
    # one file a sample
    "a cut quant.sf": Case(
        written("salmon", inside("quant.sf", lambda d: d[:-7].rsplit(b"\t", 1)[0])),
        "no number|read",
    ),
    "an empty quant.sf": Case(
        written("salmon", inside("quant.sf", lambda _: QUANT.encode())), "no rows"
    ),
    "quant.sf of another annotation": Case(
        written("salmon", inside("quant.sf", lambda d: d.replace(b"-20", b"-30"))),
        "do not have the same rows",
    ),
    "quant.sf with text": Case(
        written("salmon", inside("quant.sf", swap(b"\t1800.0\t1.0\t", b"\t1800.0\t1.0\tx"))),
        "has no number",
    ),
    "Salmon without transcripts' genes": Case(
        file("quant.sf", QUANT + "".join(f"ENST{i:011d}\t9\t9\t1\t5\n" for i in range(9))),
        "rows are transcripts",
    ),
    "abundance.tsv with a row twice": Case(
        written(
            "kallisto",
            inside("abundance.tsv", lambda d: d + d.splitlines()[1] + b"\n"),
        ),
        "rows occur more than once",
    ),
    "a cut ReadsPerGene": Case(
        written("star", inside("*.tab", lambda d: d[:-4])), "no number|cannot be read"
    ),
    "a ReadsPerGene of three columns": Case(
        file("x.tab", STAR + "TNF\t1\t2\t3\t4\nIL6\t1\t2\t3\t4\n"), "cannot be read to its end"
    ),
    "HTSeq files of two annotations": Case(
        files(
            {f"s{k}.txt": "".join(f"{x}{i}\t{i}\n" for i in range(9)) for k, x in enumerate("AB")}
        ),
        "do not have the same rows: only 0 are in all files",
    ),
    "HTSeq of the wrong genes": Case(
        files({f"s{k}.txt": "".join(f"zz{i}q\t{i}\n" for i in range(9)) for k in range(2)}),
        "none of the collection's genes is among the 9 rows",
        False,
    ),
    "names that do not tell samples apart": Case(
        files(
            {
                "counts.txt": "TNF\t1\nIL6\t2\nIL10\t3\n",
                "counts.txt.gz": gzip.compress(b"TNF\t1\nIL6\t2\nIL10\t3\n"),
            }
        ),
        "counts",
        False,
    ),
    "the sheet names none of the files": Case(
        written("htseq", None, samples=pd.DataFrame({"s": ["x", "y"], "g": ["a", "b"]})),
        "2 of 2 samples of the sheet .* are not in htseq",
    ),
    "a folder of pictures": Case(
        files({"a.png": b"\x89PNG", "b.pdf": b"%PDF"}), "no data are found"
    ),
    "a folder of several matrices": Case(
        files({"a.csv": table(sep=","), "b.csv": table(sep=",")}), "matrices of several samples"
    ),
    "a folder of several series": Case(
        files({"GSE1_series_matrix.txt": SERIES, "GSE2_series_matrix.txt": SERIES}),
        "series or data sets of their own",
    ),
    # archives
    "a cut tar": Case(
        file("x.tar", tar(("a.txt", bytes(5000)), ("b.txt", bytes(5000)))[:4000]),
        "truncated or dam",
    ),
    "a tar of nothing": Case(file("x.tar", tar(("readme.md", b"hello"))), "no data are found"),
    "a tar with a cut gzip": Case(
        file("x.tar", tar(("GSM1_a.txt.gz", GZ[:-20]), ("GSM2_b.txt.gz", GZ))), "truncated|damaged"
    ),
    "a zip with a password or damage": Case(
        file("x.zip", zipped(("a.txt", b"TNF\t1\n" * 99))[:-30]), "zip archive is truncated"
    ),
    "a zip bomb": Case(
        file("x.zip", zipped(("a.txt", bytes(2**29)))), "unpacks to more than 400 times"
    ),
    # 10x
    "10x without barcodes": Case(written("10x", inside("barcodes.tsv.gz", no)), "no barcodes file"),
    "10x without features": Case(written("10x", inside("features.tsv.gz", no)), "no features file"),
    "10x with a cut matrix": Case(
        written("10x", inside("matrix.mtx.gz", half)), "cut or damaged .* do not agree"
    ),
    "10x with NUL bytes": Case(
        written("10x", inside("matrix.mtx.gz", lambda d: half(d) + bytes(900))), "cut or damaged"
    ),
    "10x with fewer barcodes": Case(
        written("10x", inside("barcodes.tsv.gz", lambda d: d.split(b"\n", 1)[1])),
        "must come from one",
    ),
    "10x transposed": Case(
        written("10x", inside("matrix.mtx.gz", lambda d: transposed(d))), "so it is transposed"
    ),
    "10x with a text for a matrix": Case(
        written("10x", inside("matrix.mtx.gz", lambda _: b"a\tb\n1\t2\n")), "no Matrix Market file"
    ),
    "10x with negative counts": Case(
        written("10x", inside("matrix.mtx.gz", lambda d: d[:-3] + b"-5\n")),
        "negative|cut or damaged",
    ),
    "10x of another species": Case(
        written("10x", None, species="mouse"), "named as those of human .* Set data.species: human"
    ),
    "10x HDF5 without barcodes": Case(
        written("10x_h5", lambda f: drop(f, "matrix/barcodes")), "incomplete or damaged"
    ),
    "10x HDF5 of another shape": Case(
        written("10x_h5", lambda f: reshape(f)), "must come from one run|incomplete or damaged"
    ),
    "10x HDF5 cut": Case(written("10x_h5", inside("*.h5", half)), "truncated or damaged"),
    # stores
    "HDF5 of something else": Case(lambda d: other_store(d), "no .h5ad .it has no obs and var."),
    "h5ad without X": Case(h5ad(lambda s: s.pop("X")), "holds no values in X|cannot be read"),
    "h5ad of text": Case(
        h5ad(lambda s: (s.pop("X"), s.create_dataset("X", data=np.array([[b"a"] * 40] * 6)))),
        "does not hold numbers|cannot be read",
    ),
    "h5ad with broken letters": Case(
        h5ad(lambda s: _set(s, "var/_index", np.array([b"\xff\xfe%d" % i for i in range(40)]))),
        "cannot be read|not known as genes",
    ),
    "h5ad of another length": Case(
        h5ad(lambda s: _set(s, "var/_index", np.array([b"TNF", b"IL6"]))), "cannot be read"
    ),
    "h5ad cut": Case(written("h5ad", inside("*", half)), "truncated or damaged|cannot be read"),
    "h5ad in a gzip, cut": Case(
        written("h5ad", lambda p: p.write_bytes(gzip.compress(p.read_bytes())[:-50])), "truncated"
    ),
    "AnnData of objects": Case(
        memory(lambda a: setattr(a, "X", a.X.astype(object)) or None), "became log2", False
    ),
    "AnnData with a sample twice": Case(
        memory(lambda a: setattr(a, "obs_names", ["S1", "S1", *SAMPLES[2:]]) or None),
        "observation names occur more than once",
    ),
    "AnnData with unused categories": Case(
        memory(
            lambda a: a.obs.__setitem__(
                "group", pd.Categorical(list("ababab"), categories=["a", "b", "unused"])
            ),
            subset={"group": ["unused"]},
        ),
        "group = 'unused', which does not occur",
    ),
    "AnnData, scaled": Case(
        memory(lambda a: setattr(a, "X", (a.X - a.X.mean(0)) / a.X.std(0)) or None), "look centred"
    ),
    "AnnData transposed": Case(memory(lambda a: a.T), "observations are genes .* transposed"),
    "AnnData with infinite values": Case(
        memory(lambda a: a.X.__setitem__((0, 0), np.inf)), "in sample 'S1' is infinite"
    ),
    "AnnData of nothing": Case(memory(lambda a: a[:0].copy()), "holds no values in X"),
    "AnnData whose sheet is other people": Case(
        memory(lambda a: None, samples=pd.DataFrame({"s": ["x"], "g": ["a"]})), "1 of 1 samples"
    ),
    "a data frame of words": Case(
        lambda _: {"matrix": pd.DataFrame({"a": ["x", "y"], "b": ["z", "w"]}, ["TNF", "IL6"])},
        "no column holds numbers",
    ),
    "a list": Case(lambda _: {"matrix": [1, 2]}, r"data\.matrix is a list; allowed are a path"),
}


def transposed(data: bytes) -> bytes:
    from scipy.io import mmread, mmwrite

    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mmwrite(out, mmread(io.BytesIO(data)).T)
    return out.getvalue()


def first_store(folder: Path) -> Path:
    return sorted(folder.glob("*.h5"))[0]


def drop(folder: Path, name: str) -> None:
    import h5py

    with h5py.File(first_store(folder), "a") as store:
        del store[name]


def reshape(folder: Path) -> None:
    import h5py

    with h5py.File(first_store(folder), "a") as store:
        _set(store, "matrix/shape", np.array([40, 19]))


def other_store(folder: Path) -> dict[str, Any]:
    import h5py

    with h5py.File(folder / "x.h5", "w") as store:
        store["table"] = np.arange(5)
    return {"matrix": folder / "x.h5"}


def raw_matrix(content: str | bytes) -> Callable[[Path], dict[str, Any]]:
    def make(folder: Path) -> dict[str, Any]:
        made = with_sheet(SHEET)(folder)
        return {**made, **file("matrix.tsv", content)(folder)}

    return make


CATALOGUE = {
    **{f"matrix: {k}": Case(raw_matrix(content), m) for k, (content, m) in MATRICES.items()},
    **{f"sheet: {k}": Case(with_sheet(c, **o), m) for k, (c, o, m) in SHEETS.items()},
    **OTHERS,
}


def test_the_catalogue_is_long() -> None:
    assert len(CATALOGUE) >= 120


@pytest.mark.parametrize("name", CATALOGUE)
def test_malformed_input(tmp_path: Path, name: str) -> None:
    case = CATALOGUE[name]
    arguments = case.make(tmp_path)
    if case.refused:
        with pytest.raises(DataError, match=f"(?s){case.message}") as refusal:
            load(**arguments)
        one_paragraph_without_folders(str(refusal.value), tmp_path)
    else:
        notices = " ".join(load(**arguments).uns["mechanisms"]["notices"])
        assert re.search(case.message, notices), notices


@pytest.mark.parametrize(
    ("in_matrix", "in_sheet", "words"),
    [
        ("A-{}", "A.{}", "replacing '-' by '.'"),
        ("A.{}", "A_{}", "ignoring case, spaces, '-', '.' and '_'"),
        ("A_{}", "A-{}", "replacing '_' by '-'"),
        ("a {}", "a.{}", "writing spaces as '.'"),
    ],
)
def test_repair_of_ids_is_proposed(
    tmp_path: Path, in_matrix: str, in_sheet: str, words: str
) -> None:
    (tmp_path / "m.tsv").write_text(table({(0, i): in_matrix.format(i) for i in range(1, 7)}))
    sheet = pd.DataFrame({"id": [in_sheet.format(i) for i in range(1, 7)], "x": range(6)})
    with pytest.raises(DataError, match=re.escape(f"They would match after {words}")):
        load(tmp_path / "m.tsv", sheet)


PATHS: dict[str, tuple[Callable[[Path], tuple[Path, Path]], str]] = {
    "matrix": (lambda d: (d / "matrx.tsv", d / "samples.tsv"), "did you mean 'matrix.tsv'"),
    "sheet": (lambda d: (d / "matrix.tsv", d / "sample.tsv"), "did you mean 'samples.tsv'"),
    "folder": (lambda d: (d / "x" / "m.tsv", d / "samples.tsv"), "neither was its folder 'x'"),
    "an empty folder": (
        lambda d: ((d / "e").mkdir() or d / "e", d / "samples.tsv"),
        "e: data.matrix names a folder .* it holds no file that could be data",
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_path_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "matrix.tsv").write_text(table())
    (tmp_path / "samples.tsv").write_text(SHEET)
    paths, message = PATHS[name]
    with pytest.raises(DataError, match=message) as refusal:
        load(*paths(tmp_path))
    one_paragraph_without_folders(str(refusal.value), tmp_path)


def test_swapped_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "matrix.tsv").write_text(table())
    (tmp_path / "samples.tsv").write_text(SHEET)
    with pytest.raises(DataError, match=r"ids of the sheet are genes: .* are swapped"):
        load(tmp_path / "samples.tsv", tmp_path / "matrix.tsv")


def test_subset_needs_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "matrix.tsv").write_text(table())
    with pytest.raises(DataError, match="need a sample sheet"):
        load(tmp_path / "matrix.tsv", subset={"group": ["a"]})


def test_a_bad_cell_outside_the_chosen_samples_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "matrix.tsv").write_text(table({(3, 2): "abc"}))
    sheet = pd.DataFrame({"sample": ["S1", "S3"]})
    adata = load(tmp_path / "matrix.tsv", sheet)
    assert list(adata.obs_names) == ["S1", "S3"]
    notices = " ".join(adata.uns["mechanisms"]["notices"])
    assert "4 samples of the matrix not in the sample sheet, left out: 'S2', 'S4'" in notices
