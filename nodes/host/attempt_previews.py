"""Small pictures of what the attempts of a Quality Gate gave, for the page to show."""

from __future__ import annotations

import logging
import sys

from ...core.batches import Values, count_items, pick_items
from ...core.thumbnails import is_picture, thumbnail
from .previews import save_preview

MOST_ITEMS = 16  # of one attempt
MOST_FILES = 1000  # of one run
_QUALITY = 85

File = dict[str, str]


class AttemptPreviews:
    """The files of one run, by attempt and item; none outside ComfyUI, and none of values that are no pictures."""

    def __init__(self) -> None:
        self._files: dict[tuple[int, int], File] = {}
        self._is_over = False

    def add(self, number: int, values: Values) -> None:
        """Saves what an attempt gave, as far as it is pictures. A full disk ends nothing but the saving."""
        if "folder_paths" not in sys.modules or self._is_over:
            return
        for item in range(min(count_items(values), MOST_ITEMS, MOST_FILES - len(self._files))):
            picked = pick_items(values, [item])[0]
            if not is_picture(picked):
                return
            try:
                self._files[number, item] = save_preview(thumbnail(picked[0]).numpy(), quality=_QUALITY)
            except OSError as error:
                logging.warning("Switchyard: previews of a Quality Gate can't be saved: %s", error)
                self._is_over = True
                return

    def of(self, number: int, item: int | None) -> list[File]:
        """What the page needs to show an item of an attempt, or all of them (None); empty where there are no files."""
        found = {place: file for (attempt, place), file in self._files.items() if attempt == number}
        if item is None:
            return list(found.values())
        return [found[item]] if item in found else []
