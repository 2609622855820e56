"""A plan: what will be compared and how, written down before scores are looked at."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from mechanisms import plan
from mechanisms.errors import StudyError
from mechanisms.study import Study

HEADER = """\
# A frozen plan of mechanisms: hypotheses, contrast, signatures and scorer, as they stood before
# any score was looked at. Name it in the study file (plan: {name}); the report then says every
# deviation from it. Do not edit: freeze a new plan instead.
"""


def frozen(study: Study) -> dict[str, Any]:
    """Return what a plan holds of a study: everything that could be bent after the fact."""
    from mechanisms.compare import family

    content = study.normalised()
    collection = plan.collection_of(study)
    contrast = plan.contrast_of(study)
    tested = family(collection)
    return {
        "study": content["study"],
        "design": content["design"],
        "subset": content["data"]["subset"],
        "collapse": content["data"]["genes"]["collapse"],
        "score": content["score"],
        "mode": content["signatures"]["mode"],
        "collection": collection.hash,
        "hypotheses": {s.id: contrast.expected(s.expected) for s in collection if s.id in tested},
        "signatures": {s.id: s.hash for s in collection if s.id in tested},
    }


def freeze(study: Study, path: str | Path) -> Path:
    """Write the plan of a study.

    Raises
    ------
    StudyError
        The file exists (a plan is never overwritten) or cannot be written.
    """
    path = Path(path)
    content = {"frozen": date.today().isoformat(), **frozen(study)}
    text = HEADER.format(name=path.name) + yaml.safe_dump(content, sort_keys=False)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise StudyError(
            f"the plan {path} already exists, and a plan is never overwritten; freeze to another "
            "name, and say in the paper why there are two"
        ) from None
    except OSError as error:
        raise StudyError(f"the plan cannot be written to {path}: {error.strerror}") from None
    return path


def deviations(study: Study) -> list[str]:
    """Return every deviation of a study from the plan that it names, in words.

    Raises
    ------
    StudyError
        The plan does not exist or is none.
    """
    if study.plan is None:
        return []
    path = study.resolve(study.plan)
    try:
        planned = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise StudyError(
            f"the plan {path.name} that the study names cannot be read; `mechanisms check STUDY "
            "--freeze PLAN` writes one"
        ) from None
    now = frozen(study)
    if not isinstance(planned, dict) or not set(now) <= set(planned):
        raise StudyError(
            f"{path.name} is no plan: it lacks "
            f"{', '.join(sorted(set(now) - set(planned if isinstance(planned, dict) else {})))}; "
            "`mechanisms check STUDY --freeze PLAN` writes one"
        )
    when = f"the plan of {planned.get('frozen', 'an unknown day')}"
    found = [text for key in now for text in _differences(key, planned[key], now[key])]
    return [f"deviates from {when}: {text}" for text in found] or [f"follows {when}"]


def _differences(key: str, planned: Any, now: Any) -> list[str]:
    if isinstance(planned, dict) and isinstance(now, dict):
        names = list(dict.fromkeys([*planned, *now]))
        nested = [
            _differences(f"{key}.{n}", planned.get(n, "absent"), now.get(n, "absent"))
            for n in names
        ]
        return [text for part in nested for text in part]
    if planned == now:
        return []
    return [f"{key} was {_short(planned)}, and is {_short(now)}"]


def _short(value: Any) -> str:
    """Return a value as a plan's reader knows it; hashes by their beginning."""
    text = str(value)
    return f"{text[:10]}..." if len(text) == 64 and " " not in text else text
