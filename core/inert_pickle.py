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
from typing import Any

from .inert_records import STORAGES, Inert, Name, RefusalError, Storage, call, checked_name, key_of

MAX_PICKLE_BYTES = 64 << 20
MAX_INSTRUCTIONS = 1_000_000  # the largest YOLOv8 needs under 100 000
DAMAGED = "its pickle is damaged or was cut off"


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
                raise RefusalError(f"its pickle has over {MAX_INSTRUCTIONS} instructions, far more than a model needs")
            if opcode.name == "STOP":
                return machine.pop()
            machine.follow(opcode.name, argument)
    except RefusalError:
        raise
    except (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(DAMAGED) from error
    raise ValueError(DAMAGED)


_MARK = object()


class _Machine:
    """The stack and the memo of a pickle, and what each instruction does to them."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0

    def follow(self, opcode: str, argument: Any) -> None:
        if opcode in _PUSH:
            self.stack.append(argument)
        elif opcode in _CONSTANT:
            self.stack.append(_CONSTANT[opcode]())
        else:
            action = _ACTIONS.get(opcode)
            if action is None:  # extension codes, buffers outside the file, persistent names as text
                raise RefusalError(f"its pickle uses {opcode}, which torch never writes")
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
        self.stack.append(checked_name(module, name))

    def persistent(self) -> None:
        match self.pop():
            case ("storage", Name(module="torch", name=kind), str(key), str(), int(count)) if (
                kind in STORAGES and count >= 0 and not isinstance(count, bool)
            ):
                self.stack.append(Storage(key, STORAGES[kind], count))
            case _:
                raise RefusalError("it keeps its numbers in a way that torch does not")

    def call(self) -> None:
        args, called = self.pop(), self.pop()
        self.count_copies(args)
        self.stack.append(call(called, args))

    def count_copies(self, parts: Any) -> None:
        """Bounds what single instructions copy: a long list can be handed to a million of them."""
        held = parts if isinstance(parts, tuple) else (parts,)
        self.copied += sum(len(part) for part in held if isinstance(part, (dict, list, tuple)))
        if self.copied > MAX_INSTRUCTIONS:
            raise RefusalError("its pickle makes more and more of the same, far more than a model needs")

    def new(self, has_keywords: bool) -> None:
        if has_keywords:
            self.pop()
        args, made = self.pop(), self.pop()
        self.stack.append(call(made, args))

    def old_instance(self, argument: str) -> None:
        args = tuple(self.pop_to_mark())
        module, _, name = argument.partition(" ")
        self.stack.append(call(checked_name(module, name), args))

    def old_object(self) -> None:
        made, *args = self.pop_to_mark()
        self.stack.append(call(made, tuple(args)))

    def build(self) -> None:
        state, made = self.pop(), self.top()
        self.count_copies(state)
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
            held.update(map(key_of, values))
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
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BYTEARRAY8",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
    ]
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
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "POP": lambda machine, _: machine.stack.__delitem__(-1),
    "POP_MARK": lambda machine, _: machine.pop_to_mark().clear(),
    "DUP": lambda machine, _: machine.stack.append(machine.top()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.push_tuple(1),
    "TUPLE2": lambda machine, _: machine.push_tuple(2),
    "TUPLE3": lambda machine, _: machine.push_tuple(3),
    "LIST": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "DICT": lambda machine, _: machine.stack.append(dict(_pairs(machine.pop_to_mark()))),
    "FROZENSET": lambda machine, _: machine.stack.append(frozenset(map(key_of, machine.pop_to_mark()))),
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


def _pairs(values: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(map(key_of, values[::2]), values[1::2], strict=True)
