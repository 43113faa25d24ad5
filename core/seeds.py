"""Seeds for further attempts: counted up, hashed, or out of a list, and always inside an input's range."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

SEED_MODES = ("increment", "hashed", "list")
HIGHEST_SEED = 2**64 - 1
HIGHEST_EXACT = 2**53 - 1  # the page holds numbers as JavaScript does, and rounds what is larger


def attempt_seed(
    base: int, attempt: int, mode: str, low: int = 0, high: int = HIGHEST_SEED, seeds: Sequence[int] = ()
) -> int:
    """Gives the seed of an attempt; attempt 0 keeps the base.

    Args:
        base: the seed of the graph as it was queued.
        attempt: 0 for the graph as it is, then 1, 2, 3 and so on.
        mode: increment counts up from the base and wraps around at the end of the range; hashed gives seeds without a
            pattern, the same ones for the same base (BLAKE2b), at most 2^53 - 1, since the page rounds what is larger;
            list takes seeds[attempt - 1].
        low: the lowest seed that the input takes.
        high: the highest seed that the input takes, itself included.
        seeds: the seeds of mode list.

    Raises:
        ValueError: the mode is unknown, the list is too short, or its seed is outside the range.
    """
    if mode not in SEED_MODES:
        raise ValueError(f"The seed mode {mode!r} is not known. Use one of: {', '.join(SEED_MODES)}.")
    if attempt == 0:
        return base
    if mode == "increment":
        return low + (base - low + attempt) % (high - low + 1)
    if mode == "hashed":
        digest = hashlib.blake2b(f"{base}:{attempt}".encode(), digest_size=16).digest()
        top = min(high, HIGHEST_EXACT) if low <= HIGHEST_EXACT else high
        return low + int.from_bytes(digest, "big") % (top - low + 1)
    if attempt > len(seeds):
        raise ValueError(f"Attempt {attempt} needs a {attempt}. seed, but the list has {len(seeds)}.")
    seed = seeds[attempt - 1]
    if not low <= seed <= high:
        raise ValueError(f"The seed {seed} of the list is outside what the input takes: {low} to {high}.")
    return seed


def seed_sequence(base: int, count: int, mode: str, seeds: Sequence[int] = ()) -> list[int]:
    """Gives `count` different seeds: those that the attempts of a Quality Gate use, beginning with the base.

    Mode list gives the seeds of the list alone, each once, at most `count` of them.

    Raises:
        ValueError: the mode is unknown, or is list and the list is empty.
    """
    if mode != "list":
        return [attempt_seed(base, attempt, mode) for attempt in range(count)]
    if not seeds:
        raise ValueError('seed_mode is "list", but seed_list is empty. Write seeds into it, separated by commas.')
    return list(dict.fromkeys(seeds))[:count]


def read_seeds(text: str) -> list[int]:
    """Reads seeds out of text: whole numbers, separated by commas, semicolons or white space.

    Raises:
        ValueError: something in the text is not a whole number from 0 to 18446744073709551615.
    """
    seeds = []
    for part in re.split(r"[,;\s]+", text.strip()):
        if not part:
            continue
        if not re.fullmatch(r"\d{1,20}", part) or int(part) > HIGHEST_SEED:
            raise ValueError(
                f"{part!r} in the list of seeds is not a seed. Seeds are whole numbers from 0 to {HIGHEST_SEED}, "
                "separated by commas."
            )
        seeds.append(int(part))
    return seeds
