"""What a prompt says, without the signs that ComfyUI users write into it: clauses of words, each with a weight.

Read are (word:1.3), ((word)), [word], [from:to:0.5], [a|b], {a|b}, BREAK and AND, <lora:name:0.8>, embedding:name,
\\( and \\) that mean themselves, underscores for blanks, a pasted "Negative prompt:" with the settings behind it, and
--no. What is left over or not closed is read as plain text: a prompt is never an error.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import NamedTuple

EMPHASIS = 1.1  # what a pair of round brackets multiplies by, and square ones divide by
NAME_WEIGHT = 0.5  # names of LoRAs, embeddings and models say less than words
NEGATIVE_WEIGHT = -0.5  # a negative prompt names what is unwanted, and often out of habit
MAX_WEIGHT = 100.0  # of one pair of brackets: a product of any number of them stays a number
MAX_DEPTH = 32  # brackets nested deeper are plain characters


class Token(NamedTuple):
    """A word, or one character of a script that writes none between its words; its place in the clause's text."""

    text: str
    start: int
    end: int
    weight: float


class Clause(NamedTuple):
    """What stands between two commas, in lower case with single blanks, and its words in order.

    `stop` is "," or ":" where that ends it, else "".
    """

    text: str
    tokens: list[Token]
    stop: str = ""


class _Piece(NamedTuple):
    """A run of text of one weight; None for the end of a clause, which `stop` may tell.

    What is set aside, the name of a LoRA, is a clause of its own: the text goes on as if it were not there.
    """

    text: str | None
    weight: float
    stop: str = ""
    is_aside: bool = False


