"""What the shipped parameters reach, written to RESULTS.md: what passes, what is rejected, and who is blamed, at 0.8.

`python training/quality/report.py` after `fit.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from scipy.stats import spearmanr
from torch import Tensor

from distortions import FAMILY_OF_KIND, KINDS
from fit import CALIBRATION, DATA, inputs_of, training_samples
from hard_cases import write_hard_cases
from pack import core
from pictures import DEFAULT_CACHE, FOLDER
from samples import CLEAN, COUNTED, FAMILIES, load

THRESHOLD = 0.8
_INTRODUCTION = """# What the trained families reach

Written by `training/quality/report.py` for the parameters in `data/`. *Folds*: pictures of the training list, each
scored by networks that saw no picture of its group. *Validation*: pictures of other packages, on a list fixed before
the first fit; what it showed went into the second one (more kinds of art to learn from, more lenient curves). *Held
out*: pictures of yet other packages, on a list fixed before the second fit, and read after it. A picture passes from
0.8 up; its score is the lowest family. Colour casts and seams are listed, but not counted in the sums.
"""

Array = NDArray[Any]
model = core("quality_model")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    options = parser.parse_args()
    weights = load_file(DATA)
    sets = {}
    for name in ("held_out", "validation"):
        samples = load(options.cache / f"ladder_{name}.npz")
        sets[name.replace("_", " ")] = samples, model.raw_scores(torch.from_numpy(inputs_of(samples)), weights).numpy()
    sets["folds"] = training_samples(options.cache), np.load(options.cache / "folds.npy")
    lines = [_INTRODUCTION]
    for name, (samples, found) in sets.items():
        for preset in CALIBRATION:
            families = shipped(samples, mapped(found, weights[f"curves.{preset}"]), preset)
            lines += [f"## {name.capitalize()}, preset {preset}", "", *_tables(samples, families), ""]
    lines += ["## Hard cases", "", *write_hard_cases(options.cache, weights)]
    results = "\n".join(lines) + "\n"
    print(results)
    (FOLDER / "RESULTS.md").write_text(results, encoding="utf-8")


def mapped(raw: Array, curve: Tensor) -> Array:
    """Family scores of raw ones, (number, families)."""
    columns = [model.along(torch.from_numpy(raw[:, place]), curve[place]) for place in range(len(FAMILIES))]
    return torch.stack(columns, 1).numpy()


def shipped(samples: dict[str, Array], families: Array, preset: str) -> Array:
    """What the node makes of the networks' scores: extreme read-outs and colour noise in a part count too."""
    words, presets = core("quality_families"), core("quality_score").PRESETS
    names = [str(name) for name in samples["names"]]
    result = families.copy()
    for row, values in zip(result, samples["features"].tolist(), strict=True):
        readouts = dict(zip(names, values, strict=True)) | {"local_noise_percent": 0.0, "flat_band_percent": 0.0}
        factors = words.extreme_factors(readouts, presets[preset].readouts)
        local = words.local_scores(readouts)
        row[:] = [min(score * factors[name], local[name]) for name, score in zip(FAMILIES, row, strict=True)]
    return result


def _tables(samples: dict[str, Array], families: Array) -> Iterator[str]:
    kinds, levels, domains = samples["kind"].astype(str), samples["level"], samples["domain"].astype(str)
    score = families.min(1)
    passes = score >= THRESHOLD
    benign = np.char.startswith(kinds, "benign")
    is_clean = kinds == CLEAN
    counted = np.isin(kinds, COUNTED)
    of_domain = [domains == domain for domain in ("photo", "art")]
    yield "| passes | photo | art |"
    yield "|---|---|---|"
    edits = sorted(set(kinds[benign].tolist()))
    for title, which in (("clean", is_clean), ("harmless edits", benign), *((edit, kinds == edit) for edit in edits)):
        yield f"| {title} | {' | '.join(_share(passes, which & domain) for domain in of_domain)} |"
    found = [level for level in (1, 2, 3, 5) if (counted & (levels == level)).any()]
    yield ""
    yield "| rejected | " + " | ".join(f"level {level}" for level in found) + " | family blamed, levels 3 and 5 |"
    yield "|---|" + "---|" * (len(found) + 1)
    rows = {"all but casts and seams": counted} | {kind: kinds == kind for kind in KINDS}
    rows |= {"photo": counted & of_domain[0], "art": counted & of_domain[1]}
    for title, which in rows.items():
        cells = [_share(~passes, which & (levels == level)) for level in found]
        blamed = _blamed(families, kinds, which & np.isin(levels, (3, 5)) & ~passes)
        yield f"| {title} | {' | '.join(cells)} | {blamed} |"
    yield ""
    yield "Order of the levels in each ladder (SROCC), and how often the damaged one of a pair is lower:"
    yield ""
    for title, domain in zip(("photo", "art"), of_domain, strict=True):
        yield f"- {title}: {_order(samples, score, domain)}"
    yield ""
    failed = np.flatnonzero(is_clean & ~passes)
    yield f"Clean pictures that fail ({len(failed)} of {int(is_clean.sum())}):"
    yield ""
    for index in failed[np.argsort(score[failed])][:20]:
        worst = FAMILIES[int(families[index].argmin())]
        yield f"- {samples['picture'][index]}: {worst} {score[index]:.2f}"


def _order(samples: dict[str, Array], score: Array, which: Array) -> str:
    """Mean rank correlation of score and level in each ladder of a picture, and how often the damaged one is lower."""
    correlations, pairs = [], []
    for picture in set(samples["picture"][which].tolist()):
        of_picture = which & (samples["picture"] == picture)
        clean = score[of_picture & (samples["kind"] == CLEAN)]
        for kind in COUNTED:
            ladder = of_picture & (samples["kind"] == kind)
            if len(clean) == 1 and ladder.sum() == 4:
                values = np.concatenate([clean, score[ladder][np.argsort(samples["level"][ladder])]])
                correlations.append(float(-spearmanr(np.arange(5), values).statistic) if np.ptp(values) > 0 else 0.0)
                pairs.append(float((values[1:] < values[0]).mean()))
    return f"{np.mean(correlations):.2f} / {100 * np.mean(pairs):.0f} %" if pairs else "-"


def _share(found: Array, which: Array) -> str:
    return f"{100 * found[which].mean():.0f} %" if which.any() else "-"


def _blamed(families: Array, kinds: Array, which: Array) -> str:
    blamed = np.array(FAMILIES)[families[which].argmin(1)]
    right = blamed == np.array([FAMILY_OF_KIND.get(kind, "") for kind in kinds[which]])
    return f"{100 * right.mean():.0f} %" if which.any() else "-"


if __name__ == "__main__":
    main()
