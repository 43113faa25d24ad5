"""The weights of a torch checkpoint: by name in a mapping, or inside a pickled model whose classes are not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .inert_pickle import read_pickle
from .inert_records import Inert, Storage, TensorPlan

MAX_MODULES = 50_000
MAX_DEPTH = 64
MAX_TENSOR_BYTES = 2 << 30  # of all tensors together


class Checkpoint(NamedTuple):
    """What is known of a model from its checkpoint.

    Attributes:
        weights: The tensors by name, on the CPU.
        class_names: What its classes are called, by number; empty if the file does not say.
        input_px: The side of the pictures it was trained on; 0 if the file does not say.
    """

    weights: dict[str, Tensor]
    class_names: dict[int, str]
    input_px: int


def read_checkpoint(pickled: bytes, read_storage: Callable[[str], bytes]) -> Checkpoint:
    """Reads the weights of a checkpoint: by name in a mapping, or as a pickled model.

    Args:
        pickled: the pickle of the checkpoint.
        read_storage: gives the bytes of a storage by its key; raises KeyError if there is none.

    Raises:
        ValueError: it is damaged, too large, or holds no weights, or names something that acts on the computer when it
            is called. The text goes on after a file's name and "can't be used: ".
    """
    root = read_pickle(pickled)
    model = _model_in(root)
    plans = dict(_tensors_of(model))
    if not plans:
        raise ValueError("there are no weights in it")
    return Checkpoint(_read_tensors(plans, read_storage), _class_names(root, model), _input_px(root, model))


def _read_tensors(plans: Mapping[str, TensorPlan], read_storage: Callable[[str], bytes]) -> dict[str, Tensor]:
    # What a tensor shows of its storage and what is read for it both count: either can be made large alone.
    storages = {plan.storage for plan in plans.values()}
    shown = sum(prod(plan.size) * plan.storage.dtype.itemsize for plan in plans.values())
    read = sum(storage.length * storage.dtype.itemsize for storage in storages)
    if max(shown, read) > MAX_TENSOR_BYTES:
        size = max(shown, read) >> 20
        raise ValueError(f"its weights have {size} MB, and no detector's have over {MAX_TENSOR_BYTES >> 20}")
    tensors: dict[str, Tensor] = {}
    numbers = bytearray()
    last = None
    for name, plan in sorted(plans.items(), key=lambda item: item[1].storage.key):
        if prod(plan.size) and plan.storage != last:
            numbers, last = _read_storage(plan.storage, read_storage), plan.storage
        tensors[name] = _tensor(plan, numbers)
    return {name: tensors[name] for name in plans}


def _read_storage(storage: Storage, read_storage: Callable[[str], bytes]) -> bytearray:
    try:
        numbers = bytearray(read_storage(storage.key))  # a copy that can be written to, as torch wants it
    except KeyError as error:
        raise ValueError("numbers that it names are not in the file: it was cut off or put together wrongly") from error
    if len(numbers) != storage.length * storage.dtype.itemsize:
        raise ValueError("it has not as many numbers as it says: it was cut off or put together wrongly")
    return numbers


def _tensor(plan: TensorPlan, numbers: bytearray) -> Tensor:
    dtype = plan.storage.dtype
    if not prod(plan.size):
        return torch.empty(plan.size, dtype=dtype)
    is_bool = dtype == torch.bool  # of which torch reads no bytes other than 0 and 1
    whole = torch.frombuffer(numbers, dtype=torch.uint8 if is_bool else dtype)
    whole = whole.ne(0) if is_bool else whole
    return whole.as_strided(plan.size, plan.stride, plan.offset).clone(memory_format=torch.contiguous_format)


def _model_in(root: Any) -> Any:
    """What holds the weights: the averaged model if there is one, as those who made the files use it."""
    for _ in range(MAX_DEPTH):
        if not isinstance(root, dict):
            break
        inner = next(
            (root[key] for key in ("ema", "model", "state_dict") if isinstance(root.get(key), (dict, Inert))), None
        )
        if inner is None:
            break
        root = inner
    return root


def _tensors_of(model: Any) -> Iterator[tuple[str, TensorPlan]]:
    """The tensors of a mapping, or of a module and those inside it, as state_dict() would name them."""
    if isinstance(model, dict):
        yield from _named(model)
        return
    waiting, count = [("", model, 0)], 0
    while waiting:
        prefix, module, depth = waiting.pop()
        count += 1
        if count > MAX_MODULES or depth > MAX_DEPTH:
            raise ValueError("its modules are nested without end")
        if isinstance(module, Inert):
            for part in ("_parameters", "_buffers"):
                yield from ((prefix + name, plan) for name, plan in _named(module.attributes.get(part)))
            inner = module.attributes.get("_modules")
            for name, child in inner.items() if isinstance(inner, dict) else ():
                if isinstance(name, str):
                    waiting.append((f"{prefix}{name}.", child, depth + 1))


def _named(tensors: Any) -> Iterator[tuple[str, TensorPlan]]:
    for name, plan in tensors.items() if isinstance(tensors, dict) else ():
        if isinstance(name, str) and isinstance(plan, TensorPlan):
            yield name, plan


def _class_names(root: Any, model: Any) -> dict[int, str]:
    for holder in (model, root):
        attributes = holder.attributes if isinstance(holder, Inert) else holder
        names = attributes.get("names") if isinstance(attributes, dict) else None
        if isinstance(names, list):
            names = dict(enumerate(names))
        if isinstance(names, dict) and names:
            pairs = ((key, value) for key, value in names.items() if type(key) is int and isinstance(value, str))
            return {key: value[:100] for key, value in pairs}
    return {}


def _input_px(root: Any, model: Any) -> int:
    for settings in (root, getattr(model, "attributes", None)):
        for name in ("train_args", "args"):
            args = settings.get(name) if isinstance(settings, dict) else None
            args = args.attributes if isinstance(args, Inert) else args
            side = args.get("imgsz") if isinstance(args, dict) else None
            if type(side) is int and 32 <= side <= 4096:
                return side
    return 0
