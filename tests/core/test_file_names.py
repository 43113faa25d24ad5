"""File names that users write: inside the output folder, and valid on every system."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.file_names import relative_name


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("scores", "scores"),
        (" a/b/scores ", "a/b/scores"),
        ("a\\b", "a/b"),
        ("./a//b/./c", "a/b/c"),
        ("scores.csv", "scores"),
        ("Scores.CSV", "Scores"),
        ("scores.jsonl", "scores.jsonl"),
        ("%year%-%month%/scores v1.5", "%year%-%month%/scores v1.5"),
        ("漢字/ünï", "漢字/ünï"),
        ("console", "console"),
        (".hidden", ".hidden"),
    ],
)
def test_a_name_inside_the_output_folder(prefix, name):
    assert relative_name(prefix, "csv") == name


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("../../x", r'leads out of ComfyUI\'s output folder with "\.\."'),
        ("a/../../x", "leads out"),
        ("..\\x", "leads out"),
        ("..", "leads out"),
        ("/etc/x", "a path of its own"),
        ("\\\\server\\share\\x", "a path of its own"),
        ("C:\\x", "a path of its own"),
        ("c:x", "a path of its own"),
        ("", "names no file"),
        (" ", "names no file"),
        (".", "names no file"),
        ("a/", "names no file"),
        (".csv", "Windows would drop"),
        ("NUL", "keeps for a device"),
        ("a/com1.txt/b", "keeps for a device"),
        ("con.csv", "keeps for a device"),
        ("a<b", "a character that Windows can't have"),
        ("a\0b", "a character that Windows can't have"),
        ("a\nb", "a character that Windows can't have"),
        ("x:y:z", "can't have|path of its own"),
        ("a./b", "Windows would drop"),
        ("a /b", "Windows would drop"),
        ("x" * 201, "longer than 200 bytes"),
        ("漢" * 67, "longer than 200 bytes"),
        ("\ud800", "half a character"),
        (None, "is a None; it must be text"),
        (5, "is a INT; it must be text"),
    ],
)
def test_any_other_name_is_refused_in_words(prefix, told):
    with pytest.raises(ValueError, match=told) as error:
        relative_name(prefix, "csv")
    assert "Write a name" in str(error.value)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="./\\: ~abC\0", max_size=12))
def test_no_name_leads_out(prefix):
    try:
        name = relative_name(prefix, "csv")
    except ValueError:
        return
    assert name
    assert all(part not in ("", ".", "..") for part in name.split("/"))
    assert ":" not in name
    assert "\\" not in name
