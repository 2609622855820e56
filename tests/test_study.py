"""The study file: defaults of the contract, and one clear message for everything else."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from mechanisms.errors import StudyError
from mechanisms.study import Study, make_study, read_study

MINIMAL = """\
study: my_cohort
data: {matrix: counts.tsv}
design:
  variable: outcome
  target: resorbing
  reference: non_resorbing
  label_basis: mri_followup
  donor: donor_id
"""


@pytest.fixture
def read(tmp_path: Path):
    def read_text(text: str | bytes) -> Study:
        path = tmp_path / "study.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_study(path)

    return read_text


def with_data(entry: str) -> str:
    return MINIMAL.replace("counts.tsv}", f"counts.tsv, {entry}}}")


def with_design(entry: str) -> str:
    return f"{MINIMAL}  {entry}\n"


# --- what is read -----------------------------------------------------------------------------


def test_defaults_are_those_of_the_contract(read):
    contract = {
        "study": "my_cohort",
        "data": {
            "matrix": "counts.tsv",
            "samples": None,
            "sample_id": None,
            "subset": {},
            "species": "human",
            "tissue": "other",
            "scale": "auto",
        },
        "design": {
            "variable": "outcome",
            "target": "resorbing",
            "reference": "non_resorbing",
            "groups": {},
            "label_basis": "mri_followup",
            "donor": "donor_id",
            "pair": None,
            "covariates": [],
            "batch": None,
            "cell_type": None,
            "composition": "auto",
        },
        "signatures": {"collection": "core", "add": []},
        "score": {
            "primary": "auto",
            "sensitivity": ["ssgsea", "zscore"],
            "min_fraction": 0.6,
            "min_genes": 5,
        },
        "seed": 1,
    }
    study = read(MINIMAL).normalised()
    genes = {"column": "auto", "platform": None, "collapse": "max_mean"}
    assert genes.items() <= study["data"]["genes"].items()
    assert set(study) == {*contract, "plan"}
    assert study["plan"] is None
    for block, written in contract.items():
        if isinstance(written, dict):
            assert {k: study[block][k] for k in written} == written
        else:
            assert study[block] == written


def test_paths_are_relative_to_the_file(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    study = read(MINIMAL)
    assert study.resolve("counts.tsv") == tmp_path / "counts.tsv"
    assert study.resolve(str(tmp_path / "elsewhere.tsv")) == tmp_path / "elsewhere.tsv"
    monkeypatch.chdir(tmp_path)
    assert read_study("study.yaml").resolve("counts.tsv") == Path("counts.tsv")


def test_the_folder_is_no_part_of_the_study(read):
    assert "folder" not in read(MINIMAL).normalised()


def test_plain_data_make_the_same_study_as_a_file(read):
    import yaml

    assert make_study(yaml.safe_load(MINIMAL)).normalised() == read(MINIMAL).normalised()


@pytest.mark.parametrize("written", ["1", "1.0", "'1'"])
def test_numbers_are_labels(read, written: str):
    study = read(MINIMAL.replace("target: resorbing", f"target: {written}"))
    assert study.design.target == "1"
    assert read(with_design(f"groups: {{{written}: resorbing}}")).design.groups == {
        "1": "resorbing"
    }


def test_a_year_may_name_a_study_and_its_columns(read):
    study = read(with_design("covariates: [2023, age]").replace("my_cohort", "2024"))
    assert (study.study, study.design.covariates) == ("2024", ["2023", "age"])


@pytest.mark.parametrize("written", ["{sex: female}", "{sex: [female]}"])
def test_a_subset_is_a_list_of_words(read, written: str):
    assert read(with_data(f"subset: {written}")).data.subset == {"sex": ["female"]}
    assert read(with_data("subset: {level: [4, 5]}")).data.subset == {"level": ["4", "5"]}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("auto", "auto"),
        ('{none: "sorted cells"}', "none: sorted cells"),
        ('"none: sorted cells"', "none: sorted cells"),
    ],
)
def test_composition_is_auto_or_a_written_reason(read, written: str, meant: str):
    assert read(with_design(f"composition: {written}")).design.composition == meant


def test_a_list_of_one_matrix_is_that_matrix(read):
    assert read(MINIMAL.replace("counts.tsv", "[counts.tsv]")).data.matrix == "counts.tsv"


def test_words_of_the_users_own_are_taken(read):
    study = read(with_data("tissue: facet_joint").replace("mri_followup", "surgeon_said_so"))
    assert (study.data.tissue, study.design.label_basis) == ("facet_joint", "surgeon_said_so")


def test_a_byte_order_mark_is_no_part_of_the_first_key(read):
    assert read(b"\xef\xbb\xbf" + MINIMAL.encode()).study == "my_cohort"


def test_the_shipped_studies_are_valid():
    folder = files("mechanisms.workflows")
    shipped = [folder / "bulk_cohort.yaml", *(folder / "public").iterdir()]
    shipped = [Path(str(p)) for p in shipped]
    assert len(shipped) >= 8
    for path in shipped:
        assert read_study(path).study in (path.stem, f"{path.stem}_example")


def test_the_commented_study_spells_out_every_key_and_its_default():
    import yaml

    path = Path(str(files("mechanisms.workflows") / "bulk_cohort.yaml"))
    written = yaml.safe_load(path.read_text("utf-8"))
    study = read_study(path)
    assert study.normalised() == written, "a key of the contract is not in the file"
    plain = make_study(
        {"study": "x", "data": {"matrix": "m"}, "design": dict(study.design) | {"covariates": []}}
    ).normalised()
    said = {"study", "matrix", "samples", "tissue", "covariates"}  # what the example sets
    for block in ("data", "signatures", "score"):
        for key, default in plain[block].items():
            assert written[block][key] == default or key in said, key


# --- what is refused --------------------------------------------------------------------------

KEYS = [
    (MINIMAL.replace("study:", "stduy:"), r"unknown key 'stduy'; allowed .*mean 'study'\?"),
    (MINIMAL.replace("matrix", "matrx"), r"'data.matrx'; allowed .*mean 'matrix'\?"),
    (with_data("genes: {colum: a}"), r"'data.genes.colum'; allowed here are column, .*'column'\?"),
    (MINIMAL.replace("target:", "traget:"), r"'design.traget'; .*did you mean 'target'\?$"),
    (MINIMAL + "signatures: {colection: core}", r"'signatures.colection'.*mean 'collection'\?"),
    (MINIMAL + "score: {primry: auto}", r"'score.primry'; .*did you mean 'primary'\?"),
    (MINIMAL + "matrix: a\n", r"unknown key 'matrix'; .* It belongs under data: indent it there"),
    (
        MINIMAL + "colour: a\n",
        r"unknown key 'colour'; allowed here are study, data, .* seed, plan$",
    ),
    (MINIMAL + "folder: a\n", r"unknown key 'folder'; allowed here are study"),
    (MINIMAL.replace("study: my_cohort\n", ""), r"'study' is missing; give the study a short name"),
    (MINIMAL.replace("data: {matrix: counts.tsv}\n", ""), r"'data' is missing; it holds matrix"),
    ("study: x\ndata: {matrix: m}\n", r"'design' is missing; it holds variable, target"),
    (MINIMAL.replace("{matrix: counts.tsv}", "{}"), r"'data.matrix' is missing; name the file"),
    (MINIMAL.replace("  variable: outcome\n", ""), r"'design.variable' is missing; name the colu"),
    (MINIMAL.replace("  target: resorbing\n", ""), r"'design.target' is missing; name the group"),
    (MINIMAL.replace("  reference: non_resorbing\n", ""), r"'design.reference' is missing"),
    (
        MINIMAL.replace("  label_basis: mri_followup\n", ""),
        r"'design.label_basis' is missing; say how the outcome is known: mri_followup",
    ),
    (
        MINIMAL.replace("  donor: donor_id\n", ""),
        r"'design.donor' is missing; name the column .* or write each_sample .* or unknown",
    ),
]
VALUES = [
    (with_data("species: humna"), r"data.species: expected 'human', .* found 'humna'; .*'human'\?"),
    (with_data("scale: lin"), r"data.scale: expected 'auto', 'counts', 'linear' or 'log', found"),
    (with_data("tissue: herniaton"), r"data.tissue: 'herniaton' is not known.*mean 'herniation'\?"),
    (with_data("tissue: Blood"), r"did you mean 'blood'\?"),
    (with_data("genes: {collapse: maxmean}"), r"data.genes.collapse: .*did you mean 'max_mean'\?"),
    (with_data("genes: symbol"), r"data.genes: expected a block of keys \(column, platform, col"),
    (with_data("subset: [a]"), r"data.subset: expected a block of keys, found \['a'\]"),
    (with_data("subset: {a: yes}"), r"data.subset.a: YAML reads this as true.* quotes"),
    (
        MINIMAL.replace("counts.tsv", "[a, b]"),
        r"data.matrix: 2 matrices are listed; .*never merged",
    ),
    (MINIMAL.replace("counts.tsv", "3"), r"data.matrix: expected a word or a name, found 3"),
    (MINIMAL.replace("{matrix: counts.tsv}", ""), r"data: expected a block of keys .*found None"),
    (
        MINIMAL.replace("mri_followup", "mri_folowup"),
        r"label_basis: .*did you mean 'mri_followup'\?",
    ),
    (MINIMAL.replace("mri_followup", "pfirrmann"), r"degeneration grade does not say whether"),
    (
        MINIMAL.replace("target: resorbing", "target: yes"),
        r"design.target: YAML reads this as true",
    ),
    (MINIMAL.replace("non_resorbing", "off"), r"design.reference: YAML reads this as false"),
    (with_design("groups: {yes: a}"), r"design.groups.\S+: YAML reads this as true"),
    (with_design("covariates: age"), r"design.covariates: expected a list, .*found 'age'"),
    (with_design("covariates: [age, no]"), r"design.covariates.1: YAML reads this as false"),
    (with_design("cell_type: macrophage"), r"design.cell_type: comparisons within cell types are"),
    (with_design("composition: none"), r"composition: allowed are auto, or none with a written"),
    (with_design("composition: {none: }"), r"composition: allowed are auto, or none with a writ"),
    (with_design('composition: {none: "  "}'), r"allowed are auto, or none with a written reason"),
    (with_design("composition: [none]"), r"allowed are auto, or none with a written reason"),
    (MINIMAL + "seed: -1\n", r"seed: expected a value greater than or equal to 0, found -1"),
    (MINIMAL + "seed: one\n", r"seed: expected a valid integer.*found 'one'"),
    (
        MINIMAL + "score: {min_fraction: 0}\n",
        r"score.min_fraction: expected a value greater than 0",
    ),
    (MINIMAL + "score: {min_fraction: 1.2}\n", r"score.min_fraction: expected a value less than"),
    (MINIMAL + "score: {min_genes: 0}\n", r"score.min_genes: expected a value greater than"),
    (MINIMAL.replace("my_cohort", "a/b"), r"study: 'a/b' cannot name a folder of results; use"),
    (MINIMAL.replace("my_cohort", "''"), r"study: '' cannot name a folder"),
    (MINIMAL.replace("my_cohort", ".."), r"study: '..' cannot name a folder"),
    (MINIMAL.replace("my_cohort", "true"), r"study: YAML reads this as true"),
]
NO_YAML = [
    ("", r"a study file is a list of keys .* and this holds nothing. `mechanisms init MATRIX`"),
    ("# a comment\n", r"and this holds nothing"),
    ("- a\n- b\n", r"a study file is a list of keys .* and this holds none"),
    ("hello", r"a study file is a list of keys .* and this holds none"),
    ("study: x\n  data: y\n", r"study.yaml, line 2, column 7 is not valid YAML: mapping values"),
    ("study: [x\n", r"study.yaml, line 2, column 1 is not valid YAML"),
    ("study:\tx\n", r"line 1, column 7 is not valid YAML: .*cannot start any token.*no tabs"),
    ("a: 1\n---\nb: 2\n", r"line 2, column 1 is not valid YAML"),
    (MINIMAL + "seed: 1\nseed: 2\n", r"line 10, column 1: the key 'seed' stands twice in one blo"),
    (with_design("target: b"), r"line 9, column 3: the key 'target' stands twice in one block"),
    (b"study: \xff\xfe", r"study.yaml is not text in UTF-8; save it as UTF-8"),
    (b"study: a\x00b", r"study.yaml is not valid YAML: special characters are not allowed"),
    ("[" * 5000, r"study.yaml.* is not valid YAML"),
    (
        "study: !!python/object/apply:os.getcwd []\n",
        r"study.yaml, line 1, column 8: .*python/object/apply:os.getcwd.*remove the tag",
    ),
    ("study: !!python/name:os.system\n", r"line 1, column 8: .*python/name:os.system"),
    ("study: !mine x\n", r"line 1, column 8: .*'!mine'.*remove the tag that begins with '!'"),
]


@pytest.mark.parametrize(("text", "message"), [*KEYS, *VALUES, *NO_YAML])
def test_refusal_names_file_and_key(read, text: str | bytes, message: str):
    with pytest.raises(StudyError, match=message) as refusal:
        read(text)
    assert str(refusal.value).startswith("study.yaml")
    assert "\n" not in str(refusal.value)


def test_one_misspelling_is_one_problem(read):
    with pytest.raises(StudyError, match=r"did you mean 'target'\?$"):
        read(MINIMAL.replace("target:", "traget:"))
    both = MINIMAL.replace("target:", "traget:").replace("  donor: donor_id\n", "")
    with pytest.raises(StudyError, match=r"'target'\? \(1 more to correct in this file\)$"):
        read(both)


def test_a_value_that_grows_without_end_is_shown_short(read):
    levels = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    levels += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdef", "bcdefg", strict=True)
    ]
    with pytest.raises(StudyError) as refusal:
        read("\n".join([*levels, MINIMAL.replace("my_cohort", "*g")]))
    assert len(str(refusal.value)) < 500


def test_missing_file_and_folder(tmp_path: Path):
    (tmp_path / "study.yaml").write_text(MINIMAL, "utf-8")
    with pytest.raises(
        StudyError, match=r"stdy.yaml does not exist; .*did you mean 'study.yaml'\?"
    ):
        read_study(tmp_path / "stdy.yaml")
    with pytest.raises(StudyError, match=re.escape("does not exist; `mechanisms init MATRIX`")):
        read_study(tmp_path / "nowhere" / "x.yaml")
    with pytest.raises(StudyError, match=r"is a folder, not a study file; .*\(study.yaml\)"):
        read_study(tmp_path)


def test_a_study_cannot_be_changed(read):
    with pytest.raises(ValueError, match="frozen"):
        read(MINIMAL).seed = 2
