"""Several files as one input: the members of a folder, a tar or a zip archive, and their names."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import re
import tarfile
import zipfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from mechanisms.cohort.files import Source, source_of
from mechanisms.cohort.wording import counted, plain, some
from mechanisms.errors import DataError

_HEAD = 4096
_MOST_MEMBERS = 20_000
# Beside the data: never looked into.
_BESIDE = re.compile(
    r"(^|/)[._](?!/)|\.(json|html?|log|pdf|png|jpe?g|svg|bam|bai|cel|chp|idat|bed|bw|md5|R|py|ipynb"
    r"|yaml|yml|md|ini|cloupe|loom|rds|rdata|h5\.lock|summary|gtf|gff3?|fa|fasta|fai)(\.gz)?$"
    r"|(^|/)(readme.*|license.*|filelist\.txt|samples\.tsv|samples\.xlsx|metrics_summary\.csv)$"
    r"|(^|/)(aux_info|libParams|logs|spatial|analysis)/",
    re.I,
)
_ENDINGS = re.compile(
    r"(\.(gz|bz2|xz|txt|tsv|csv|tab|xlsx|sf|h5|h5ad|mtx|counts?|out|bam|sam|cram|quant|genes"
    r"|htseq|featurecounts)|[._-](read)?counts?|[._-]?ReadsPerGene|[._-]?Aligned(\.\w+)*"
    r"|[._-]abundance|[._-]quant|[._-](raw|filtered)_(feature|gene)_bc_matri(x|ces))$",
    re.I,
)
_GSM = re.compile(r"(GSM\d+)(?:[_.\-].*)?$")


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its name inside, its first bytes once unpacked, and how to read it whole."""

    name: str
    head: bytes
    read: Callable[[], Source]

    @property
    def base(self) -> str:
        """The name without its folders."""
        return PurePosixPath(self.name).name


@dataclass(slots=True)
class Bundle:
    """The members that may hold data, in the order of their names."""

    name: str
    members: list[Member]
    notices: list[str] = field(default_factory=list)


def bundle_of(source: Source) -> Bundle:
    """List the members of a folder, tar or zip; links and special files are left out, and said."""
    if source.is_folder:
        bundle = _folder(source)
    else:
        bundle = _tar(source) if source.is_tar else _zip(source)
    _open_inner_tars(bundle)
    return bundle


def _open_inner_tars(bundle: Bundle) -> None:
    """A tar a sample inside the tar of a series: its files count as those of a folder."""
    members = []
    for member in bundle.members:
        if member.head[257:262] != b"ustar":
            members.append(member)
            continue
        inner = _tar(member.read())
        folder = re.sub(r"\.(tar|tgz|gz)\b", "", member.name)
        members += [replace(m, name=f"{folder}/{m.name.removeprefix('./')}") for m in inner.members]
        bundle.notices += inner.notices
    bundle.members = sorted(members, key=lambda m: m.name)


def is_bundle(source: Source) -> bool:
    """Whether a source holds several files."""
    return source.is_folder or source.is_tar or source.is_zip


