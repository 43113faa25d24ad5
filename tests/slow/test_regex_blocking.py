"""Regular expressions that would take Python hours: none may block. Each is searched in a process of its own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CORE = Path(sys.modules["switchyard_pack.core.regex"].__file__).parent
LETTERS = "a" * 40 + "!"

EVIL = [
    *[(pattern, LETTERS) for pattern in ("(a+)+$", "(a|aa)+$", "(a|a?)+$", "([a-zA-Z]+)*$", "(a*)*b", "(|a|a)+$")],
    *[(pattern, LETTERS) for pattern in ("(?i)(A+)+$", "(?=(a+)+$)b", "(?:a|a){30}b", "(a{1,50}){1,50}$", "(a?){40}b")],
    *[(pattern, LETTERS) for pattern in ("(a?){30,}b", "(a+)+?$", "(?P<x>a+)+(?P=x)$", "(?!(a+)+$)b", "(a|b|ab|a)*c")],
    *[(pattern, LETTERS) for pattern in ("(?:a|a)" * 30 + "b", "(?:a?" * 40 + ")" * 40 + "b", "(|)" * 40 + "b")],
    *[(pattern, LETTERS) for pattern in ("((((a{16}){16}){16}){16})b", "((((a?){16}){16}){16}){16}b")],
    ("(.*a){12}", "a" * 60 + "!"),
    ("(.*a){12}$", "a" * 60 + "!"),
    (r"^(\s*)*$", " " * 40 + "!"),
    (r"(x+x+)+y", "x" * 60),
    (r"(?:(?:.?)*?)*.aa\ba", "bbabbbbbaaabbbaababb"),
    (r"^(\w+\s?)*$", "a photo of a beautiful landscape with mountains, "),
    (r".*.*.*=x", "x" * 20_000),
    (r"\s*\s*\s*$", " " * 5_000 + "x"),
    (r".*,.*,.*,.*,.*,.*,.*;", "a," * 200),
    (r"(?s).*a.*a.*b", "a" * 20_000),
    ("!(?<=(?:ab|[ab]b){30}z!)", "ab" * 30 + "x!"),
    # each reference is compared letter by letter
    *((r"(.+)\1z", "a" * length) for length in (5_000, 15_000)),
    (r"(a+)\1$", "a" * 20_001 + "b"),
    (r"(?=(.*)\1z)q", "a" * 9_000),
    (r"(.+)(.+)\1\2z", "a" * 1_100),
    (r"(a+)(?i:(?:\1)+)z", "a" + "A" * 40),
    (r"(?i)(K+)\1+z", "k\N{KELVIN SIGN}" * 20),
    # as much as is allowed
    (r"(?i)(.+)\1z", "a" * 1_337),
    (r"(.)\1{2,}z", "a" * 14_000),
    (r"(.).*\1z", "a" * 12_600),
    (".*=", "x" * 28_000),
    (r"\s+$", " " * 28_000 + "x"),
    ("(a|a?)+b", "a" * 21 + "!"),
    ("(?:ab)*(?:ab)*c", "ab" * 250),
]
SEARCH = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
regex = importlib.import_module("core.regex")
try:
    print(regex.Regex(sys.argv[2]).is_found_in(sys.stdin.read()))
except regex.RegexError as error:
    print(error)
"""


def _search(pattern, text):
    command = [sys.executable, "-c", SEARCH, str(CORE.parent), pattern]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=20)


@pytest.fixture(scope="module")
def searches():
    """Every search of EVIL in a process of its own, so that it can be ended; side by side, as there are many."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield [pool.submit(_search, pattern, text) for pattern, text in EVIL]


@pytest.mark.parametrize("row", range(len(EVIL)), ids=[f"{row} {EVIL[row][0][:16]}" for row in range(len(EVIL))])
def test_no_pattern_blocks(searches, row):
    """Python's own search takes hours or years for most of them."""
    answer = searches[row].result()
    assert answer.stdout == "False\n" or "ways to fit this text" in answer.stdout or "too large" in answer.stdout


RANDOM_PATTERNS = """
import importlib, random, re, sys
sys.path.insert(0, sys.argv[1])
regex = importlib.import_module("core.regex")
choose = random.Random(5)
ends = ["a", "b", ".", "[ab]", "[^a]", r"\\w", r"\\b", "^", "$", ""]
repeats = ["*", "+", "?", "*?", "{2}", "{1,3}", "{2,}", "{0,20}"]

def pattern(depth):
    if depth == 0 or choose.random() < 0.1:
        return choose.choice(ends)
    part, other = pattern(depth - 1), pattern(depth - 1)
    kinds = [part + other, part + other, f"(?:{part}|{other})", f"({part})", f"(?={part})", f"(?!{part})"]
    name = f"n{choose.random()}".replace(".", "")
    kinds.append(f"(?P<{name}>{part}){other}(?:(?P={name})){choose.choice(repeats)}")
    return choose.choice([*kinds, *[f"(?:{part}){choose.choice(repeats)}"] * 3])

searched = 0
for _ in range(3000):
    tried, text = pattern(5), "".join(choose.choices("ab", k=choose.choice([5, 20, 40]))) + "!"
    try:
        found = regex.Regex(tried).is_found_in(text)
    except regex.RegexError:
        continue
    searched += 1
    assert found == (re.search(tried, text) is not None), (tried, text)
print(searched)
"""


def test_random_patterns_are_answered_as_python_answers_or_refused_but_never_block():
    command = [sys.executable, "-W", "ignore", "-c", RANDOM_PATTERNS, str(CORE.parent)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""
    assert int(answer.stdout) > 2000
