"""Damaged copies of a photograph, for the contact sheet and for tests of the Quality Score (Pillow and numpy)."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _unchanged(image: Any) -> Any:
    return image


def _blurred(image: Any) -> Any:
    from PIL import ImageFilter

    return image.filter(ImageFilter.GaussianBlur(2.5))


def _noisy(image: Any) -> Any:
    import numpy
    from PIL import Image

    pixels = numpy.asarray(image, numpy.float32) / 255
    noise = numpy.random.default_rng(8).normal(0, 0.08, pixels.shape)
    return Image.fromarray((numpy.clip(pixels + noise, 0, 1) * 255 + 0.5).astype(numpy.uint8))


def _jpeg_broken(image: Any) -> Any:
    from PIL import Image

    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=5)
    return Image.open(buffer).convert("RGB")


def _file_maker(damage: Callable[[Any], Any]) -> Callable[[Path, Path], None]:
    def make(source: Path, target: Path) -> None:
        from PIL import Image

        with Image.open(source) as image:
            damage(image.convert("RGB")).save(target)

    return make


DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "as it is": _file_maker(_unchanged),
    "blurred, sigma 2.5": _file_maker(_blurred),
    "noisy, sigma 0.08": _file_maker(_noisy),
    "JPEG quality 5": _file_maker(_jpeg_broken),
}
