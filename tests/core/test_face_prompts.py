import pytest
from switchyard_pack.core.face_prompts import FacePrompt, FacePrompts


def texts(text, count=4):
    return [FacePrompts(text).of(number) for number in range(count)]


def test_without_words_every_face_has_the_positive_prompt():
    assert texts("") == texts("  \n") == texts("[PROMPT]") == [FacePrompt()] * 4


def test_each_face_has_its_prompt_and_the_last_one_counts_for_the_rest():
    assert texts("a man [SEP] a woman") == [FacePrompt("a man"), *[FacePrompt("a woman")] * 3]
    assert texts("[sep]a woman")[:2] == [FacePrompt(), FacePrompt("a woman")]


def test_skip_and_stop():
    skip = FacePrompt(is_skipped=True)
    assert texts("[SKIP][SEP]a woman[SEP] [skip] ") == [skip, FacePrompt("a woman"), skip, skip]
    assert texts("a man[SEP][STOP]") == [FacePrompt("a man"), skip, skip, skip]
    assert texts("[STOP]") == [skip] * 4
    assert texts("[PROMPT] [STOP]") == [FacePrompt(), skip, skip, skip]
    assert texts("[SKIP] whatever")[0] == skip
    assert texts("a man [STOP] ignored") == [FacePrompt("a man"), skip, skip, skip]


def test_concat_adds_to_the_positive_prompt():
    assert texts("[CONCAT] red hair [SEP] [PROMPT]")[:2] == [FacePrompt("red hair", is_added=True), FacePrompt()]
    assert texts("[PROMPT], freckles")[0] == FacePrompt("freckles", is_added=True)


@pytest.mark.parametrize(
    "word", ["[LAB]", "[ASC]", "[DSC-SIZE]", "[RND]", "[SEP:5]", "<lora:x:1>", "{red|blue}", "__hair/color__"]
)
def test_words_of_another_language_are_refused(word):
    with pytest.raises(ValueError, match="does not read"):
        FacePrompts(f"a man {word} b")
