"""The table of results of the quality families: what passes, what is rejected, and who is blamed, at exactly 0.8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from distortions import FAMILY_OF_KIND, KINDS
from numpy.typing import NDArray
from samples import CLEAN, FAMILIES
from torch import Tensor

THRESHOLD = 0.8
NOT_COUNTED = ("colour cast", "seams")  # nearly invisible without the clean picture beside it, up to level 3
COUNTED = tuple(kind for kind in KINDS if kind not in NOT_COUNTED)

Array = NDArray[Any]


def write_results(
    sets: Mapping[str, tuple[dict[str, Array], Array]],
    curves: Mapping[str, Tensor],
    scores: Callable[[Array, Tensor], Array],
) -> str:
    """Writes a Markdown page: for each set of samples with its raw scores, and for each preset, the tables."""
    lines = [
        "# What the trained families reach",
        "",
        "Written by `training/quality/fit.py`. *Folds*: pictures of the training list, each scored by networks that saw",
        "no picture of its group. *Held out*: pictures of packages that training never touches, read once the networks",
        "and curves were fixed. A score passes from 0.8; it is the lowest family. Colour casts and seams are listed, but",
        "not counted in the sums.",
    ]
    for name, (samples, raw) in sets.items():
        for preset, curve in curves.items():
            lines += ["", f"## {name.capitalize()}, preset {preset}", "", *_tables(samples, scores(raw, curve))]
    return "\n".join(lines) + "\n"


def _tables(samples: dict[str, Array], families: Array) -> Iterator[str]:
    kinds, levels, domains = samples["kind"].astype(str), samples["level"], samples["domain"].astype(str)
    score = families.min(1)
    passes = score >= THRESHOLD
    benign = np.char.startswith(kinds, "benign")
    is_clean = kinds == CLEAN
    counted = np.isin(kinds, COUNTED)
    yield "| passes | photo | art |"
    yield "|---|---|---|"
    for title, which in (("clean", is_clean), ("harmless edits", benign)):
        yield f"| {title} | {_share(passes, which & (domains == 'photo'))} | {_share(passes, which & (domains == 'art'))} |"
    for edit in sorted(set(kinds[benign].tolist())):
        which = kinds == edit
        yield f"| {edit} | {_share(passes, which & (domains == 'photo'))} | {_share(passes, which & (domains == 'art'))} |"
    found = [level for level in (1, 2, 3, 5) if (counted & (levels == level)).any()]
    yield ""
    yield "| rejected | " + " | ".join(f"level {level}" for level in found) + " | family blamed, levels 3 and 5 |"
    yield "|---|" + "---|" * (len(found) + 1)
    for title, which in (("all but casts and seams", counted), *((kind, kinds == kind) for kind in KINDS)):
        cells = [_share(~passes, which & (levels == level)) for level in found]
        yield f"| {title} | {' | '.join(cells)} | {_blamed(families, kinds, which & np.isin(levels, (3, 5)) & ~passes)} |"
    for domain in ("photo", "art"):
        cells = [_share(~passes, counted & (domains == domain) & (levels == level)) for level in found]
        which = counted & (domains == domain) & np.isin(levels, (3, 5)) & ~passes
        yield f"| {domain} | {' | '.join(cells)} | {_blamed(families, kinds, which)} |"
    yield ""
    failed = np.flatnonzero(is_clean & ~passes)
    yield f"Clean pictures that fail ({len(failed)} of {int(is_clean.sum())}):"
    yield ""
    for index in failed[np.argsort(score[failed])][:20]:
        worst = FAMILIES[int(families[index].argmin())]
        yield f"- {samples['picture'][index]}: {worst} {score[index]:.2f}"


def _share(found: Array, which: Array) -> str:
    return f"{100 * found[which].mean():.0f} %" if which.any() else "-"


def _blamed(families: Array, kinds: Array, which: Array) -> str:
    blamed = np.array(FAMILIES)[families[which].argmin(1)]
    right = blamed == np.array([FAMILY_OF_KIND.get(kind, "") for kind in kinds[which]])
    return f"{100 * right.mean():.0f} %" if which.any() else "-"
