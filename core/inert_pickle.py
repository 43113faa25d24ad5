"""Reads a pickle of torch that may hold anything, and runs nothing of it.

A pickle is a program: it names functions and has them called. Here its instructions are followed by a machine of our
own that knows no functions. What a pickle names stays a name, what it calls or makes becomes an inert record of it, and
only plain values, containers and the descriptions of tensors are rebuilt. So a file that needs another package's
classes (the models of ultralytics, for one) is read without that package, and a file made to do harm does none.

Whoever writes a file also decides how much work it is, so the number of instructions is bounded, a tensor is no larger
than the numbers that the file has for it, and nothing here calls itself once more for each level of what is nested.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import torch

MAX_PICKLE_BYTES = 64 << 20
MAX_INSTRUCTIONS = 4_000_000  # the largest YOLOv8 needs under 100 000

DAMAGED = "its pickle is damaged or was cut off"
_STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
# Nothing is safe because of these two: no name is ever looked up. They tell an attack from a model, for the person.
_MODULES_THAT_ACT = frozenset(
    "bdb code codeop commands ctypes ftplib http imp importlib marshal nt os pdb pickle _pickle pip pkgutil posix "
    "profile pty requests runpy shutil site smtplib socket subprocess sys timeit urllib webbrowser zipimport".split()
)
_PLAIN_BUILTINS = frozenset(
    "bool bytearray bytes complex dict float frozenset getattr int list object range set slice str tuple type".split()
)


class Name(NamedTuple):
    """What a pickle names: a class or function, which is never looked up."""

    module: str
    name: str


class Inert:
    """What a pickle would have made by calling something: what would have been called, and what it would have got."""

    __slots__ = ("args", "attributes", "entries", "items", "kind")

    def __init__(self, kind: str, args: Any = ()) -> None:
        self.kind = kind
        self.args = args
        self.attributes: dict[str, Any] = {}
        self.entries: list[Any] = []
        self.items: dict[Any, Any] = {}


class Storage(NamedTuple):
    """Where numbers lie in the file: `count` numbers of one type, under a key."""

    key: str
    dtype: torch.dtype
    count: int


class TensorPlan(NamedTuple):
    """A tensor that has not been read yet; it lies inside its storage and shows no number of it twice."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read_pickle(pickled: bytes) -> Any:
    """Follows the instructions of a pickle and gives what it describes, as plain values, Inert, Name and TensorPlan.

    Raises:
        ValueError: it is damaged, too large, or names something that acts on the computer when it is called. The text
            goes on after a file's name and "can't be used: ".
    """
    if len(pickled) > MAX_PICKLE_BYTES:
        raise ValueError(f"its pickle has {len(pickled) >> 20} MB, and no model's has over {MAX_PICKLE_BYTES >> 20}")
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
            if count >= MAX_INSTRUCTIONS:
                raise _Refused(f"its pickle has over {MAX_INSTRUCTIONS} instructions, far more than a model needs")
            if opcode.name == "STOP":
                return machine.pop()
            machine.follow(opcode.name, argument)
    except _Refused:
        raise
    except (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(DAMAGED) from error
    raise ValueError(DAMAGED)


class _Refused(ValueError):
    """Tells a refusal of ours from the ValueErrors of damaged pickles."""


class _Key:
    """Stands for a key that can't be hashed, or only by running through all of it, or is made to collide."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


_MARK = object()


class _Machine:
    """The stack and the memo of a pickle, and what each instruction does to them."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def follow(self, opcode: str, argument: Any) -> None:
        if opcode in _PUSH:
            self.stack.append(argument)
        elif opcode in _CONSTANT:
            self.stack.append(_CONSTANT[opcode]())
        else:
            action = _ACTIONS.get(opcode)
            if action is None:  # extension codes, buffers outside the file, persistent names as text
                raise _Refused(f"its pickle uses {opcode}, which torch never writes")
            action(self, argument)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark in place of a value")
        return value

    def pop_to_mark(self) -> list[Any]:
        values: list[Any] = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        values.reverse()
        return values

    def top(self) -> Any:
        if self.stack[-1] is _MARK:
            raise ValueError("a mark in place of a value")
        return self.stack[-1]

    def push_tuple(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(values)))

    def name(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("a name that is no text")
        self.stack.append(_checked_name(module, name))

    def persistent(self) -> None:
        match self.pop():
            case ("storage", Name(module="torch", name=kind), str(key), str(), int(count)) if (
                kind in _STORAGES and count >= 0 and not isinstance(count, bool)
            ):
                self.stack.append(Storage(key, _STORAGES[kind], count))
            case _:
                raise _Refused("it keeps its numbers in a way that torch does not")

    def call(self) -> None:
        args, called = self.pop(), self.pop()
        self.stack.append(_call(called, args))

    def new(self, has_keywords: bool) -> None:
        if has_keywords:
            self.pop()
        args, made = self.pop(), self.pop()
        self.stack.append(_call(made, args))

    def old_instance(self, argument: str) -> None:
        args = tuple(self.pop_to_mark())
        module, _, name = argument.partition(" ")
        self.stack.append(_call(_checked_name(module, name), args))

    def old_object(self) -> None:
        made, *args = self.pop_to_mark()
        self.stack.append(_call(made, tuple(args)))

    def build(self) -> None:
        state, made = self.pop(), self.top()
        if isinstance(made, Inert):
            for part in state if isinstance(state, tuple) else (state,):  # a tuple: the attributes, those in slots
                if isinstance(part, dict):
                    made.attributes.update((key, value) for key, value in part.items() if isinstance(key, str))

    def extend(self, values: list[Any]) -> None:
        held = self.top()
        if isinstance(held, Inert):
            held.entries.extend(values)
        elif isinstance(held, list):
            held.extend(values)
        elif isinstance(held, set):
            held.update(map(_key, values))
        else:
            raise TypeError("values for what holds none")

    def set_items(self, values: list[Any]) -> None:
        held = self.top()
        held = held.items if isinstance(held, Inert) else held
        if not isinstance(held, dict):
            raise TypeError("items for what holds none")
        held.update(_pairs(values))

    def put(self, place: int) -> None:
        self.memo[place] = self.top()


_PUSH = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES "
    "SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8".split()
)
_CONSTANT: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_SET": set,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "POP": lambda machine, _: machine.stack.__delitem__(-1),
    "POP_MARK": lambda machine, _: machine.pop_to_mark().clear(),
    "DUP": lambda machine, _: machine.stack.append(machine.top()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.push_tuple(1),
    "TUPLE2": lambda machine, _: machine.push_tuple(2),
    "TUPLE3": lambda machine, _: machine.push_tuple(3),
    "LIST": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "DICT": lambda machine, _: machine.stack.append(dict(_pairs(machine.pop_to_mark()))),
    "FROZENSET": lambda machine, _: machine.stack.append(frozenset(map(_key, machine.pop_to_mark()))),
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "ADDITEMS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "PUT": lambda machine, place: machine.put(place),
    "BINPUT": lambda machine, place: machine.put(place),
    "LONG_BINPUT": lambda machine, place: machine.put(place),
    "MEMOIZE": lambda machine, _: machine.put(len(machine.memo)),
    "GET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "GLOBAL": lambda machine, argument: machine.name(*argument.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*[machine.pop(), machine.pop()][::-1]),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.new(False),
    "NEWOBJ_EX": lambda machine, _: machine.new(True),
    "INST": lambda machine, argument: machine.old_instance(argument),
    "OBJ": lambda machine, _: machine.old_object(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.persistent(),
}


def _checked_name(module: str, name: str) -> Name:
    package = module.split(".", 1)[0]
    is_builtin = package in ("builtins", "__builtin__")
    if package in _MODULES_THAT_ACT or (is_builtin and name not in _PLAIN_BUILTINS) or module == "torch.hub":
        raise _Refused(
            f"it asks for {module}.{name} to be run, which no model needs: that is how harmful files work. Nothing of "
            "it was run; delete it"
        )
    return Name(module, name)


def _pairs(values: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(map(_key, values[::2]), values[1::2], strict=True)


def _key(value: Any) -> Any:
    """What stands for a value as a key: texts and small numbers for themselves, whose hashes can't be made to collide."""
    is_plain = value is None or isinstance(value, (str, bytes, bool, float))
    return value if is_plain or (isinstance(value, int) and abs(value) < 1 << 60) else _Key(value)


def _call(called: Any, args: Any) -> Any:
    if isinstance(called, Inert):
        return Inert(called.kind, args)
    if not isinstance(called, Name) or not isinstance(args, tuple):
        raise TypeError("a call of what is no function")
    match called, args:
        case Name("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2"), (
            Storage() as storage, offset, size, stride, *_
        ):
            return _plan(storage, offset, size, stride)
        case Name("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state"), (TensorPlan() as plan, *_):
            return plan
        case Name("torch._tensor", "_rebuild_from_type_v2"), (Name() as function, _, tuple() as inner, *_):
            return _call(function, inner)
        case Name("collections", "OrderedDict") | Name("builtins" | "__builtin__", "dict"), ():
            return {}
        case Name("collections", "OrderedDict"), (list() as pairs,):
            return {_key(key): value for key, value in pairs}
        case Name("builtins" | "__builtin__", "set"), (list() as values,):
            return set(map(_key, values))
        case Name("builtins" | "__builtin__", "frozenset"), (list() as values,):
            return frozenset(map(_key, values))
        case Name("torch", "Size"), ((tuple() | list()) as values,):
            return tuple(values)
        case _:
            return Inert(f"{called.module}.{called.name}", args)


def _plan(storage: Storage, offset: Any, size: Any, stride: Any) -> TensorPlan:
    numbers = [offset, *_numbers(size), *_numbers(stride)]
    if not all(type(number) is int and 0 <= number < 1 << 48 for number in numbers) or len(size) != len(stride):
        raise _Refused("the shape of one of its tensors makes no sense")
    plan = TensorPlan(storage, offset, tuple(size), tuple(stride))
    count = prod(plan.size)
    last = offset + sum((length - 1) * step for length, step in zip(plan.size, plan.stride, strict=True))
    if count > storage.count or (count and last >= storage.count):
        raise _Refused("one of its tensors is larger than the numbers that the file has for it")
    return plan


def _numbers(values: Any) -> tuple[Any, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > 8:
        raise _Refused("the shape of one of its tensors makes no sense")
    return tuple(values)
