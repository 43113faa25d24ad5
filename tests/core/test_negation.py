"""What a negation turns, in many languages, and what only looks like one."""

import pytest
from switchyard_pack.core.lexicon import find_matches
from switchyard_pack.core.negation import find_turned
from switchyard_pack.core.prompt_syntax import read_prompt
from switchyard_pack.core.regex import Budget
from switchyard_pack.nodes.host.vocabularies import classes_of, negations

CLASSES = (
    "drawn: anime, manga, cartoon, no humans, アニメ, 动漫, 動漫, 애니, аниме, एनीमे\n"
    "real: photo, oil, 写实, 照片, 写真, 사실적, фото, फोटो"
)


def turned(prompt):
    _, lexicon = classes_of(CLASSES)
    clauses = read_prompt(prompt)
    matches = [find_matches(clause, lexicon, Budget()) for clause in clauses]
    flags = find_turned(clauses, matches, negations())
    return {
        match.found[0][1].shown
        for in_clause, are_turned in zip(matches, flags, strict=True)
        for match, is_turned in zip(in_clause, are_turned, strict=True)
        if is_turned
    }


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("no anime, manga or cartoon", {"anime", "manga", "cartoon"}),
        ("no anime, manga, or cartoon, photo", {"anime", "manga", "cartoon"}),
        ("no anime style, manga and cartoon please", {"anime", "manga", "cartoon"}),
        ("neither anime, manga nor cartoon", {"anime", "manga", "cartoon"}),
        ("no anime、manga、or cartoon", {"anime", "manga", "cartoon"}),
        ("(no anime, manga or cartoon:1.2)", {"anime", "manga", "cartoon"}),
        ("no anime, manga, cartoon", {"anime"}),  # nothing says that the list goes on
        ("no anime. manga or cartoon", {"anime"}),
        ("no anime, a manga book or cartoon", {"anime"}),
        ("no anime, photo or cartoon", {"anime"}),
        ("no anime on a wall, manga or cartoon", {"anime"}),
        ("no anime, photo, manga or cartoon", {"anime"}),
        ("anime and manga excluded", {"anime", "manga"}),
        ("anime or manga-free", {"anime", "manga"}),
        ("photo and anime excluded", {"anime"}),
        ("photo, anime and manga excluded", {"anime", "manga"}),
        ("anime manga excluded", {"manga"}),
    ],
)
def test_a_list_is_negated_to_its_end(prompt, expected):
    assert turned(prompt) == expected


@pytest.mark.parametrize(
    "prompt",
    [
        *("anime-free photo", "photo, anime free", "anime free. photo", "no {} anime", "no <lora:x:1> anime"),
        *("anime: no", "anime: no, photo: yes", "anime:no", "style anime: none", "photo—no anime", "photo — no anime"),
        *("surtout pas d'anime", "évite l'anime", "sauf anime", "evita el anime", "evite anime", "excepto anime"),
        *("exceto anime", "menos anime", "tranne anime", "außer anime", "vermeide anime", "anime unerwünscht"),
        *("кроме аниме", "избегай аниме", "anime yok", "anime değil", "anime tarzı değil", "anime olmasın"),
        *("jangan anime", "tanpa anime", "kecuali anime", "đừng vẽ anime", "không vẽ anime", "không phải anime"),
        *(
            "アニメ嫌",
            "アニメは嫌い",
            "アニメやめて",
            "アニメを避ける",
            "アニメを除く",
            "アニメではない",
            "アニメではありません",
        ),
        *("애니 아니에요", "애니가 아닙니다", "애니 빼고", "사실적이지 않은", "एनीमे नहीं", "एनीमे शैली नहीं", "बिना एनीमे"),
        *("除了动漫", "拒絕動漫", "不要动漫", "别画成动漫", "不是写实"),
    ],
)
def test_a_negation_is_understood_in_many_languages(prompt):
    assert len(turned(prompt)) == 1


@pytest.mark.parametrize(
    "prompt",
    [
        *("anime free-spirited girl", "anime free of charge", "no estilo anime", "no estilo de anime"),
        *("no humans anime", "no humans, anime", "anime no humans", "no doubt anime", "nothing less than anime"),
        *("特别写实", "特别的照片", "南非照片", "级别 写实", "无比写实", "非常写实"),
        *("anime: yes", "anime, no fence", "anime: no fence", "an-anime", "no embedding:x anime"),
        *("a photo — anime", "no photographer — anime"),
    ],
)
def test_what_only_looks_like_a_negation_is_none(prompt):
    assert turned(prompt) == set()


def test_a_regular_expression_over_a_negation_does_not_hide_it():
    _, lexicon = classes_of("drawn: anime, /not .* anime/\nreal")
    (clause,) = read_prompt("not really anime")
    matches = find_matches(clause, lexicon, Budget())
    assert find_turned([clause], [matches], negations()) == [[False, True]]
