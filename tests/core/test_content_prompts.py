"""How often Content Classifier is right, on two lists of labelled prompts.

content_prompts/seen.jsonl is what the vocabularies were made with. content_prompts/unseen.jsonl was written by somebody
else, who had not read the vocabularies; nobody has looked at its prompts while the words were chosen, and it stays so:
a prompt that fails there is no reason for a new word. Bring more prompts of that kind into seen.jsonl instead.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from switchyard_pack.core.content_classifier import classify_by_words, find_evidence
from switchyard_pack.core.lexicon import make_lexicon
from switchyard_pack.core.prompt_syntax import read_prompt
from switchyard_pack.core.vocabulary import read_classes
from switchyard_pack.nodes.host.vocabularies import class_files, negations

FOLDER = Path(__file__).resolve().parent / "content_prompts"
LISTS = {
    path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for path in sorted(FOLDER.glob("*.jsonl"))
}
CLASSES = read_classes("anime\nrealistic", class_files())
LEXICON = make_lexicon(CLASSES)


@cache
def label(prompt):
    return classify_by_words(find_evidence(read_prompt(prompt), LEXICON, negations()), CLASSES, 0.6, "").label


def share_right(rows):
    return sum(label(row["prompt"]) == row["label"] for row in rows) / len(rows)


@pytest.mark.parametrize(("name", "at_least"), [("seen", 0.98), ("unseen", 0.95)])
def test_prompts_are_classified_as_their_labels_say(name, at_least):
    assert share_right(LISTS[name]) >= at_least


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("wanted", ["anime", "realistic"])
def test_no_class_is_right_at_the_other_ones_cost(name, wanted):
    assert share_right([row for row in LISTS[name] if row["label"] == wanted]) >= 0.93


@pytest.mark.parametrize("name", LISTS)
def test_other_scripts_are_read_too(name):
    rows = [row for row in LISTS[name] if sum(not c.isascii() for c in row["prompt"]) > len(row["prompt"]) / 3]
    assert len(rows) >= 20
    assert share_right(rows) >= 0.93


def test_the_lists_are_of_some_size_balanced_and_share_no_prompt():
    prompts = [row["prompt"].casefold().strip() for rows in LISTS.values() for row in rows]
    assert len(set(prompts)) == len(prompts) >= 400
    for rows in LISTS.values():
        assert 0.4 < sum(row["label"] == "anime" for row in rows) / len(rows) < 0.6