_BREAK = _Piece(None, 1.0)
_COMMA = _Piece(None, 1.0, ",")
_BLANK = _Piece(" ", 1.0)
_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}
_SIGN = re.compile(
    r"(?P<escaped>\\[()\[\]{}\\|])"
    r"|<(?P<kind>lora|lyco|locon|hypernet|hypernetwork|embedding|ti):(?P<tag>[^<>]*)>"
    r"|\bembedding:(?P<embedding>[^\s,()\[\]{}:<>|]+)"
    r"|(?P<bracket>[()\[\]{}|])"
    r"|\b(?P<word>BREAK|AND)\b"
    r"|(?P<inner>(?<=[^\W\d_]):(?=[^\W\d_]))"
    r"|(?P<stop>[,;!?\n。、…:—―]|(?<=\s)[-–](?=\s)|\.(?!\d))",
    re.IGNORECASE,
)
_WEIGHT_AT_END = re.compile(r":\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\Z")
_LABEL = re.compile(
    r"(?P<negative>\bnegative[ _]prompts?|(?:^|(?<=[,.;|])\s*)negatives?"
    r"|负面提示词|負面提示詞|反向提示词|反向提示詞|负向提示词|ネガティブプロンプト|네거티브 ?프롬프트)[^\S\n]*:"
    r"|(?:^|(?<=[,.;|]))[^\S\n]*positive(?:[ _]prompts?)?[^\S\n]*:",
    re.IGNORECASE | re.MULTILINE,
)
_SETTINGS = re.compile(r"^[^\S\n]*steps\s*:\s*\d+\s*,", re.IGNORECASE | re.MULTILINE)
_MODEL = re.compile(r"\bmodel\s*:\s*([^,\n]+)", re.IGNORECASE)
_WITHOUT = re.compile(r"(?:\A|\s)(?:--|—)no\s(.*?)(?=\s(?:--|—)\w|\Z)", re.IGNORECASE | re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# Han, kana, Hangul, Thai, Lao, Khmer and Burmese have no blanks that words could be told by.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
# Vowel signs and the like, which are parts of words though they are no letters: of Hindi, say.
_MARKS = "".join(chr(code) for code in range(0x300, 0xE00) if unicodedata.category(chr(code)).startswith("M"))
_TOKEN = re.compile(
    rf"[{_UNSPACED}][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*|\d+(?:\.\d+)+|(?:(?![{_UNSPACED}])[^\W_][{_MARKS}]*)+"
)
_BLANKS = re.compile(r"\s+")
# Not seen: hyphens for line ends, joiners, marks of direction, kinds of emoji. In Arabic script one parts words.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_PARTING = re.compile("(?<=[\u0600-\u06ff])\u200c(?=[\u0600-\u06ff])")
_ACCENT_LEFT = re.compile("(?<=[a-z])[\u0300-\u036f]+")


def read_prompt(prompt: str) -> list[Clause]:
    """Reads a prompt as clauses of weighted words; what is unwanted has negative weights.

    Words are in lower case, compatible forms are one (full width, ligatures), Latin letters have no accents.
    """
    clauses = []
    for text, factor in _sections(_seen(prompt)):
        clauses += _clauses(_pieces(text), factor)
    return clauses


def plain_text(clauses: list[Clause]) -> str:
    """The wanted clauses as one text, for a text encoder that does not know such signs."""
    wanted = (clause.text for clause in clauses if any(token.weight > 0 for token in clause.tokens))
    return ", ".join(" ".join(text.split()) for text in wanted)


def fold(text: str) -> str:
    """Lower case, compatible forms made one, no accents on Latin letters, straight quotes, blanks for underscores."""
    text = _seen(text).casefold().replace("_", " ")
    if text.isascii():
        return text
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u30fb", " ")
    bases = (unicodedata.normalize("NFD", character) for character in text)
    text = "".join(base[0] if base[0].isascii() else unicodedata.normalize("NFC", base) for base in bases)
    return _ACCENT_LEFT.sub("", text)


def read_words(text: str) -> list[str]:
    """The words of a text as they stand in clauses: what a vocabulary's words are compared in."""
    return _TOKEN.findall(fold(text))


def _seen(text: str) -> str:
    """The text in compatible forms, without what nobody sees."""
    text = unicodedata.normalize("NFKC", text)
    return text if text.isascii() else _UNSEEN.sub("", _PARTING.sub(" ", text))


def _sections(prompt: str) -> list[tuple[str, float]]:
    """The parts of a prompt by what they want: the prompt, a pasted negative prompt, the model's name, and --no."""
    settings = _SETTINGS.search(prompt)
    text, after = (prompt[: settings.start()], prompt[settings.start() :]) if settings else (prompt, "")
    wanted, unwanted = _by_label(text)
    model = _MODEL.search(after)
    sections = [(_WITHOUT.sub(" ", wanted), 1.0)]
    sections += [(match[1], -1.0) for match in _WITHOUT.finditer(wanted)]
    return [*sections, (unwanted, NEGATIVE_WEIGHT), (_split_name(model[1]) if model else "", NAME_WEIGHT)]


def _by_label(text: str) -> tuple[str, str]:
    """What is wanted and what is not: "Negative prompt:" begins the latter, "Positive prompt:" ends it."""
    parts: tuple[list[str], list[str]] = ([], [])
    place, is_unwanted = 0, False
    for label in _LABEL.finditer(text):
        parts[is_unwanted].append(text[place : label.start()])
        place, is_unwanted = label.end(), label["negative"] is not None
    parts[is_unwanted].append(text[place:])
    return "\n".join(parts[0]), "\n".join(parts[1])


def _pieces(text: str) -> list[_Piece]:
    """Takes the signs out of a text. Each open bracket has a list of its own until it is closed."""
    open_groups: list[tuple[str, list[_Piece]]] = [("", [])]
    place = 0
    for sign in _SIGN.finditer(text):
        pieces = open_groups[-1][1]
        if sign.start() > place:
            pieces.append(_Piece(text[place : sign.start()], 1.0))
        place = sign.end()
        if sign["bracket"]:
            _take_bracket(sign["bracket"], open_groups)
        elif sign["kind"]:
            pieces += [_BLANK, _named(sign)._replace(is_aside=True), _BLANK]  # ComfyUI's nodes cut it out of the text
        elif sign["embedding"]:
            pieces += [_BREAK, _named(sign), _BREAK]
        elif sign["word"]:
            pieces.append(_BREAK if sign["word"].isupper() else _Piece(sign["word"], 1.0))
        elif sign["inner"] and open_groups[-1][0] != "[":
            pieces.append(_BLANK)  # Re:Zero
        elif sign["inner"] or sign["stop"] == ":":
            pieces.append(_Piece(":", 1.0))  # a weight may follow; what is not one ends a clause below
        else:
            pieces.append(_BLANK if sign["escaped"] else _COMMA if sign["stop"] in (",", "、") else _BREAK)
    open_groups[-1][1].append(_Piece(text[place:], 1.0))
    return [piece for _, pieces in open_groups for piece in pieces]


def _take_bracket(bracket: str, open_groups: list[tuple[str, list[_Piece]]]) -> None:
    opened, pieces = open_groups[-1]
    if bracket in _CLOSED_BY and len(open_groups) <= MAX_DEPTH:
        pieces.append(_BLANK)
        open_groups.append((bracket, []))
    elif bracket == "|":
        pieces.append(_Piece("|", 1.0) if opened in ("[", "{") else _BREAK)
    elif opened and bracket == _CLOSED_BY[opened]:
        open_groups.pop()
        open_groups[-1][1].extend([*_weighted(opened, pieces), _BLANK])
    elif not pieces or pieces[-1] != _BLANK:
        pieces.append(_BLANK)


def _weighted(opened: str, pieces: list[_Piece]) -> list[_Piece]:
    """The pieces of a closed pair of brackets, with the weight that the pair gives them."""
    bars = sum(piece.text == "|" for piece in pieces)
    if opened == "(":
        pieces, weight = _take_weight(pieces)
        factor = EMPHASIS if weight is None else weight
    elif bars:
        factor = 1.0 / (bars + 1)
    elif opened == "[" and any(piece.text == ":" for piece in pieces):
        return _scheduled(pieces)
    else:
        factor = 1 / EMPHASIS if opened == "[" else 1.0
    signs = ("|",) if opened == "(" else ("|", ":")
    return _multiplied([_BREAK if piece.text in signs else piece for piece in pieces], factor)


def _multiplied(pieces: list[_Piece], factor: float) -> list[_Piece]:
    return [piece if piece.text is None else piece._replace(weight=piece.weight * factor) for piece in pieces]


def _scheduled(pieces: list[_Piece]) -> list[_Piece]:
    """[from:to:when], [to:when] and [from::when]: each counts for the share of the steps that it is there for.

    It is half of them where no share tells (when is a number of steps, or missing).
    """
    pieces, when = _take_weight(pieces)
    share = when if when is not None and 0 <= when < 1 else 0.5
    colon = next((index for index, piece in enumerate(pieces) if piece.text == ":"), 0)
    before, after = _multiplied(pieces[:colon], share), _multiplied(pieces[colon:], 1 - share)
    return [*before, *(_BREAK if piece.text == ":" else piece for piece in after)]


def _take_weight(pieces: list[_Piece]) -> tuple[list[_Piece], float | None]:
    """Takes a number behind the last colon off, and gives it."""
    colon = max((index for index, piece in enumerate(pieces) if piece.text == ":"), default=None)
    if colon is None or any(piece.text is None for piece in pieces[colon:]):
        return pieces, None
    weight = _WEIGHT_AT_END.match("".join(piece.text or "" for piece in pieces[colon:]))
    return (pieces[:colon], max(-MAX_WEIGHT, min(MAX_WEIGHT, float(weight[1])))) if weight else (pieces, None)


def _named(sign: re.Match[str]) -> _Piece:
    """The name in a tag as words. <lora:name:0.8> has a strength of its own, and maybe a second one for the CLIP."""
    name, *strengths = (sign["embedding"] or sign["tag"]).split(":")
    try:
        strength = float(strengths[0]) if strengths else 1.0
    except ValueError:
        strength = 1.0
    strength = max(-MAX_WEIGHT, min(MAX_WEIGHT, strength)) if math.isfinite(strength) else 1.0
    return _Piece(_split_name(name), NAME_WEIGHT * strength)


def _split_name(name: str) -> str:
    """animeMix_v2.safetensors as "anime mix v 2"."""
    stem = re.sub(r"\.(?:safetensors|ckpt|pt|pth|bin)\Z", "", name.strip(), flags=re.IGNORECASE)
    return _CAMEL.sub(" ", stem).replace(".", " ").replace(":", " ")


def _clauses(pieces: list[_Piece], factor: float) -> list[Clause]:
    clauses: list[Clause] = []
    aside: list[_Piece] = []
    text, tokens = "", []
    for piece in [*pieces, _BREAK]:
        if piece.is_aside:
            aside += [piece._replace(is_aside=False), _BREAK]
            continue
        if piece.text is None or piece.text == ":":
            if aside:
                clauses += _clauses(aside, factor)
                aside = []
            if tokens:
                clauses.append(Clause(text.rstrip(), tokens, piece.text or piece.stop))
            text, tokens = "", []
            continue
        part = _BLANKS.sub(" ", fold(piece.text))
        part = part.lstrip() if not text or text.endswith(" ") else part
        weight = piece.weight * factor
        tokens += [Token(m[0], len(text) + m.start(), len(text) + m.end(), weight) for m in _TOKEN.finditer(part)]
        text += part
    return clauses
