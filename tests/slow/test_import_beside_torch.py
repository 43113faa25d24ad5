"""Importing the pack where torch is loaded already; to load torch in a process of its own takes seconds."""

from __future__ import annotations

import pytest

from ..contract.test_import import probe


def test_importing_loads_nothing_that_torch_and_numpy_have_not_loaded():
    """Those two are loaded whenever ComfyUI is; what else we loaded would be paid at every start."""
    pytest.importorskip("torch")
    assert probe("numpy", "torch")["new"] == ["probed"]
