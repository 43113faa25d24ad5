"""Classes and terms as people write them, and the files that the pack brings."""

import pytest
from switchyard_pack.core.negation import read_negations
from switchyard_pack.core.vocabulary import (
    DEFAULT_WEIGHT,
    MAX_CLASSES,
    VocabularyError,
    read_class_file,
    read_classes,
)
from switchyard_pack.nodes.host.vocabularies import class_files, negations

FILES = {"anime": read_class_file("anime", "description: a drawing\n3: anime, cel shad*\n-1: photo")}

ANIME = [("anime", 3.0), ("cel shad*", 3.0), ("photo", -1.0)]


def terms(line):
    (one,) = read_classes(line, FILES)
    return [(term.shown, term.weight) for term in one.terms]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cat", [("cat", DEFAULT_WEIGHT)]),
        ("cat: kitten, big cat", [("kitten", 3.0), ("big cat", 3.0)]),
        ("cat: (kitten:2), (purr*:0.5), (dog:-1)", [("kitten", 2.0), ("purr*", 0.5), ("dog", -1.0)]),
        ("cat: (kitten)", [("kitten", 3.0)]),
        ("cat: kitten,, ,", [("kitten", 3.0)]),
        ("cat: /tabb(y|ies)/, /\\d{1,3} cats?/i, x", [("/tabb(y|ies)/", 3.0), ("/\\d{1,3} cats?/", 3.0), ("x", 3.0)]),
        ("cat: /a\\/b/", [("/a\\/b/", 3.0)]),
        ("cat: /tabby/:2", [("/tabby/", 2.0)]),
        ("anime", [("anime", 3.0), ("cel shad*", 3.0), ("photo", -1.0)]),
        ("Anime", [("anime", 3.0), ("cel shad*", 3.0), ("photo", -1.0)]),
        ("drawn: @anime, ink", [("anime", 3.0), ("cel shad*", 3.0), ("photo", -1.0), ("ink", 3.0)]),
        ("猫: 子猫", [("子猫", 3.0)]),
        ("猫：子猫，大猫、（虎：2）、＠anime", [("子猫", 3.0), ("大猫", 3.0), ("虎", 2.0), *ANIME]),
        ("cat: kitten:2, big cat: 0.5", [("kitten", 2.0), ("big cat", 0.5)]),
        ("cat: 16:9, miku (vocaloid), re:zero", [("16:9", 3.0), ("miku (vocaloid)", 3.0), ("re:zero", 3.0)]),
        ("cat: (kitten, big cat:2)", [("kitten", 2.0), ("big cat", 2.0)]),
        ("cat: kitten, purr*, Kitten:2", [("Kitten", 2.0), ("purr*", 3.0)]),
        ("cat: purr＊", [("purr＊", 3.0)]),
        ("drawn: @anime, (anime:0)", [("anime", 0.0), ("cel shad*", 3.0), ("photo", -1.0)]),
        ("@anime", ANIME),
    ],
)
def test_a_line_is_a_name_and_its_terms(line, expected):
    assert terms(line) == expected


def test_lines_are_classes_in_order_and_comments_are_skipped():
    classes = read_classes("# mine\ncat: kitten\n\n  dog  \n#1girl", FILES)
    assert [one.name for one in classes] == ["cat", "dog", "#1girl"]


@pytest.mark.parametrize(
    ("line", "description"),
    [
        ("cat", "cat"),
        ("cat: kitten, (purr*:2), (dog:-3), (bird:0), /x/", "kitten, purr"),
        ("anime", "a drawing"),
        ("x: @anime, ink", "a drawing, ink"),
    ],
)
def test_a_class_describes_itself_for_a_text_encoder(line, description):
    assert read_classes(line, FILES)[0].description == description


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "There are 0 classes"),
        ("# nothing\n", "There are 0 classes"),
        ("\n".join(f"c{number}" for number in range(MAX_CLASSES + 1)), "There are 101 classes"),
        ("cat\nCat", "is there twice"),
        (": kitten", "no name before its colon"),
        ("cat: @dog", 'no class "@dog" in the pack, only anime'),
        ("cat: (kitten:99)", "must be -10 to 10"),
        ("cat: (kitten:-11)", "must be -10 to 10"),
        ("cat: (@anime:2)", "leave the brackets out"),
        ("cat: /kit(/", "not valid"),
        ("cat: /kit/x", "may stand a weight"),
        ("cat: ---", "no letters or digits"),
        ("cat: *", "no letters or digits"),
        ("cat: kitten (big:2)", "A comma is missing in"),
        ("cat: (kitten:2) big", "A comma is missing in"),
        ("cat: (kitten:2", "A bracket is missing in"),
        ("cat: kitten)", "A bracket is missing in"),
        ("cat:,", "no words behind its colon"),
        ("cat: , ,", "no words behind its colon"),
        ("cat: big* cat", "has a * inside"),
        ("cat: *cat", "has a * inside"),
        ("@dog", 'no class "@dog"'),
        ("@anime, ink", "has no name"),
        ("@anime: ink", "has no name"),
        ("cat: " + "very " * 20 + "big", "has 21 words; 20 are allowed"),
        (None, "not a None"),
        (["cat"], "not a list"),
        (7, "not a INT"),
    ],
)
def test_what_can_not_be_read_is_an_error_that_names_it(text, message):
    with pytest.raises(VocabularyError) as error:
        read_classes(text, FILES)
    assert message in str(error.value)


def test_the_line_of_a_file_begins_with_a_weight():
    with pytest.raises(VocabularyError, match='"anime, manga" of the class drawn does not begin with a weight'):
        read_class_file("drawn", "anime, manga")


@pytest.mark.parametrize("name", class_files())
def test_a_file_of_the_pack_says_each_term_once_and_describes_its_class(name):
    one = class_files()[name]
    places = [(term.words or term.shown, term.is_open) for term in one.terms]
    assert [place for place in places if places.count(place) > 1] == []
    assert len(one.terms) > 300
    assert len(one.description) > 20
    assert all(0 <= term.weight <= 6 for term in one.terms)


def test_the_pack_brings_anime_and_realistic():
    assert list(class_files()) == ["anime", "realistic"]


def test_a_class_of_the_pack_alone_has_its_name():
    assert [one.name for one in read_classes("@anime\ncat", FILES)] == ["anime", "cat"]


def test_negations_are_words_as_they_stand_in_clauses():
    read = read_negations("# a\nbefore: not, instead of, Isn't\nafter: free\nbetween: a, the\njoining: or\nbefore: 没")
    assert read.ending == read.answer == read.harmless == frozenset()
    assert read.before == {("not",), ("instead", "of"), ("isn", "t"), ("没",)}
    assert read.after == {("free",)}
    assert read.between == {"a", "the"}
    assert read.joining == {"or"}
    assert ("rather", "than") in negations().before