def label_samples(
    names: Sequence[str], known: Collection[str], name: str
) -> tuple[list[str], list[str]]:
    """Name the sample of each file, by GEO's accession or by what tells the files apart.

    The sheet's ids (`known`) decide where both would do.
    """
    stems = _stems(names)
    accessions = [m.group(1) if (m := _GSM.match(PurePosixPath(n).name)) else "" for n in names]
    if not all(accessions):
        accessions = [_gsm_folder(n) for n in names]
    choices = [accessions, stems] if all(accessions) else [stems]
    choices.append([re.sub(r"^GSM\d+[_.-]", "", s) for s in stems])
    bases = [PurePosixPath(n).name for n in names]
    choices += [bases, [_bare(b) for b in bases]]
    usable = [c for c in choices if len(set(c)) == len(c) and all(c)]
    if not usable:
        raise DataError(
            f"{name}: the files cannot be told apart by their names ({some(list(names))}). Name "
            f"each file, or its folder, after its sample."
        )
    labels = max(usable, key=lambda c: (len(set(c) & set(known)), -usable.index(c)))
    shown = ", ".join(f"{n} -> {s}" for n, s in list(zip(names, labels, strict=True))[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return labels, [f"{name}: samples were named after their files: {shown}{more}."]


def _stems(names: Sequence[str]) -> list[str]:
    """What differs between the paths: the file's name, else the last folder that varies."""
    parts = [PurePosixPath(n).parts for n in names]
    bases = [p[-1] for p in parts]
    if len(set(bases)) < len(bases):
        depth = min(map(len, parts))
        for k in range(2, depth + 1):
            folders = [p[-k] for p in parts]
            if len(set(folders)) == len(folders):
                return folders
        return ["/".join(p[:-1]) for p in parts]
    bare = [_bare(b) for b in bases]
    if len(bare) > 1 and len(set(bare)) == len(bare):
        bare = _without_shared_end(bare)
    return bare


def _bare(base: str) -> str:
    while (shorter := _ENDINGS.sub("", base)) not in (base, ""):
        base = shorter
    return base


def _without_shared_end(names: list[str]) -> list[str]:
    """Cut what all names end with, from a delimiter on ('a_rep.final', 'b_rep.final')."""
    letters = zip(*(reversed(n) for n in names), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, letters))
    end = names[0][len(names[0]) - shared :]
    cut = re.search(r"[._-]", end)
    if cut is None:
        return names
    shorter = [n.removesuffix(end[cut.start() :]) for n in names]
    return shorter if all(shorter) and len(set(shorter)) == len(shorter) else names


def _gsm_folder(name: str) -> str:
    hits = [m.group(1) for part in PurePosixPath(name).parts if (m := _GSM.match(part))]
    return hits[0] if hits else ""


def _folder(source: Source) -> Bundle:
    bundle = Bundle(source.name, [])
    found: list[Path] = []
    outside = []
    root = source.path.resolve()
    for folder, folders, files in os.walk(source.path):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(files):
            path = Path(folder) / file
            name = path.relative_to(source.path).as_posix()
            if _BESIDE.search(name) or not path.is_file():
                continue
            if not path.resolve().is_relative_to(root) and path.is_symlink():
                outside.append(name)
            found.append(path)
            if len(found) > _MOST_MEMBERS:
                raise DataError(
                    f"{source.name}: the folder holds more than {_MOST_MEMBERS:,} files. Name the "
                    f"folder that holds this study's files alone."
                )
    for path in found:
        name = path.relative_to(source.path).as_posix()
        bundle.members.append(Member(name, _head_of(path), _reader(path, name)))
    if outside:
        bundle.notices.append(
            f"{source.name}: {counted(len(outside), 'file')} read through links that lead outside "
            f"the folder: {some(outside)}."
        )
    return bundle


def _reader(path: Path, name: str) -> Callable[[], Source]:
    def read() -> Source:
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise DataError(f"{name}: the file cannot be opened ({problem.strerror}).") from problem
        return source_of(data, name, path)

    return read


def _head_of(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            first = handle.read(_HEAD)
    except OSError:
        return b""
    return _unpacked_head(first)


def _unpacked_head(first: bytes) -> bytes:
    """The start of the content, through gzip where it is packed; other packings read whole."""
    if first.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(first)) as stream:
                return stream.read1(_HEAD)
        except (OSError, EOFError):
            return b""
    return first


def _tar(source: Source) -> Bundle:
    bundle = Bundle(source.name, [])
    odd = []
    try:
        with tarfile.open(fileobj=io.BytesIO(source.data), mode="r:") as archive:
            for info in archive:
                if info.isdir():
                    continue
                if not info.isreg():
                    odd.append(info.name)
                    continue
                if _BESIDE.search(info.name):
                    continue
                stream = archive.extractfile(info)
                data = b"" if stream is None else stream.read()
                if len(data) < info.size:
                    raise tarfile.ReadError("unexpected end of data")
                bundle.members.append(_in_memory(data, info.name, source))
                if len(bundle.members) > _MOST_MEMBERS:
                    raise DataError(f"{source.name}: the archive holds too many files to be data.")
    except tarfile.TarError as problem:
        raise DataError(
            f"{source.name}: the tar archive is truncated or damaged "
            f"({plain(problem)}). Copy or download "
            f"it again."
        ) from problem
    return _sorted(bundle, odd)


def _zip(source: Source) -> Bundle:
    bundle = Bundle(source.name, [])
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir()]
            for info in infos:
                if _BESIDE.search(info.filename):
                    continue
                if info.file_size > 400 * max(info.compress_size, 2**20):
                    raise DataError(
                        f"{source.name}: the member {info.filename!r} unpacks to more than 400 "
                        f"times its size, as no table does; it was not read."
                    )
                bundle.members.append(_in_memory(archive.read(info), info.filename, source))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as problem:
        raise DataError(
            f"{source.name}: the zip archive is truncated, damaged or locked "
            f"({plain(problem)}). Copy or "
            f"download it again, or unpack it and name the folder."
        ) from problem
    return _sorted(bundle, [])


def _in_memory(data: bytes, name: str, source: Source) -> Member:
    return Member(
        name, _unpacked_head(data[:_HEAD]), lambda: source_of(data, name, source.path, "member")
    )


def _sorted(bundle: Bundle, odd: list[str]) -> Bundle:
    bundle.members.sort(key=lambda m: m.name)
    if odd:
        bundle.notices.append(
            f"{bundle.name}: {counted(len(odd), 'link or device', 'links or devices')} of the "
            f"archive left out: {some(odd)}."
        )
    return bundle
