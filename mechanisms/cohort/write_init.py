"""Write a proposal as a commented study file and a sample sheet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import yaml

from mechanisms.cohort.propose import Proposal
from mechanisms.errors import StudyError
from mechanisms.vocabulary import LABEL_BASES, TISSUES

STUDY_FILE, SHEET_FILE, EXCEL_FILE = "study.yaml", "samples.tsv", "samples.xlsx"


def write_study(proposal: Proposal, folder: str | Path, *, excel: bool = False) -> list[Path]:
    """Write `study.yaml` and `samples.tsv` (or .xlsx) into a folder, which is made if needed.

    Raises
    ------
    StudyError
        One of the two files exists: nothing is overwritten.
    """
    folder = Path(folder)
    sheet = EXCEL_FILE if excel else SHEET_FILE
    paths = [folder / STUDY_FILE, folder / sheet]
    if there := [p.name for p in paths if p.exists()]:
        raise StudyError(
            f"{' and '.join(there)}: already in the folder {folder.name or folder!s}, and nothing "
            f"is overwritten. Choose another folder with --dir, or move the old files away."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_text(study_text(proposal, folder, sheet), encoding="utf-8")
        if excel:
            plain_sheet(proposal.sheet).to_excel(paths[1], index=False, na_rep="NA")
        else:
            paths[1].write_text(sheet_text(proposal.sheet), encoding="utf-8")
    except OSError as problem:
        raise StudyError(
            f"{folder.name}: the files cannot be written here ({problem.strerror}). Choose another "
            f"folder with --dir."
        ) from problem
    return paths


def sheet_text(sheet: pd.DataFrame) -> str:
    """Return the sheet as TSV."""
    return plain_sheet(sheet).to_csv(sep="\t", index=False, na_rep="NA", lineterminator="\n")


def plain_sheet(sheet: pd.DataFrame) -> pd.DataFrame:
    """Put the ids into a column; line breaks and tabs inside cells become spaces."""
    plain = sheet.reset_index()
    for column in plain:
        if not pd.api.types.is_numeric_dtype(plain[column]):
            plain[column] = plain[column].map(
                lambda x: re.sub(r"\s+", " ", str(x)), na_action="ignore"
            )
    return plain


def study_text(p: Proposal, folder: Path, sheet: str = SHEET_FILE) -> str:
    """Return the study file as YAML text with a comment on every choice."""
    lines = [
        "# A study: what is compared in which data. Lines that begin with # are comments.",
        "# Written by `mechanisms init`, which guessed: read each line and correct it. Then run",
        "#     mechanisms check study.yaml",
        "#     mechanisms run study.yaml",
        *_comment(_todo(p, sheet)),
        "",
        f"study: {_word(_study_name(p.matrix))}",
        "",
        *_data_block(p, folder, sheet),
        "",
        *_design_block(p),
        "",
        "# The curated signatures; own gene sets (YAML or GMT files) can be added. mode: full,",
        "# strict (without the genes that mechanisms share), disjoint (each on genes of its own).",
        "signatures: {collection: core, add: [], mode: full}",
        "",
        "# auto: the default scorer; the others are the sensitivity analysis.",
        "score: {primary: auto, sensitivity: [ssgsea, zscore]}",
        "",
        "# The seed of the permutations: the same seed gives the same report.",
        "seed: 1",
    ]
    return "\n".join(lines) + "\n"


def _todo(p: Proposal, sheet: str) -> list[str]:
    todo = [f"TO DO: {problem}" for problem in p.problems]
    if p.outcome is None:
        todo.append(
            "TO DO: no column of groups was found. Fill the columns outcome (resorbing or "
            f"non_resorbing) and donor_id in {sheet}, one line a sample."
        )
    return todo


def _data_block(p: Proposal, folder: Path, sheet: str) -> list[str]:
    platform = "null" if p.platform is None else _word(_relative(p.platform, folder))
    transcripts = ""
    if p.transcripts is not None:
        transcripts = f", transcripts: {_word(_relative(p.transcripts, folder))}"
    word = "probes" if p.identifiers == "probes" else "genes"
    about = f"Found: {p.kind} with {p.n_samples} samples and {p.n_genes:,} {word}"
    return [
        "data:",
        *_comment([f"{about}. Paths are relative to this file."], "  "),
        f"  matrix: {_word(_relative(p.matrix, folder))}",
        *([] if p.format == "auto" else [f"  format: {p.format}"]),
        *_comment(
            [
                "One row a sample; delete the rows of samples that should not count. Columns that "
                "say unknown are what a reviewer asks for: fill in what you know."
            ],
            "  ",
        ),
        f"  samples: {sheet}",
        "  sample_id: null        # the column of sample ids; null: the first",
        "  subset: {}             # keep some samples, such as {sex: [female]}",
        *_comment([f"Genes are named by: {p.identifiers} ({p.identifier_evidence})."], "  "),
        *_platform_comment(p),
        f"  genes: {{column: auto, platform: {platform}, collapse: max_mean{transcripts}}}",
        f"  species: {p.species}         # human, mouse or rat",
        *_comment([f"Tissue: {', '.join(TISSUES)}, or a word of your own."], "  "),
        f"  tissue: {p.tissue}",
        *_comment([f"Values: {p.scale} ({p.scale_evidence}).", _SCALES], "  "),
        "  scale: auto",
    ]


_SCALES = "If that is wrong, write counts, linear (TPM, FPKM, intensities) or log."


def _platform_comment(p: Proposal) -> list[str]:
    if p.platform is not None or p.identifiers != "probes":
        return []
    named = " or ".join(p.platforms) or "the platform"
    return _comment(
        [f"The rows are probes: platform must name the probe table of {named} (see above)."], "  "
    )


def _design_block(p: Proposal) -> list[str]:
    found = [
        f"{g.column}: {', '.join(f'{v} ({n})' for v, n in g.counts.items())}" for g in p.groupings
    ]
    listing = ["Columns that could define the groups:", *(f"  {f}" for f in found)]
    bases = [f"  {word}: {meaning}" for word, meaning in LABEL_BASES.items()]
    covariates = f"[{', '.join(_word(c) for c in p.covariates)}]"
    return [
        "design:",
        *_comment(listing if found else ["No column of groups was found."], "  "),
        *_comment(["Every effect is target minus reference."], "  "),
        f"  variable: {_word(p.outcome or 'outcome')}",
        f"  target: {_word(p.target or 'resorbing')}",
        f"  reference: {_word(p.reference or 'non_resorbing')}",
        "  groups: {}             # other spellings, such as {resorbed: resorbing}",
        *_comment(["How the groups are known; the report repeats it. One of", *bases], "  "),
        f"  label_basis: {p.label_basis}",
        *_comment(_donor_comment(p), "  "),
        f"  donor: {_word(_donor(p))}",
        *_comment(
            [
                "Column that links samples of one donor across the groups.",
                *([f"Found: every {p.pair} stands once in each group."] if p.pair else []),
                *_some(p.pairs),
            ],
            "  ",
        ),
        f"  pair: {'null' if p.pair is None else _word(p.pair)}",
        *_comment(["Columns to adjust for. Each costs power: few, and chosen beforehand."], "  "),
        f"  covariates: []         # found: {covariates}",
        *_comment(["Column of the batches.", *_some(p.batches)], "  "),
        "  batch: null",
        "  cell_type: null",
        '  composition: auto      # or {none: "the reason why cells cannot differ"}',
    ]


def _donor(p: Proposal) -> str:
    if p.donors:
        return p.donors[0]
    return "donor_id" if p.outcome is None else "unknown"


def _donor_comment(p: Proposal) -> list[str]:
    lines = [
        "Who gave the samples: a column; each_sample if every sample is from another person;",
        "unknown, and then the report describes and tests nothing.",
    ]
    return lines + _some(p.donors)


def _some(columns: Iterable[str]) -> list[str]:
    columns = list(columns)
    return [f"Found: {', '.join(columns)}."] if columns else []


def _comment(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Wrap each sentence into comment lines of at most 96 characters."""
    lines = []
    for sentence in sentences:
        current = f"{indent}#"
        for i, word in enumerate(re.split(r"(?<=\S) ", sentence.replace("\n", " "))):
            if i and len(current) + 1 + len(word) > 96:
                lines.append(current)
                current = f"{indent}#  "
            current += f" {word}"
        lines.append(current)
    return lines


def _word(value: str) -> str:
    """A YAML scalar, quoted only where it must be."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    text = text.removesuffix("\n").removesuffix("\n...")
    # Inside flow lists and maps these characters would end the word.
    if re.search(r"[,\[\]{}]", text) and text[0] not in "'\"":
        return "'" + text.replace("'", "''") + "'"
    return text


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def _study_name(matrix: Path) -> str:
    accession = re.match(r"GSE\d+", matrix.name)
    stem = accession.group(0) if accession else matrix.name.split(".")[0]
    return re.sub(r"\W+", "_", stem.lower()).strip("_") or "my_study"
