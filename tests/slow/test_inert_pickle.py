"""Pickles: what torch writes is understood, what others write is not run, and nothing but ValueError comes out."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import pickletools
import subprocess
import time
import zipfile
from collections import OrderedDict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from switchyard_pack.core.inert_pickle import MAX_INSTRUCTIONS, read_pickle
from switchyard_pack.core.inert_records import Inert, Name, TensorPlan
from torch import nn


def pickle_of(value):
    """The pickle that torch.save puts into its archive."""
    file = io.BytesIO()
    torch.save(value, file)
    with zipfile.ZipFile(file) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


class Calls:
    """Pickles as a call of whatever it is given."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args, state) if state is not None else (function, args)

    def __reduce__(self):
        return self.reduced


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "exploded"


def _attacks(mark):
    """What would make a folder, or call what does, if it were unpickled."""
    path = str(mark)
    return {
        "a function of os": Calls(os.mkdir, path),
        "a shell": Calls(os.system, f"mkdir {path}"),
        "a process": Calls(subprocess.Popen, ["mkdir", path]),
        "eval": Calls(eval, f"__import__('os').mkdir({path!r})"),
        "exec": Calls(exec, f"import os; os.mkdir({path!r})"),
        "an import": Calls(__import__, "os"),
        "compile": Calls(compile, "1", "", "eval"),
        "open": Calls(open, path, "w"),
        "breakpoint": Calls(breakpoint),
        "an attack inside a model": {"model": nn.Linear(1, 1), "date": Calls(os.mkdir, path)},
        "an attack as a key": {("a", Calls(os.mkdir, path)): 1},
        "an attack in a state": Calls(dict, state={"a": Calls(os.mkdir, path)}),
    }


@pytest.mark.parametrize("kind", list(_attacks("")))
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_attack_is_told_by_its_name_and_not_run(mark, kind, protocol):
    pickled = pickle.dumps(_attacks(mark)[kind], protocol)
    with pytest.raises(ValueError, match=r"^it asks for \S+ to be run, .* Nothing of it was run; delete it$"):
        read_pickle(pickled)
    assert not mark.exists()


HAND_WRITTEN = {
    "getattr of a module": b"c__builtin__\ngetattr\n(cos\nmkdir\nVmkdir\ntR.",
    "a name with dots": b"\x80\x04\x8c\x05torch\x8c\x11hub.load.__call__\x93.",
    "an old instance": b"(S'mkdir exploded'\nios\nsystem\n.",
    "an old object": b"(cos\nsystem\nS'mkdir exploded'\no.",
    "an object of os": b"cos\nsystem\n)\x81.",
    "an extension code": b"\x82\x01.",
    "a wide extension code": b"\x84\x01\x00\x00\x00.",
    "a persistent name as text": b"Pstorage\n.",
    "a persistent name that is a text": b"X\x03\x00\x00\x00abcQ.",
    "a persistent name of the wrong form": b"(X\x07\x00\x00\x00storageK\x01K\x02K\x03K\x04tQ.",
    "a storage of no type": b"(X\x07\x00\x00\x00storagectorch\nload\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ.",
    "a buffer outside the file": b"\x80\x05\x97.",
    "a call of a text": b"X\x02\x00\x00\x00os)R.",
    "a call of a call": b"ctorch\nload\n)R(X\x02\x00\x00\x00ostR.",
    "a state for a name": b"ctorch\nload\n}b",
    "nothing": b"",
    "only an end": b".",
    "an end on a mark": b"(.",
    "a name from the memo that is not there": b"h\x05.",
    "a list as a key": b"}]Nsu.",
    "an odd number of items": b"}(Nu.",
}


@pytest.mark.parametrize("kind", list(HAND_WRITTEN))
def test_a_pickle_written_by_hand_does_nothing(monkeypatch, tmp_path, kind):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(copyreg._inverted_registry, 1, ("os", "getcwd"))
    monkeypatch.setitem(copyreg._extension_cache, 1, os.abort)  # what pickle would take without asking anybody
    found, problem = _outcome(HAND_WRITTEN[kind])
    assert problem or isinstance(found, (Inert, Name, dict))
    assert not list(tmp_path.iterdir())


def test_functions_that_models_name_are_not_called_either(mark):
    found = read_pickle(pickle.dumps([Calls(getattr, "text", "upper"), Calls(copyreg._reconstructor, dict, dict, {})]))
    assert [record.kind.split(".")[-1] for record in found] == ["getattr", "_reconstructor"]
    assert found[0].args == ("text", "upper")


class Loud(list):
    """Would be heard if anything were done with it."""

    def __setstate__(self, state):
        raise AssertionError

    def append(self, value):
        raise AssertionError

    def extend(self, values):
        raise AssertionError

    def __reduce_ex__(self, protocol):
        return Loud, (), {"a": 1}, iter([5]), iter([("key", 6)])


def test_classes_are_not_looked_up():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        found = read_pickle(pickle.dumps(Loud(), protocol))
        assert found.kind.endswith("test_inert_pickle.Loud")
        assert (found.attributes, found.entries, found.items) == ({"a": 1}, [5], {"key": 6})


