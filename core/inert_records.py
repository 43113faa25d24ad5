"""What a pickle describes, as records that nothing can be done with, and the few things that are rebuilt from it."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import torch

STORAGES = {
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
    [
        "bdb",
        "code",
        "codeop",
        "commands",
        "ctypes",
        "ftplib",
        "http",
        "imp",
        "importlib",
        "marshal",
        "nt",
        "os",
        "pdb",
        "pickle",
        "_pickle",
        "pip",
        "pkgutil",
        "posix",
        "profile",
        "pty",
        "requests",
        "runpy",
        "shutil",
        "site",
        "smtplib",
        "socket",
        "subprocess",
        "sys",
        "timeit",
        "urllib",
        "webbrowser",
        "zipimport",
    ]
)
_PLAIN_BUILTINS = frozenset(
    [
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "getattr",
        "int",
        "list",
        "object",
        "range",
        "set",
        "slice",
        "str",
        "tuple",
        "type",
    ]
)


class RefusalError(ValueError):
    """Tells a refusal of ours from the ValueErrors of damaged pickles."""


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
    """Where numbers lie in the file: `length` numbers of one type, under a key."""

    key: str
    dtype: torch.dtype
    length: int


class TensorPlan(NamedTuple):
    """A tensor that has not been read yet; it lies inside its storage and shows no number of it twice."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Key:
    """Stands for a key that can't be hashed, or only by running through all of it, or is made to collide."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def checked_name(module: str, name: str) -> Name:
    """A name as a record; RefusalError where it can only be there to do harm."""
    package = module.split(".", 1)[0]
    is_open = (package, name) in (("io", "open"), ("_io", "open"))
    is_builtin = package in ("builtins", "__builtin__")
    if package in _MODULES_THAT_ACT or is_open or (is_builtin and name not in _PLAIN_BUILTINS):
        shown = "".join(letter for letter in f"{module}.{name}"[:100] if letter.isprintable())
        raise RefusalError(
            f"it asks for {shown} to be run, which no model needs: that is how harmful files work. Nothing of "
            "it was run; delete it"
        )
    return Name(module, name)


def key_of(value: Any) -> Any:
    """What stands for a value as a key: itself if it is a text or a small number; those can't be made to collide."""
    is_plain = value is None or isinstance(value, (str, bytes, bool, float))
    return value if is_plain or (isinstance(value, int) and abs(value) < 1 << 60) else _Key(value)


def call(called: Any, args: Any) -> Any:
    """What a call would have given: a container or a tensor's description rebuilt here, or else a record of the call.

    Raises:
        TypeError, ValueError: a call that makes no sense.
        RefusalError: a tensor that is not inside its storage.
    """
    if isinstance(called, Inert):
        return Inert(called.kind, args)
    if not isinstance(called, Name) or not isinstance(args, tuple):
        raise TypeError("a call of what is no function")
    match called, args:
        case Name("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2"), (
            Storage() as storage,
            offset,
            size,
            stride,
            *_,
        ):
            return _plan(storage, offset, size, stride)
        case Name("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state"), (TensorPlan() as plan, *_):
            return plan
        case Name("torch._tensor", "_rebuild_from_type_v2"), (Name("torch._utils") as rebuild, _, tuple() as inner, *_):
            return call(rebuild, inner)
        case Name("collections", "OrderedDict") | Name("builtins" | "__builtin__", "dict"), ():
            return {}
        case Name("collections", "OrderedDict"), (list() as pairs,):
            return {key_of(key): value for key, value in pairs}
        case Name("builtins" | "__builtin__", "set"), (list() as values,):
            return set(map(key_of, values))
        case Name("builtins" | "__builtin__", "frozenset"), (list() as values,):
            return frozenset(map(key_of, values))
        case Name("torch", "Size"), ((tuple() | list()) as values,):
            return tuple(values)
        case _:
            return Inert(f"{called.module}.{called.name}", args)


def _plan(storage: Storage, offset: Any, size: Any, stride: Any) -> TensorPlan:
    numbers = [offset, *_numbers(size), *_numbers(stride)]
    if not all(type(number) is int and 0 <= number < 1 << 48 for number in numbers) or len(size) != len(stride):
        raise RefusalError("the shape of one of its tensors makes no sense")
    plan = TensorPlan(storage, offset, tuple(size), tuple(stride))
    count = prod(plan.size)
    last = offset + sum((length - 1) * step for length, step in zip(plan.size, plan.stride, strict=True))
    if count > storage.length or (count and last >= storage.length):
        raise RefusalError("one of its tensors is larger than the numbers that the file has for it")
    return plan


def _numbers(values: Any) -> tuple[Any, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > 8:
        raise RefusalError("the shape of one of its tensors makes no sense")
    return tuple(values)
