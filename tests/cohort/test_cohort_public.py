"""The registry of public cohorts, and what arrives compared with it; no network."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

from mechanisms.cohort import load, public, write_cohort, write_study
from mechanisms.cohort.fetch import fetch, match_titles, propose_fetched
from mechanisms.errors import DataError
from mechanisms.simulate import simulate_cohort
from mechanisms.study import read_study

LEDGERS = "human_disc_pseudobulk_78genes/data/derived"


def test_the_registry_is_valid_and_says_what_it_rests_on() -> None:
    found = public.registry()
    assert len(found) >= 45
    for cohort in found.values():
        assert cohort.can, cohort.id
        assert cohort.cannot, cohort.id
        assert cohort.source, cohort.id
        assert cohort.accession is None or cohort.id.startswith(cohort.accession)
        if cohort.accession is None or cohort.groups is None:
            continue
        assert {cohort.groups.target, cohort.groups.reference} <= set(cohort.groups.counts)
        assert cohort.samples == sum(cohort.groups.counts.values()), cohort.id
    assert sum(c.status == "verified" for c in found.values()) >= 10
    assert any(c.herniated for c in found.values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GSE124272", "GSE150408"),
        ("GSE229711", "GSE230808"),
        ("GSE167931", "GSE245147"),
        ("GSE23130", "GSE17077"),
    ],
)
def test_series_that_share_donors_are_one_family(one: str, other: str) -> None:
    assert other in public.family(public.cohort_of(one))


def test_known_defects_are_there() -> None:
    defects = " ".join(d for c in public.registry().values() for d in c.defects)
    for word in ("GSM7986002 is corrupt", "grades I to IV, the paper", "25.6 %", "one cohort"):
        assert word in defects


def test_addresses_are_geos() -> None:
    cohort = public.cohort_of("gse167931")
    places = [public.address("GSE167931", f) for f in cohort.files]
    assert places == [
        "https://ftp.ncbi.nlm.nih.gov/geo/series/GSE167nnn/GSE167931/matrix/"
        "GSE167931_series_matrix.txt.gz",
        "https://ftp.ncbi.nlm.nih.gov/geo/series/GSE167nnn/GSE167931/suppl/"
        "GSE167931_AllSamplesTPMValue.txt.gz",
    ]
    assert public.stub("GSE781") == "GSEnnn"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(DataError, match=r"GSE5608: no such cohort .* did you mean 'GSE56081'"):
        public.cohort_of("GSE5608")
    with pytest.raises(DataError, match="accession is not known, so nothing can be fetched"):
        fetch("li2022_ruptured")


WRONG = {
    "unknown key": ({"sampels": 3}, "sampels: Extra inputs are not permitted"),
    "tissue": ({"tissue": "disk"}, "tissue: .*'disk' is no tissue"),
    "status": ({"status": "sure"}, "status: Input should be"),
    "file that leaves the cache": (
        {"files": [{"name": "../x.gz", "kind": "matrix"}]},
        "cannot name a file in the cache",
    ),
    "hidden file": ({"files": [{"name": ".x", "kind": "matrix"}]}, "cannot name a file"),
    "short hash": (
        {"files": [{"name": "x", "kind": "matrix", "sha256": "abc"}]},
        "sha256: String should match",
    ),
    "label basis": (
        {
            "groups": {
                "column": "x",
                "counts": {"a": 1, "b": 2},
                "target": "a",
                "reference": "b",
                "label_basis": "degeneration",
            }
        },
        "'degeneration' is no label basis",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_refused(name: str) -> None:
    changes, message = WRONG[name]
    content = public.cohort_of("GSE56081").model_dump()
    with pytest.raises(DataError, match=f"(?s)GSE1.yaml: .*{message}"):
        public.parse({**content, **changes}, "GSE1.yaml")


@pytest.mark.data
def test_verified_facts_are_those_of_the_ledgers(data_dir: Path) -> None:
    ledgers = {
        "GSE56081": "geo_candidate_audit/GSE56081_sample_ledger.csv",
        "GSE186542": "geo_candidate_audit/GSE186542_sample_ledger.csv",
        "GSE167931": "geo_candidate_audit/GSE167931_sample_ledger.csv",
        "GSE245147": "geo_candidate_audit/GSE245147_sample_ledger.csv",
        "GSE153066": "GSE153066_donor_ledger.csv",
        "GSE165722": "GSE165722_donor_ledger.csv",
        "GSE251686": "GSE251686_donor_ledger.csv",
    }
    for accession, name in ledgers.items():
        cohort = public.cohort_of(accession)
        ledger = pd.read_csv(data_dir / LEDGERS / name)
        assert cohort.status == "verified"
        assert sorted(cohort.sample_ids) == sorted(ledger["gsm"])
        if cohort.groups is None or "raw_characteristics" not in ledger:
            continue
        column = cohort.groups.column.replace("_", " ")
        values = ledger["raw_characteristics"].str.extract(f"(?i)(?:^|[|] ?){column}: ([^|]+)")[0]
        counts = values.str.strip().value_counts().to_dict()
        assert counts == cohort.groups.counts, accession
    both = pd.read_csv(data_dir / LEDGERS / "GSE230809_discovery_sample_ledger.csv")
    for accession, part in both.groupby("dataset"):
        assert sorted(public.cohort_of(str(accession)).sample_ids) == sorted(part["gsm"])
    hashes = pd.read_csv(
        data_dir / LEDGERS / "geo_candidate_audit/candidate_input_artifact_hashes.csv"
    )
    known = {Path(p).name: (b, h) for p, b, h in hashes[["path", "bytes", "sha256"]].to_numpy()}
    for cohort in public.registry().values():
        for file in cohort.files:
            if file.name in known:
                assert (file.bytes, file.sha256) == known[file.name]


# --- arrival ----------------------------------------------------------------------------------


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of GEO's folders on disk; what would come over the network is copied from it."""
    from mechanisms.cohort import fetch as fetching
    from mechanisms.cohort.download import Fetched

    place = tmp_path / "geo"
    place.mkdir()

    def copied(url: str, folder: Path, name: str, **_: object) -> Fetched:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(place / name, folder / name)
        return Fetched(folder / name, 64 * "0", False, True)

    monkeypatch.setattr(fetching, "download", copied)
    return place