PLAIN = {
    "none": [None, True, False],
    "numbers": (0, 1, -1, 255, 70000, 1 << 40, -(1 << 70), 1.5, float("inf")),
    "texts": ["", "ä", "a" * 300, b"", b"\x00" * 300],
    "nested": {"a": [{"b": (1, (2, [3]))}], 7: {"c"}, None: frozenset([1, 2])},
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "ordered": OrderedDict([("x", 1), ("y", [2])]),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_come_back(protocol):
    pickled = pickle.dumps(PLAIN, protocol)
    if protocol in (0, 1, 2):  # bytes are a call of _codecs.encode there, and stay a record of it
        pickled = pickle.dumps({**PLAIN, "texts": ["", "ä"]}, protocol)
        assert read_pickle(pickled) == {**PLAIN, "texts": ["", "ä"]}
    else:
        assert read_pickle(pickled) == PLAIN


def test_keys_that_would_be_slow_to_compare_are_kept_apart():
    found = read_pickle(pickle.dumps({1 << 61: 1, (1, 2): 2, "plain": 3}))
    assert found["plain"] == 3
    assert len(found) == 3


def test_tensors_are_described():
    tensor = torch.arange(12, dtype=torch.float16).reshape(3, 4)
    found = read_pickle(pickle_of({"a": tensor, "b": tensor[1:, ::2], "c": nn.Parameter(tensor), "d": tensor[0, 3]}))
    plans = [(plan.offset, plan.size, plan.stride) for plan in found.values()]
    assert plans == [(0, (3, 4), (4, 1)), (4, (2, 2), (4, 2)), (0, (3, 4), (4, 1)), (3, (), ())]
    assert {(plan.storage.dtype, plan.storage.length) for plan in found.values()} == {(torch.float16, 12)}


def _tensor_pickle(offset, size, stride, count=12, kind="FloatStorage"):
    """A tensor as torch pickles it, with any numbers in it."""

    class Storage:
        pass

    storage = Storage()

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", getattr(torch, kind), "0", "cpu", count) if value is storage else None

    file = io.BytesIO()
    Pickler(file, 2).dump(Calls(torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, OrderedDict()))
    return file.getvalue()


def test_a_tensor_may_fill_its_storage():
    assert read_pickle(_tensor_pickle(4, (2, 4), (4, 1))).size == (2, 4)
    assert read_pickle(_tensor_pickle(0, (0, 5), (5, 1), count=0)).size == (0, 5)
    assert isinstance(read_pickle(_tensor_pickle(12, (0,), (1,))), TensorPlan)


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (5, (2, 4), (4, 1)),
        (0, (13,), (1,)),
        (12, (), ()),
        (-1, (2,), (1,)),
        (0, (-2,), (1,)),
        (0, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0, (1 << 40,), (0,)),
        (0, (13,), (0,)),
        (0, (1 << 100,), (1,)),
        (1 << 100, (1,), (1,)),
        (0, (2,), (1 << 62,)),
        (0, (1,) * 9, (1,) * 9),
        (0, 5, 5),
        (None, (1,), (1,)),
        (0, (True,), (1,)),
        (0, (1.5,), (1,)),
        (0, ("2",), (1,)),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(offset, size, stride):
    with pytest.raises(ValueError, match="one of its tensors"):
        read_pickle(_tensor_pickle(offset, size, stride))


BOMBS = {
    "instructions": b"N0" * (MAX_INSTRUCTIONS // 2 + 1) + b"N.",
    "a list for a million sets": b"]("
    + b"K\x01" * 50_000
    + b"eq\x00"
    + b"c__builtin__\nset\nh\x00\x85R0" * 30_000
    + b"N.",
    "a state for a million objects": b"}("
    + b"".join(b"K\x01N" for _ in range(50_000))
    + b"uq\x000ca\nb\n)\x81"
    + b"h\x00b" * 50_000
    + b".",
    "a far place in the memo": b"Nr\xff\xff\xff\xff.",
    "a long text that is not there": b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "a long number that is not there": b"\x8b\xff\xff\xff\x7f.",
    "a number of many digits": b"L" + b"9" * 1_000_000 + b"L\n.",
    "deep nesting": b"]" * 60_000 + b"a" * 59_999 + b".",
    "deep tuples": b")" + b"\x85" * 100_000 + b".",
    "deep tuples as a key": b"})" + b"\x85" * 100_000 + b"Ns.",
    "deep rebuilding": b"".join(b"ctorch._tensor\n_rebuild_from_type_v2\n" for _ in range(2000))
    + b"N"
    + b"\x85R" * 2000
    + b".",
    "a list in itself": b"]q\x00h\x00a.",
}


@pytest.mark.parametrize("kind", list(BOMBS))
def test_work_is_bounded(kind):
    start = time.process_time()
    _, problem = _outcome(BOMBS[kind])
    assert problem is None or problem.startswith("its pickle")
    assert time.process_time() - start < 10


GENUINE = pickle_of({"model": nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), "names": {0: "face"}, "set": {1}})


def test_a_pickle_that_was_cut_off_is_told_at_any_length():
    for length in range(len(GENUINE)):
        with pytest.raises(ValueError, match=r"^its pickle is damaged or was cut off$"):
            read_pickle(GENUINE[:length])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_give_a_value_or_a_value_error(content):
    _outcome(content)


_CODES = sorted({opcode.code.encode("latin-1") for opcode in pickletools.opcodes})


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(_CODES) | st.binary(max_size=3) | st.just(b"ctorch\nFloatStorage\n"), max_size=40))
def test_random_instructions_give_a_value_or_a_value_error(parts):
    _outcome(b"".join(parts) + b".")


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GENUINE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_pickle_gives_a_value_or_a_value_error(changes):
    content = bytearray(GENUINE)
    for place, byte in changes:
        content[place] = byte
    _outcome(bytes(content))


def _outcome(content):
    """What is read, or else why it is not."""
    try:
        return read_pickle(content), None
    except ValueError as error:
        return None, str(error)
