"""Whatever a link of any type carries into any input: an answer, or an error in words of our own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from switchyard_pack.core.compare import COMPARISONS, CompareError
from switchyard_pack.core.quality_score import PRESETS
from switchyard_pack.core.scorer_report import AGGREGATES
from switchyard_pack.core.select import CaseError
from switchyard_pack.nodes.compare import Compare
from switchyard_pack.nodes.quality_score import QualityScore
from switchyard_pack.nodes.select import Select

SETTINGS = settings(
    deadline=None, max_examples=200, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
IMAGE = torch.rand(1, 8, 8, 3, generator=torch.Generator().manual_seed(1))
anything = st.sampled_from(
    [
        *(None, True, 5, -1, 0.5, 10**400, float("nan"), float("inf"), 1j),
        *("", "0.8", "cat", "min", "photo", "(", "\ud800", b"cat"),
        *([], ["min"], [0.5], (1, 2), {}, {"samples": IMAGE}, {1}, object(), len),
        *(np.float32(0.8), np.bool_(True), np.array([0.2, 0.8]), np.array(["cat"]), np.array([None]), np.ma.masked),
        *(torch.tensor(0.8), torch.tensor([0.5]), torch.zeros(0), IMAGE, IMAGE.half(), IMAGE > 0.5),
        *(IMAGE.to_sparse(), IMAGE.to("meta"), IMAGE.to(torch.complex64), IMAGE.to(torch.float8_e4m3fn)),
    ]
)


def _mostly(*usual):
    return st.one_of(st.sampled_from(usual), anything)


@SETTINGS
@given(anything, _mostly(*COMPARISONS), st.dictionaries(st.sampled_from(["b", "b_value"]), anything), anything)
def test_compare_answers_or_names_what_it_got(a, comparison, inputs, tolerance):
    inputs["relative_tolerance"] = tolerance
    try:
        returned = Compare().execute(a, comparison, **inputs)
    except CompareError as error:
        assert str(error)  # noqa: PT017
        return
    assert [type(output) for output in returned["result"]] == [bool, str]
    json.dumps(returned["ui"], allow_nan=False)


@SETTINGS
@given(anything, _mostly("", "cat\ndog", ">= 0.8\n0.2..0.8"), anything)
def test_select_chooses_or_names_what_it_got(value, cases, if_missing):
    inputs = {f"input_{index}": None for index in range(9)}
    for ask in (Select().check_lazy_status, Select().execute):
        try:
            returned = ask(value, cases, **inputs, default=None, if_missing=if_missing)
        except CaseError as error:
            assert str(error)  # noqa: PT017
            return
        except ValueError as error:
            assert "nothing is plugged in" in str(error)  # noqa: PT017
            return
        json.dumps(returned if isinstance(returned, list) else returned["ui"], allow_nan=False)


@SETTINGS
@given(_mostly(IMAGE), _mostly(0.8), _mostly(*AGGREGATES), _mostly(*PRESETS))
def test_quality_score_scores_or_names_what_it_got(image, threshold, aggregate, preset):
    try:
        returned = QualityScore().execute(image, threshold, aggregate, preset)
    except ValueError as error:
        ours = ("Quality Score needs", "There is no", "The threshold")
        assert str(error).startswith(ours)  # noqa: PT017
        return
    assert [type(output) for output in returned["result"][:4]] == [float, bool, list, str]
    json.dumps(returned["ui"], allow_nan=False)


@pytest.mark.parametrize("cases", [None, 5, ["cat"]])
def test_cases_that_a_link_brings_are_named_before_anything_runs(cases):
    """A linked input is not validated: the engine hands over None for it."""
    with pytest.raises(CaseError, match="must be text"):
        Select().check_lazy_status("cat", cases, input_0=None)
    with pytest.raises(CaseError, match="must be text"):
        Select().execute("cat", cases, input_0=1)
