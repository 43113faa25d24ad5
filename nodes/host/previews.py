"""Pictures for the page to look at, in ComfyUI's temporary folder, which it empties when it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = "switchyard"  # in the temporary folder


def save_preview(levels: Any, **options: Any) -> dict[str, str]:
    """Saves a picture as a JPEG.

    Args:
        levels: a uint8 array (H, W, 1 or 3).
        options: Pillow's for JPEGs, such as the quality.

    Returns:
        What the page needs to show the file.

    Raises:
        OSError: it can't be saved.
    """
    import secrets

    import folder_paths
    from PIL import Image

    folder = Path(folder_paths.get_temp_directory()) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = f"{secrets.token_hex(8)}.jpg"  # not counted: two servers may share a folder
    Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).save(folder / file, **options)
    return {"filename": file, "subfolder": FOLDER, "type": "temp"}
