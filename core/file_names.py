"""Names of files that a user writes into a node, made safe: inside one folder, and valid on every system."""

from __future__ import annotations

import re

from .values import kind_of, show

_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)
_MAX_BYTES = 200  # of a part; file systems take 255, and a number and an ending are added
_ADVICE = 'Write a name, with folders before it if you like: "scores" or "portraits/scores".'


def relative_name(prefix: object, ending: str) -> str:
    """A file name without its ending, relative to the output folder, with / between folders.

    Both slashes separate folders, so that a name from Windows means the same elsewhere. An ending that the user has
    written is taken off.

    Args:
        prefix: what the user wrote.
        ending: the file's ending, without its dot.

    Raises:
        ValueError: the name is no text or empty, leads out of the folder, or some system can't have such a file.
    """
    if not isinstance(prefix, str):
        raise ValueError(f"filename_prefix is a {kind_of(prefix)}; it must be text. {_ADVICE}")
    name = prefix.strip().replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise ValueError(
            f"filename_prefix is {show(prefix)}, a path of its own; files are only written into ComfyUI's output "
            f"folder. {_ADVICE}"
        )
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(
            f'filename_prefix is {show(prefix)}, which leads out of ComfyUI\'s output folder with "..". {_ADVICE}'
        )
    if not parts or name.endswith("/"):
        raise ValueError(f"filename_prefix is {show(prefix)}, which names no file. {_ADVICE}")
    if parts[-1].casefold().endswith(f".{ending}"):
        parts[-1] = parts[-1][: -len(ending) - 1]
    for part in parts:
        problem = _problem(part)
        if problem:
            raise ValueError(f"filename_prefix is {show(prefix)}: {show(part)} {problem}. {_ADVICE}")
    return "/".join(parts)


def _problem(part: str) -> str:
    if _FORBIDDEN.search(part):
        return "has a character that Windows can't have in a name: one of < > : \" | ? * or a control character"
    if _RESERVED.match(part):
        return "is a name that Windows keeps for a device"
    if part != part.strip(" ") or part.endswith(".") or not part:
        return "begins or ends with a space or ends with a dot, which Windows would drop"
    try:
        is_long = len(part.encode("utf-8")) > _MAX_BYTES
    except UnicodeEncodeError:
        return "has half a character, which no file can be called"
    return f"is longer than {_MAX_BYTES} bytes" if is_long else ""
