"""Before and After: the files that the page is told of, with a stand-in for ComfyUI's temporary folder."""

from __future__ import annotations

import sys
import types

import pytest
import torch
from PIL import Image
from switchyard_pack.nodes.before_and_after import BeforeAndAfter


@pytest.fixture
def temp(tmp_path, monkeypatch):
    paths = types.SimpleNamespace(get_temp_directory=lambda: str(tmp_path / "temp"))
    monkeypatch.setitem(sys.modules, "folder_paths", paths)
    return tmp_path / "temp" / "switchyard"


def show(before, after):
    (payload,) = BeforeAndAfter().execute([before], [after])["ui"]["switchyard"]
    assert payload["kind"] == "before_after"
    return payload


def picture(level, width=16, height=8, count=1, channels=3):
    return torch.full((count, height, width, channels), level)


def test_each_pair_is_saved_with_its_sizes(temp):
    payload = show(picture(0.25), picture(0.75, 32, 16))
    assert payload["summary"] == "1 pair, 16x8 before, 32x16 after"
    (pair,) = payload["data"]["pairs"]
    for side, level, size in (("before", 64, (16, 8)), ("after", 191, (32, 16))):
        file = pair[side]
        assert (file["type"], file["subfolder"], file["width"], file["height"]) == ("temp", "switchyard", *size)
        image = Image.open(temp / file["filename"])
        assert image.size == size
        assert image.getpixel((3, 3)) == pytest.approx((level,) * 3, abs=2)


def test_one_picture_for_many_is_saved_once(temp):
    pairs = show(picture(0.2), picture(0.8, count=3))["data"]["pairs"]
    assert len(pairs) == 3
    assert len({pair["before"]["filename"] for pair in pairs}) == 1
    assert len(list(temp.iterdir())) == 4


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (3, "RGB"), (4, "RGB")])
def test_any_number_of_channels_is_shown(temp, channels, mode):
    show(picture(0.5, channels=channels), picture(0.5, channels=channels).half())
    assert [Image.open(file).mode for file in temp.iterdir()] == [mode, mode]


def test_what_is_beyond_the_range_or_no_number_is_drawn_all_the_same(temp):
    wild = picture(0.5)
    wild[0, :, :8], wild[0, :, 8:] = float("nan"), float("inf")
    (pair,) = show(wild, picture(-3.0))["data"]["pairs"]
    image = Image.open(temp / pair["before"]["filename"])
    assert image.getpixel((1, 1)) == pytest.approx((0,) * 3, abs=3)
    assert image.getpixel((14, 1)) == pytest.approx((255,) * 3, abs=3)


def test_more_than_32_pairs_are_left_out_and_said(temp):
    data = show(picture(0.5, 8, 8, count=40), picture(0.6, 8, 8, count=40))["data"]
    assert (len(data["pairs"]), data["note"]) == (32, "Shown are the first 32 of 40.")


def test_an_empty_batch_stops_nothing(temp):
    payload = show(picture(0.5, count=0), picture(0.5))
    assert payload["summary"] == "nothing to compare"
    assert payload["data"] == {"pairs": [], "note": "There is no picture in before."}
    assert not temp.exists()
