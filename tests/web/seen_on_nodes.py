"""Reads what the pack shows on the nodes of the real page: the labels below them, and the marks of what did not run."""

from __future__ import annotations

from typing import Any

from canvas import Canvas

# By title, also inside subgraphs. A label is an element in both renderers; a mark is drawn, or a style rule.
_PROBES = """
probe.label = (node) => node?.widgets?.find((widget) => widget.name === "switchyard_verdict")?.element.firstChild
probe.says = (title) => {
  const label = probe.label(probe.node(title))
  return !label || label.hidden ? null : label.querySelector(".switchyard-verdict-text").textContent
}
probe.drawn = () => {
  const { fillText } = CanvasRenderingContext2D.prototype
  const drawn = []
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) { drawn.push([text, x, y]) }
  app.canvas.draw(true, true)
  CanvasRenderingContext2D.prototype.fillText = fillText
  app.canvas.draw(true, true)
  return drawn
}
probe.mark = (node, drawn) => {
  const element = document.querySelector(`[data-node-id="${node.id}"]`)
  if (element) {
    const { content } = getComputedStyle(element, "::after")
    return content === "none" || content === "normal" ? null : JSON.parse(content)
  }
  const [x, y, , height] = node.boundingRect
  const isBelow = ([, left, top]) => Math.abs(left - x - 8) < 1 && Math.abs(top - y - height - 13) < 1
  return drawn.find(isBelow)?.[0] ?? null
}
probe.marks = () => {
  const drawn = probe.drawn()
  const marks = app.canvas.graph.nodes.map((node) => [node.title, probe.mark(node, drawn)])
  return Object.fromEntries(marks.filter(([, mark]) => mark))
}
"""


def watch(canvas: Canvas) -> None:
    """Teaches the page what the functions below ask it."""
    canvas.page.evaluate(f"() => {{ {_PROBES} }}")


def says(canvas: Canvas, title: str) -> str | None:
    """What a node's label says, or None where there is nothing to be seen."""
    return canvas.page.evaluate("(title) => probe.says(title)", title)


def wait_for_words(canvas: Canvas, title: str, words: str | None) -> None:
    """Waits until a node's label says something, or nothing.

    Raises:
        AssertionError: it says something else after ten seconds.
    """
    _wait(canvas, "([title, words]) => probe.says(title) === words", [title, words], lambda: says(canvas, title))


def marks(canvas: Canvas) -> dict[str, str]:
    """The marks on the nodes of the graph that is shown, by title."""
    return canvas.page.evaluate("() => probe.marks()")


def wait_for_marks(canvas: Canvas, expected: dict[str, str]) -> None:
    """Waits until just these nodes of the graph that is shown are marked.

    Raises:
        AssertionError: others are after ten seconds.
    """
    asked = """(expected) => {
        const found = probe.marks()
        const names = Object.keys(found)
        return names.length === Object.keys(expected).length && names.every((name) => found[name] === expected[name])
    }"""
    _wait(canvas, asked, expected, lambda: marks(canvas))


def _wait(canvas: Canvas, asked: str, expected: Any, found: Any) -> None:
    from playwright.sync_api import TimeoutError as TooLate

    try:
        canvas.page.wait_for_function(asked, arg=expected, timeout=10_000, polling=100)
    except TooLate:
        raise AssertionError(f"expected {expected!r}, found {found()!r}") from None
