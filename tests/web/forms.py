"""The forms of the page that tests run in: two versions of it, each with the classic canvas and with Nodes 2.0.

What is drawn, clicked or typed is tested in all four, and so are the examples and blueprints that we ship. What the
page sends and saves, and the types of links, are worked out from the graph, in which the renderer has no part: there
each version and each renderer once are enough.
"""

from __future__ import annotations

import pytest

FORMS = [(page, renderer) for page in ("stock", "newer") for renderer in ("classic", "nodes 2.0")]
IDS = [f"{page}-{renderer}" for page, renderer in FORMS]


def _in(*forms: str) -> pytest.MarkDecorator:
    chosen = [FORMS[IDS.index(form)] for form in forms]
    return pytest.mark.parametrize("opened", chosen, ids=forms, indirect=True)


EACH_ONCE = _in("stock-classic", "newer-nodes 2.0")
ONE_FORM = _in("newer-nodes 2.0")