def entry(simulated: ad.AnnData, **changes: object) -> dict[str, object]:
    groups = {
        "column": "outcome",
        "counts": {"resorbing": 3, "non_resorbing": 3},
        "target": "resorbing",
        "reference": "non_resorbing",
        "label_basis": "simulated",
        "donor": "donor_id",
    }
    content = public.cohort_of("GSE56081").model_dump()
    files = [
        {"name": "GSE900001_series_matrix.txt.gz", "kind": "series_matrix"},
        {"name": "GPL900.txt", "kind": "platform"},
    ]
    plain = {"accession": "GSE900001", "id": "GSE900001", "samples": 6, "sample_ids": []}
    return {**content, **plain, "groups": groups, "files": files, **changes}


@pytest.fixture(scope="module")
def simulated() -> ad.AnnData:
    return simulate_cohort(3, 3, n_genes=1500)[0]


def use(monkeypatch: pytest.MonkeyPatch, content: dict[str, object]) -> None:
    cohort = public.parse(content, "test.yaml")
    monkeypatch.setattr(public, "cohort_of", lambda name: cohort)


def test_an_arrived_array_becomes_a_study(
    tmp_path: Path, mirror: Path, simulated: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cohort(simulated, mirror, "series_matrix")
    use(monkeypatch, entry(simulated))
    arrived = fetch("GSE900001", cache=tmp_path / "cache")
    p = propose_fetched(arrived)
    assert (p.outcome, p.target, p.reference) == ("outcome", "resorbing", "non_resorbing")
    assert p.label_basis == "simulated"
    assert any("known defect" in n for n in p.notices)
    assert any("its hash was not known: recorded" in n for n in p.notices)
    study = read_study(write_study(p, tmp_path / "s")[0])
    data = study.data
    adata = load(
        study.resolve(data.matrix),
        study.resolve(str(data.samples)),
        platform=study.resolve(str(data.genes.platform)),
        scale="counts",
    )
    assert adata.n_obs == 6


def test_a_table_is_matched_with_geo_by_titles(
    tmp_path: Path, mirror: Path, simulated: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_cohort(simulated, mirror, "series_matrix")
    text = gzip.decompress(written.matrix.read_bytes()).decode()
    begin = text.index("!series_matrix_table_begin")
    empty = '!series_matrix_table_begin\n"ID_REF"\n!series_matrix_table_end\n'
    written.matrix.write_bytes(gzip.compress((text[:begin] + empty).encode()))
    counts = simulated.to_df().T.astype(int).rename(columns=lambda s: f"{s.lower()}_count")
    counts.to_csv(mirror / "GSE900001_counts.txt", sep="\t")
    files = [
        {"name": "GSE900001_series_matrix.txt.gz", "kind": "series_matrix"},
        {"name": "GSE900001_counts.txt", "kind": "matrix"},
    ]
    use(monkeypatch, entry(simulated, files=files))
    p = propose_fetched(fetch("GSE900001", cache=tmp_path / "cache"))
    assert list(p.sheet.index) == [f"d{i:02d}_count" for i in range(1, 7)]
    assert p.sheet["gsm"].tolist()[0] == "GSM9000001"
    assert p.target == "resorbing"
    assert any("matched with GEO's by title" in n for n in p.notices)


DIFFERENCES = {
    "fewer samples": ({"samples": 8}, "8 samples are expected and 6 arrived"),
    "other ids": (
        {"sample_ids": ["GSM1", "GSM9000001"]},
        "samples are missing .'GSM1'. or new .'GSM9000002'",
    ),
    "other groups": (
        {"counts": {"resorbing": 4, "non_resorbing": 2}},
        "the groups of 'outcome' are non_resorbing 3, resorbing 3 where non_resorbing 2, resorb",
    ),
    "no such field": ({"column": "result"}, "the field 'result' is missing .fields: 'title'"),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_differs_stops_and_is_said(
    tmp_path: Path,
    mirror: Path,
    simulated: ad.AnnData,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    changes, message = DIFFERENCES[name]
    write_cohort(simulated, mirror, "series_matrix")
    content = entry(simulated)
    for key, value in changes.items():
        (content if key in content else content["groups"])[key] = value  # type: ignore[index]
    use(monkeypatch, content)
    with pytest.raises(DataError, match=f"not what the registry describes: {message}"):
        fetch("GSE900001", cache=tmp_path / "cache")


def test_titles_are_matched_once_or_not_at_all() -> None:
    obs = pd.DataFrame({"title": ["NP-C-3", "NP-C-4"]}, index=["GSM1", "GSM2"])
    found = match_titles(["NP_C_4", "np c 3"], obs)
    assert found is not None
    assert found[0].tolist() == ["np c 3", "NP_C_4"]
    assert match_titles(["GSM2", "GSM1"], obs)[1] == "accession"  # type: ignore[index]
    assert match_titles(["NP_C_4", "other"], obs) is None
    assert match_titles(["NP_C_4", "NP-C-4"], obs) is None


@pytest.mark.data
def test_the_synovium_is_what_the_registry_says(
    data_dir: Path, tmp_path: Path, mirror: Path
) -> None:
    import hashlib

    name = "GSE55235_series_matrix.txt.gz"
    original = data_dir / "GSE55235_synovium" / name
    shutil.copy(original, mirror / name)
    annotation = "ID\tGene Symbol\n" + "".join(f"{i}_at\tTNF\n" for i in range(9))
    (mirror / "GPL96.annot.gz").write_bytes(gzip.compress(annotation.encode()))
    file = public.cohort_of("GSE55235").files[0]
    assert file.bytes == original.stat().st_size
    assert file.sha256 == hashlib.sha256(original.read_bytes()).hexdigest()
    assert fetch("GSE55235", cache=tmp_path / "cache").cohort.samples == 30
