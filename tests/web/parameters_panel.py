"""Drives the list of parameters in the sidebar, and reads what the canvas holds and would send."""

from __future__ import annotations

from playwright.sync_api import expect

TAB = "switchyard-templates"
FOCUSED = """() => {
  const { ariaLabel, labels, textContent } = document.activeElement
  return ariaLabel ?? labels?.[0]?.textContent ?? textContent
}"""


class Parameters:
    """The list, as it is seen in its tab."""

    def __init__(self, canvas):
        self.canvas, self.page = canvas, canvas.page
        self.root = self.page.locator(".switchyard-panel:not(.switchyard-run) > section").first

    def open(self):
        if not self.root.count():
            self.page.evaluate("(tab) => app.extensionManager.sidebarTab.toggleSidebarTab(tab)", TAB)
        self.root.wait_for()
        return self

    def close(self):
        if self.root.count():
            self.page.evaluate("(tab) => app.extensionManager.sidebarTab.toggleSidebarTab(tab)", TAB)

    def field(self, label):
        return self.root.get_by_label(label, exact=True)

    def row(self, label):
        return self.root.locator(".switchyard-parameter").filter(has=self.page.get_by_text(label, exact=True))

    def shows(self, *labels):
        """Waits until these are the parameters, in this order."""
        self.page.wait_for_function(
            """(labels) => {
                const shown = [...document.querySelectorAll(".switchyard-parameter > .switchyard-heading label")]
                return shown.map((label) => label.textContent).join() === labels.join()
            }""",
            arg=labels,
        )

    def holds(self, label, value):
        """Waits until a field shows a value."""
        field = expect(self.field(label))
        if isinstance(value, bool):
            field.to_be_checked(checked=value, timeout=30_000)
        else:
            field.to_have_value(value, timeout=30_000)

    def says(self, label, words):
        problem = self.row(label).locator("> .switchyard-problem", has_text=words)
        problem.wait_for()
        return problem.inner_text()


def add(canvas, kind, name, **values):
    canvas.add(f"Switchyard{kind}Parameter", name)
    for field, value in {"name": name, **values}.items():
        canvas.set_widget(name, field, value)


def held(canvas, title, name="value"):
    return canvas.page.evaluate(
        "([title, name]) => probe.node(title).widgets.find((one) => one.name === name).value", [title, name]
    )


def sent(canvas, title, name="value"):
    return next(one["inputs"][name] for one in canvas.prompt().values() if one["_meta"]["title"] == title)


def is_sent(canvas, title, value, sender=None):
    """Waits until a node's widget has a value, and looks at what the page would send of it or of another node."""
    canvas.page.wait_for_function(
        "([title, value]) => probe.node(title).widgets.find((one) => one.name === 'value').value === value",
        arg=[title, value],
    )
    assert sent(canvas, sender or title) == value


def focused(canvas):
    return canvas.page.evaluate(FOCUSED)
