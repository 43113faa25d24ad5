"""Templates from the pictures that ComfyUI saves: the graph and the workflow in a PNG's text chunks."""

from __future__ import annotations

import functools
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from switchyard.template import Template, TemplateError, open_any
from template_graphs import WANTED, by_name, hires_fix

PROMPT = json.dumps(hires_fix()).encode()
PAGE = {"nodes": [], "groups": [], "version": 0.4}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
BODY = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def text(key: bytes, value: bytes) -> bytes:
    return chunk(b"tEXt", key + b"\0" + value)


def packed(key: bytes, value: bytes) -> bytes:
    return chunk(b"zTXt", key + b"\0\0" + zlib.compress(value))


def international(key: bytes, value: bytes) -> bytes:
    return chunk(b"iTXt", key + b"\0\0\0en\0Anfrage\0" + value)


def packed_international(key: bytes, value: bytes) -> bytes:
    return chunk(b"iTXt", key + b"\0\1\0\0\0" + zlib.compress(value))


@pytest.fixture
def written(tmp_path):
    """Writes bytes as a picture and gives its path."""

    def write(data: bytes) -> Path:
        (tmp_path / "picture.png").write_bytes(data)
        return tmp_path / "picture.png"

    return write


@pytest.mark.parametrize("form", [text, packed, international, packed_international])
@pytest.mark.parametrize("is_last", [False, True])
def test_each_form_of_text_is_read_wherever_it_stands(written, form, is_last):
    texts = text(b"Title", b"x") + form(b"prompt", PROMPT) + form(b"workflow", json.dumps(PAGE).encode())
    path = written(HEAD + BODY + texts if is_last else HEAD + texts + BODY)
    held = Template.from_png(path, name="any", title="From a picture")
    assert (held.graph, held.workflow, held.title) == (hires_fix(), PAGE, "From a picture")
    assert by_name(held)["prompt"].default == WANTED
    assert open_any(path).name == "picture"


@pytest.mark.parametrize("prompt", ["a lighthouse", "ein Leuchtturm ä", "灯台 🗼", 'a\nb\t"c\\'])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_what_pillow_writes_is_read(tmp_path, prompt, is_ascii):
    graph = hires_fix()
    graph["4"]["inputs"]["text"] = prompt
    metadata = PngInfo()
    metadata.add_text("prompt", json.dumps(graph, ensure_ascii=is_ascii))
    metadata.add_text("workflow", json.dumps(PAGE), zip=True)
    Image.new("RGB", (3, 2)).save(tmp_path / "a.png", pnginfo=metadata)
    held = Template.from_png(tmp_path / "a.png", name="any")
    assert held.graph == graph
    assert held.workflow == PAGE


def test_what_comfyui_adds_to_nodes_is_left_out(written):
    graph: Any = hires_fix()
    graph["1"]["is_changed"] = [float("nan")]
    path = written(HEAD + text(b"prompt", json.dumps(graph).encode()) + BODY)
    assert Template.from_png(path, name="any").graph == hires_fix()
    graph["1"]["inputs"]["x"] = float("nan")
    with pytest.raises(TemplateError, match="JSON can't hold the graph"):
        Template.from_png(written(HEAD + text(b"prompt", json.dumps(graph).encode()) + BODY), name="any")


def test_a_workflow_that_is_none_is_left_out(written):
    for page in (b"null", b"[]", b'"x"'):
        path = written(HEAD + text(b"prompt", PROMPT) + text(b"workflow", page) + BODY)
        assert Template.from_png(path, name="any").workflow is None


CHANGED = bytearray(text(b"prompt", PROMPT))
CHANGED[40] ^= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEAD + BODY, "holds no graph"),
        (HEAD, "holds no graph"),
        (HEAD + text(b"prompt", b"[]") + BODY, "holds no graph"),
        (HEAD + text(b"prompt", b"a lighthouse") + BODY, "The prompt in .* is no JSON"),
        (HEAD + text(b"prompt", b"") + BODY, "is no JSON"),
        (HEAD + text(b"prompt", b"{}") + BODY, "The graph is empty"),
        (HEAD + text(b"parameters", b"Steps: 20") + BODY, "holds no graph"),
        (HEAD + bytes(CHANGED), "is damaged"),
        (HEAD + text(b"prompt", PROMPT)[:-10], "is damaged"),
        (HEAD + text(b"prompt", PROMPT)[:60], "is damaged"),
        (HEAD + chunk(b"zTXt", b"prompt\0\0not packed"), "can't be unpacked"),
        (HEAD + chunk(b"iTXt", b"prompt\0\1\0\0\0not packed"), "can't be unpacked"),
        (HEAD + chunk(b"zTXt", b"prompt"), "is no JSON"),
        (HEAD + chunk(b"iTXt", b"prompt\0"), "is no JSON"),
        (HEAD + packed(b"prompt", PROMPT)[:-20] + BODY, "damaged"),
        (HEAD + international(b"prompt", b"\xff\xfe") + BODY, "is not text in UTF-8"),
        (HEAD + struct.pack(">I", 2**31) + b"tEXtprompt", "has a text of 2048 MB"),
        (b"\x89PNG\r\n\x1a\n", "holds no graph"),
        (b"\x89PNG", "is no PNG"),
        (b"", "is no PNG"),
        (b"GIF89a", "is no PNG"),
        (HEAD + struct.pack(">I", 2**32 - 1) + b"IDAT" + b"x" * 50, "holds no graph"),
    ],
)
def test_what_is_damaged_or_holds_nothing_is_said_so(written, data, words):
    path = written(data)
    with pytest.raises(TemplateError, match=words) as error:
        Template.from_png(path, name="any")
    assert "picture.png" in str(error.value) or "empty" in words


@functools.cache
def bomb() -> bytes:
    """Some 70 kB that unpack to 70 MB."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b" " * 2**20) for _ in range(70)) + packer.flush()


def test_a_text_that_unpacks_to_too_much_is_refused(written):
    path = written(HEAD + chunk(b"zTXt", b"prompt\0\0" + bomb()) + BODY)
    with pytest.raises(TemplateError, match="more than 64 MB when unpacked"):
        Template.from_png(path, name="any")


def test_texts_of_others_are_not_even_unpacked(written):
    others = chunk(b"zTXt", b"comment\0\0not packed") + chunk(b"zTXt", b"other\0\0" + bomb())
    assert Template.from_png(written(HEAD + others + text(b"prompt", PROMPT) + BODY), name="any").graph == hires_fix()


def test_a_picture_that_is_not_there_is_said_so(tmp_path):
    for path in (tmp_path / "none.png", tmp_path, "a\0b.png"):
        with pytest.raises(TemplateError, match="can't be read"):
            Template.from_png(path, name="any")
        with pytest.raises(TemplateError, match="can't be read"):
            open_any(Path(path))


def test_other_pictures_are_said_to_be_none(tmp_path):
    Image.new("RGB", (3, 2)).save(tmp_path / "a.webp")
    with pytest.raises(TemplateError, match=re.escape("a.webp is not text in UTF-8, so it is no JSON")):
        open_any(tmp_path / "a.webp")
