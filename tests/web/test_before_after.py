"""Two pictures with a line between them on the nodes of the real page: shown, moved by hand and keys, brought back."""

from __future__ import annotations

import uuid

import pytest

from engine.layout import DEMO_CHECKPOINT

# The slider of a node, by title, also inside subgraphs; whether its pictures are there.
PROBES = """
probe.slider = (title) =>
  probe.node(title)?.widgets?.find(({ name }) => name === "switchyard_before_after")?.element
probe.pictures = (title) => {
  const root = probe.slider(title)
  if (!root || root.hidden || root.querySelector(".switchyard-frame").hidden) return null
  const size = ({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight]
  const sizes = [...root.querySelectorAll("img")].map(size)
  return sizes.every(([width]) => width > 0) ? sizes : null
}
"""


def watch(canvas):
    canvas.page.evaluate(f"() => {{ {PROBES} }}")


@pytest.fixture(scope="module")
def opened_once(open_page):
    canvas = open_page("newer", "nodes 2.0")
    yield canvas
    canvas.page.close()


@pytest.fixture
def one(opened_once):
    """An empty canvas in one form of the page."""
    opened_once.complaints.clear()
    opened_once.start_over()
    load_empty(opened_once)
    yield opened_once
    assert opened_once.complaints == []


def load_empty(canvas):
    """Loads a workflow whose last run nobody has seen."""
    empty = {"version": 0.4, "nodes": [], "links": [], "groups": [], "last_node_id": 0, "last_link_id": 0}
    canvas.load({**empty, "id": str(uuid.uuid4())})
    watch(canvas)
    canvas.page.evaluate("() => { app.canvas.ds.scale = 1; app.canvas.ds.offset = [100, 60] }")


def picture(canvas, title, width, height, color, count=1):
    canvas.add("EmptyImage", title)
    for name, value in (("width", width), ("height", height), ("color", color), ("batch_size", count)):
        canvas.set_widget(title, name, value)


def compared(canvas, count=1):
    """Two pictures of two sizes, the second one never seen before, and what compares them."""
    picture(canvas, "before", 32, 16, 0xFF0000)
    picture(canvas, "after", 64, 32, uuid.uuid4().int % 0x1000000, count)
    canvas.add("SwitchyardBeforeAndAfter", "viewer")
    canvas.plug("before", "viewer", "before")
    canvas.plug("after", "viewer", "after")


def runs(canvas):
    end = canvas.run()
    assert end["type"] == "execution_success", end


def wait_for_pictures(canvas, title, count=None):
    canvas.page.wait_for_function("(title) => probe.pictures(title)", arg=title, timeout=20_000)
    return canvas.page.evaluate("(title) => probe.pictures(title)", title)


def inside(canvas, title):
    """The elements of a node's slider: the frame of the pictures, and the line."""
    root = canvas.page.evaluate_handle("(title) => probe.slider(title)", title).as_element()
    return root.query_selector(".switchyard-stage"), root.query_selector("[role=slider]")


def moments(canvas):
    """What must not move with the line."""
    return canvas.page.evaluate("() => [[...probe.node('viewer').pos], app.canvas.ds.scale, [...app.canvas.ds.offset]]")


def test_the_line_is_dragged_and_moved_by_keys_and_nothing_of_it_is_saved(canvas):
    load_empty(canvas)
    compared(canvas)
    sent, before_run = canvas.prompt(), canvas.serialized()
    assert "Run the graph" in canvas.page.evaluate("() => probe.slider('viewer').textContent")
    runs(canvas)
    assert wait_for_pictures(canvas, "viewer") == [[64, 32], [32, 16]]
    canvas.stand_still()
    stage, line = inside(canvas, "viewer")
    box = stage.bounding_box()
    assert box["width"] / box["height"] == pytest.approx(2, abs=0.1)
    before = moments(canvas)
    mouse = canvas.page.mouse
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 40, steps=3)
    mouse.up()
    assert line.get_attribute("aria-valuenow") == "80"
    for key, value in (("ArrowLeft", 78), ("Shift+ArrowLeft", 68), ("Home", 0), ("ArrowRight", 2), ("End", 100)):
        canvas.page.keyboard.press(key)
        assert line.get_attribute("aria-valuenow") == str(value), key
    assert line.get_attribute("aria-valuetext") == "100 % before"
    assert moments(canvas) == before
    assert canvas.prompt() == sent
    (node,) = [node for node in canvas.serialized()["nodes"] if node["title"] == "viewer"]
    (was,) = [node for node in before_run["nodes"] if node["title"] == "viewer"]
    assert {**node, "size": 0, "pos": 0, "order": 0} == {**was, "size": 0, "pos": 0, "order": 0}
    assert not node.get("widgets_values")


