"""What a prompt says, without the signs that ComfyUI users write into it: clauses of words, each with a weight.

Read are (word:1.3), ((word)), [word], [from:to:0.5], [a|b], {a|b}, BREAK and AND, <lora:name:0.8>, embedding:name,
\\( and \\) that mean themselves, underscores for blanks, a pasted "Negative prompt:" with the settings behind it, and
--no. What is left over or not closed is read as plain text: a prompt is never an error.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

EMPHASIS = 1.1  # what a pair of round brackets multiplies by, and square ones divide by
NAME_WEIGHT = 0.5  # names of LoRAs, embeddings and models say less than words
NEGATIVE_WEIGHT = -0.5  # a negative prompt names what is unwanted, and often out of habit
MAX_DEPTH = 32  # brackets nested deeper are plain characters


class Token(NamedTuple):
    """A word, or one character of a script that writes none between its words; its place in the clause's text."""

    text: str
    start: int
    end: int
    weight: float


class Clause(NamedTuple):
    """What stands between two commas, in lower case, and its words in order."""

    text: str
    tokens: list[Token]


class _Piece(NamedTuple):
    """A run of text of one weight; None for the end of a clause."""

    text: str | None
    weight: float


_BREAK = _Piece(None, 1.0)
_BLANK = _Piece(" ", 1.0)
_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}
_SIGN = re.compile(
    r"(?P<escaped>\\[()\[\]{}\\|])"
    r"|<(?P<kind>lora|lyco|locon|hypernet|hypernetwork|embedding|ti):(?P<tag>[^<>]*)>"
    r"|\bembedding:(?P<embedding>[^\s,()\[\]{}:<>|]+)"
    r"|(?P<bracket>[()\[\]{}|])"
    r"|\b(?P<word>BREAK|AND)\b"
    r"|(?P<inner>(?<=[^\W\d_]):(?=[^\W\d_]))"
    r"|(?P<stop>[,;!?\n。、…:]|\.(?!\d))",
    re.IGNORECASE,
)
_WEIGHT_AT_END = re.compile(r":\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\Z")
_NEGATIVE = re.compile(r"^[^\S\n]*negative[ _]prompt\s*:", re.IGNORECASE | re.MULTILINE)
_SETTINGS = re.compile(r"^[^\S\n]*steps\s*:\s*\d+\s*,", re.IGNORECASE | re.MULTILINE)
_MODEL = re.compile(r"\bmodel\s*:\s*([^,\n]+)", re.IGNORECASE)
_WITHOUT = re.compile(r"(?:\A|\s)(?:--|—)no\s(.*?)(?=\s(?:--|—)\w|\Z)", re.IGNORECASE | re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# Han, kana, Hangul, Thai, Lao, Khmer and Burmese have no blanks that words could be told by.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*|\d+(?:\.\d+)+|(?:(?![{_UNSPACED}])[^\W_])+")


def read_prompt(prompt: str) -> list[Clause]:
    """Reads a prompt as clauses of weighted words; what is unwanted has negative weights.

    Words are in lower case, compatible forms are one (full width, ligatures), Latin letters have no accents.
    """
    clauses = []
    for text, factor in _sections(unicodedata.normalize("NFKC", prompt)):
        clauses += _clauses(_pieces(text), factor)
    return clauses


def plain_text(clauses: list[Clause]) -> str:
    """The wanted clauses as one text, for a text encoder that does not know such signs."""
    wanted = (clause.text for clause in clauses if any(token.weight > 0 for token in clause.tokens))
    return ", ".join(" ".join(text.split()) for text in wanted)


def fold(text: str) -> str:
    """Lower case, compatible forms made one, no accents on Latin letters, straight quotes, blanks for underscores."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    if text.isascii():
        return text
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u30fb", " ")
    bases = (unicodedata.normalize("NFD", character) for character in text)
    return "".join(base[0] if base[0].isascii() else unicodedata.normalize("NFC", base) for base in bases)


def read_words(text: str) -> list[str]:
    """The words of a text as they stand in clauses: what a vocabulary's words are compared in."""
    return _TOKEN.findall(fold(text))


def _sections(prompt: str) -> list[tuple[str, float]]:
    """The parts of a prompt by what they want: the prompt, a pasted negative prompt, the model's name, and --no."""
    settings = _SETTINGS.search(prompt)
    wanted, after = (prompt[: settings.start()], prompt[settings.start() :]) if settings else (prompt, "")
    negative = _NEGATIVE.search(wanted)
    wanted, unwanted = (wanted[: negative.start()], wanted[negative.end() :]) if negative else (wanted, "")
    model = _MODEL.search(after)
    sections = [(_WITHOUT.sub(" ", wanted), 1.0)]
    sections += [(match[1], -1.0) for match in _WITHOUT.finditer(wanted)]
    return [*sections, (unwanted, NEGATIVE_WEIGHT), (_split_name(model[1]) if model else "", NAME_WEIGHT)]


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
        elif sign["kind"] or sign["embedding"]:
            pieces += [_BREAK, _named(sign), _BREAK]
        elif sign["word"]:
            pieces.append(_BREAK if sign["word"].isupper() else _Piece(sign["word"], 1.0))
        elif sign["inner"] and open_groups[-1][0] != "[":
            pieces.append(_BLANK)  # Re:Zero
        elif sign["inner"] or sign["stop"] == ":":
            pieces.append(_Piece(":", 1.0))  # a weight may follow; what is not one ends a clause below
        else:
            pieces.append(_BLANK if sign["escaped"] else _BREAK)
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
        pieces, factor = _take_weight(pieces, EMPHASIS)
    elif bars:
        factor = 1.0 / (bars + 1)
    elif opened == "[" and any(piece.text == ":" for piece in pieces):
        pieces, _ = _take_weight(pieces, 1.0)
        factor = 0.5  # [from:to:when]: each is there for a part of the steps
    else:
        factor = 1 / EMPHASIS if opened == "[" else 1.0
    signs = ("|",) if opened == "(" else ("|", ":")
    return [
        _BREAK if piece.text is None or piece.text in signs else piece._replace(weight=piece.weight * factor)
        for piece in pieces
    ]


def _take_weight(pieces: list[_Piece], otherwise: float) -> tuple[list[_Piece], float]:
    """Takes a number behind the last colon off; gives it, or `otherwise` where there is none."""
    colon = max((index for index, piece in enumerate(pieces) if piece.text == ":"), default=None)
    if colon is None or any(piece.text is None for piece in pieces[colon:]):
        return pieces, otherwise
    weight = _WEIGHT_AT_END.match("".join(piece.text or "" for piece in pieces[colon:]))
    return (pieces[:colon], float(weight[1])) if weight else (pieces, otherwise)


def _named(sign: re.Match[str]) -> _Piece:
    """The name in a tag as words. <lora:name:0.8> has a strength of its own, and maybe a second one for the CLIP."""
    name, *strengths = (sign["embedding"] or sign["tag"]).split(":")
    try:
        strength = float(strengths[0]) if strengths else 1.0
    except ValueError:
        strength = 1.0
    return _Piece(_split_name(name), NAME_WEIGHT * strength)


def _split_name(name: str) -> str:
    """animeMix_v2.safetensors as "anime mix v 2"."""
    stem = re.sub(r"\.(?:safetensors|ckpt|pt|pth|bin)\Z", "", name.strip(), flags=re.IGNORECASE)
    return _CAMEL.sub(" ", stem).replace(".", " ").replace(":", " ")


def _clauses(pieces: list[_Piece], factor: float) -> list[Clause]:
    clauses: list[Clause] = []
    text, tokens = "", []
    for piece in [*pieces, _BREAK]:
        if piece.text is None or piece.text == ":":
            if tokens:
                clauses.append(Clause(text, tokens))
            text, tokens = "", []
            continue
        part = fold(piece.text)
        weight = piece.weight * factor
        tokens += [Token(m[0], len(text) + m.start(), len(text) + m.end(), weight) for m in _TOKEN.finditer(part)]
        text += part
    return clauses
