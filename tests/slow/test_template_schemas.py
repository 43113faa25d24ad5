"""Our verdict on templates and on values for them is that of jsonschema: all that tests/client has a part of."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from ..client.test_template_format import JSON, PLACES, REPLACEMENTS, check_anything, count_refused
from ..client.test_template_values import OVERRIDES, check_schema, check_verdict, templates


def test_our_validator_agrees_with_jsonschema_whatever_is_replaced():
    assert count_refused(itertools.product(PLACES, REPLACEMENTS)) > 300


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_our_validator_agrees_with_jsonschema_on_anything(path, value):
    check_anything(path, value)


@settings(max_examples=800, deadline=None)
@given(templates(), OVERRIDES)
def test_our_verdict_is_that_of_jsonschema(held, overrides):
    check_verdict(held, overrides)


@settings(max_examples=150, deadline=None)
@given(templates())
def test_each_schema_is_a_valid_one_that_json_can_hold(held):
    check_schema(held)
