"""The committed lists of pictures: what is held out stays apart from what is learned from."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from pictures import FOLDER, read_list

LISTS = sorted(path.stem.removeprefix("pictures_") for path in FOLDER.glob("pictures_*.csv"))


@pytest.mark.parametrize("name", LISTS)
def test_every_line_is_complete(name):
    for entry in read_list(name):
        assert all(isinstance(value, str) for value in entry), entry
        assert entry.package, entry
        assert entry.version, entry
        assert entry.channel in ("debian", "pypi", "pypi source"), entry
        assert entry.kind in ("photo", "art"), entry
        assert entry.group, entry
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256), entry
        assert re.fullmatch(r"([0-9a-f]{6})?", entry.background), entry
        assert not entry.path.startswith("/"), entry
        assert ".." not in entry.path.split("/"), entry


def test_the_held_out_list_is_large_enough_and_of_both_kinds():
    held_out = read_list("held_out")
    assert len(held_out) >= 60
    assert {entry.kind for entry in held_out} == {"photo", "art"}
    assert min(sum(entry.kind == kind for entry in held_out) for kind in ("photo", "art")) >= 20


@pytest.mark.parametrize("what", ["package", "group", "sha256", "name"])
def test_nothing_is_in_two_lists(what):
    assert {"training", "held_out"} <= set(LISTS)
    found = [{getattr(entry, what) for entry in read_list(name)} for name in LISTS]
    assert all(found)
    for one, other in combinations(found, 2):
        assert not one & other


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("what", ["sha256", "name"])
def test_nothing_is_twice_in_a_list(name, what):
    found = [getattr(entry, what) for entry in read_list(name)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", LISTS)
def test_a_package_has_one_version(name):
    versions = {}
    for entry in read_list(name):
        versions.setdefault((entry.channel, entry.package), set()).add(entry.version)
    assert all(len(found) == 1 for found in versions.values()), versions