def test_wheel_and_middle_button_zoom_and_pan_over_the_pictures(canvas):
    load_empty(canvas)
    compared(canvas)
    runs(canvas)
    wait_for_pictures(canvas, "viewer")
    canvas.stand_still()
    box = inside(canvas, "viewer")[0].bounding_box()
    mouse = canvas.page.mouse
    mouse.move(box["x"] + 60, box["y"] + 40)
    mouse.down(button="middle")
    mouse.move(box["x"] + 100, box["y"] + 60, steps=4)
    mouse.up(button="middle")
    assert canvas.page.evaluate("() => app.canvas.ds.offset.map(Math.round)") == [140, 80]
    mouse.wheel(0, -100)
    canvas.page.wait_for_function("() => app.canvas.ds.scale > 1")


def test_a_batch_is_paged_through_with_buttons(one):
    compared(one, count=3)
    runs(one)
    wait_for_pictures(one, "viewer")
    root = one.page.locator(".switchyard-before-after")
    previous, further = (root.get_by_role("button", name=f"{name} pair") for name in ("Previous", "Next"))
    assert previous.is_disabled()
    further.focus()
    for place in ("2 of 3", "3 of 3"):
        one.page.keyboard.press("Enter")
        root.get_by_text(place).wait_for()
    assert further.is_disabled()
    assert one.page.evaluate("() => document.activeElement.ariaLabel") == "Previous pair"


def test_pictures_come_back_in_a_page_that_is_opened_anew_and_for_cached_nodes(one, open_page):
    compared(one)
    runs(one)
    wait_for_pictures(one, "viewer")
    workflow = one.serialized()
    again = open_page("newer", "nodes 2.0")
    try:
        again.load(workflow)
        watch(again)
        assert wait_for_pictures(again, "viewer") == [[64, 32], [32, 16]]
        load_empty(again)
        again.load({**workflow, "id": str(uuid.uuid4())})
        assert again.page.evaluate("() => probe.pictures('viewer')") is None
        runs(again)
        assert wait_for_pictures(again, "viewer") == [[64, 32], [32, 16]]
    finally:
        again.page.close()


def test_inside_a_subgraph_they_are_shown_too(one):
    compared(one)
    one.into_subgraph("before", "after", "viewer")
    runs(one)
    one.page.evaluate("() => app.canvas.setGraph(probe.node('subgraph').subgraph)")
    assert wait_for_pictures(one, "viewer") == [[64, 32], [32, 16]]
    one.page.evaluate("() => app.canvas.setGraph(app.rootGraph)")


def test_pictures_that_are_gone_say_so(one):
    compared(one)
    one.page.route("**/view?*", lambda route: route.fulfill(status=404))
    try:
        runs(one)
        one.page.get_by_text("The pictures are not there any more").wait_for()
    finally:
        one.page.unroute("**/view?*")


def test_face_detailer_shows_its_pictures_below_its_widgets(canvas):
    load_empty(canvas)
    canvas.add("LoadImage", "photograph")
    canvas.set_widget("photograph", "image", "astronaut.png")
    canvas.add("CheckpointLoaderSimple", "checkpoint")
    canvas.set_widget("checkpoint", "ckpt_name", DEMO_CHECKPOINT)
    canvas.add("CLIPTextEncode", "prompt")
    canvas.plug("checkpoint", "prompt", "clip", output=1)
    canvas.add("SwitchyardFaceDetailer", "detailer")
    for output, name in enumerate(("model", "clip", "vae")):
        canvas.plug("checkpoint", "detailer", name, output=output)
    for name in ("positive", "negative"):
        canvas.plug("prompt", "detailer", name)
    canvas.plug("photograph", "detailer", "image")
    few = {"steps": 1, "guide_size": 64, "max_size": 128, "keep_if_worse": False, "control_after_generate": "fixed"}
    for name, value in few.items():
        canvas.set_widget("detailer", name, value)
    canvas.add("PreviewImage", "preview")
    canvas.plug("detailer", "preview", "images")
    assert canvas.page.evaluate("() => probe.slider('detailer').hidden")
    values, height = saved(canvas, "detailer")
    runs(canvas)
    assert wait_for_pictures(canvas, "detailer") == [[512, 512], [512, 512]]
    values_now, height_now = saved(canvas, "detailer")
    assert values_now[: len(values)] == values  # older pages keep a text of their own behind them
    assert height_now > height + 250
    canvas.reload_workflow()
    assert saved(canvas, "detailer")[0] == values


def saved(canvas, title):
    """What a node saves: the values of its widgets, and its height."""
    (node,) = [node for node in canvas.serialized()["nodes"] if node["title"] == title]
    return node["widgets_values"], node["size"][1]
