"""Every text of the nodes, settings and commands is there in every language that the pack has, and nothing else is."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import switchyard_pack
from english_texts import english_texts

ROOT = Path(__file__).resolve().parent.parent.parent
LANGUAGES = sorted(path.name for path in (ROOT / "locales").iterdir())
FILES = ("nodeDefs", "settings", "commands", "main")


@pytest.fixture(scope="module")
def english():
    return english_texts(switchyard_pack)


def read(language: str, name: str) -> Any:
    return json.loads((ROOT / "locales" / language / f"{name}.json").read_text(encoding="utf-8"))


def texts(found: Any, where: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(found, str):
        return {where: found}
    return {key: text for name, value in found.items() for key, text in texts(value, (*where, name)).items()}


def numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"\d+(?:[.,]\d+)?", text.replace("\u2212", "-")))


def test_the_languages_are_those_that_were_asked_for():
    assert {"zh", "ja"} < set(LANGUAGES)
    assert "en" not in LANGUAGES, "English lives in the code"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_exactly_the_texts_that_there_are(english, language, name):
    assert texts(read(language, name)).keys() == texts(english[name]).keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_left_in_english(english, language):
    for name in FILES:
        there = texts(read(language, name))
        for where, text in texts(english[name]).items():
            assert there[where].strip(), f"{language} {where}"
            if len(text.split()) > 3:
                assert there[where] != text, f"{language} {where} is the English text"


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_the_same(english, language):
    """Limits, units and defaults stand in tooltips: a number that is lost or changed misleads."""
    for name in FILES:
        there = texts(read(language, name))
        wrong = [where for where, text in texts(english[name]).items() if numbers(there[where]) != numbers(text)]
        assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_signs_that_the_page_would_read_as_syntax_are_quoted(language):
    """The page's translator reads braces, @ and | as its own; in quotes, as in {'|'}, they are shown."""
    for name in FILES:
        for where, text in texts(read(language, name)).items():
            assert not re.search(r"[{}@|]", re.sub(r"\{'[{}@|]+'\}", "", text)), f"{language} {where}: {text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_is_never_given_to_two_nodes(language):
    names = [node["display_name"] for node in read(language, "nodeDefs").values()]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_texts_of_the_page_are_found(english):
    assert english["commands"]["Switchyard_SaveAsTemplate"] == {"label": "Save as template"}
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "web" / "js").glob("*.js"))
    assert len(english["settings"]) == len(re.findall(r"\bdefaultValue:", written))
    assert len(english["commands"]) == len(re.findall(r"\bfunction: ", written))
    assert english["main"] == {"settingsCategories": {"On the canvas": "On the canvas"}}
