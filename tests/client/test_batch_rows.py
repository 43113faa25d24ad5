"""The rows of a batch: from files, lists, grids and seeds; and the jobs they become."""

from __future__ import annotations

import re
import sys

import pytest
from client_graphs import text_to_image
from switchyard.batch import sweep
from switchyard.batch.jobs import graph_of, plan, prompt_id
from switchyard.batch.manifest import local_names
from switchyard.errors import TemplateError
from switchyard.template import Template

RUN = "6f6a9f64-5a4e-4d54-9d4b-6a5b5b7a1c11"


@pytest.fixture
def template():
    return Template.from_workflow(text_to_image(), name="barn")


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_prompts_of_a_file(template, tmp_path):
    path = write(tmp_path, "prompts.txt", "\ufeffa red barn\r\n\r\n# not this\nкот, 猫\n")
    assert sweep(template, prompts=path) == [{"prompt": "a red barn"}, {"prompt": "кот, 猫"}]


def test_a_table_is_typed_by_the_template_and_empty_cells_are_defaults(template, tmp_path):
    path = write(tmp_path, "rows.csv", 'prompt,steps,cfg\n"a, b",12,6.5\nc,,7\n\n')
    assert sweep(template, table=path) == [{"prompt": "a, b", "steps": 12, "cfg": 6.5}, {"prompt": "c", "cfg": 7}]
    path = write(tmp_path, "excel.csv", "prompt;steps\na, b;3\n")
    assert sweep(template, table=path) == [{"prompt": "a, b", "steps": 3}]


def test_json_lines_and_lists(template, tmp_path):
    row = '{"prompt": "a", "steps": 3}'
    assert (
        sweep(template, table=write(tmp_path, "rows.jsonl", f"{row}\n\n{row}\n")) == [{"prompt": "a", "steps": 3}] * 2
    )
    assert sweep(template, table=write(tmp_path, "rows.json", f"[{row}]")) == [{"prompt": "a", "steps": 3}]


def test_yaml_with_words_that_older_rules_take_for_something_else(template, tmp_path):
    text = (
        "- &base\n  prompt: no\n  steps: 012\n  cfg: 6.5e0\n- <<: *base\n  prompt: 2026-01-02\n"
        "- {prompt: '1:30', seed: random}\n- prompt: >-\n    a red\n    barn\n  seed: 18446744073709551615\n"
    )
    rows = sweep(template, table=write(tmp_path, "rows.YML", text))
    assert rows[:2] == [{"prompt": "no", "steps": 12, "cfg": 6.5}, {"prompt": "2026-01-02", "steps": 12, "cfg": 6.5}]
    assert rows[2]["prompt"] == "1:30"
    assert isinstance(rows[2]["seed"], int)
    assert rows[3] == {"prompt": "a red barn", "seed": 2**64 - 1}


def test_without_pyyaml_it_is_said_how_to_get_it(template, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(TemplateError, match="pip install PyYAML"):
        sweep(template, table=write(tmp_path, "rows.yaml", "- prompt: a\n"))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "There is no header"),
        ("a.csv", "prompt,stpes\na,1\n", 'line 1.*no parameter "stpes".*"steps"'),
        ("a.csv", "prompt,prompt\na,1\n", "more than once"),
        ("a.csv", "prompt,steps\na\n", "line 2: There are 1 cells"),
        ("a.csv", "prompt,steps\na,1,2\n", "line 2: There are 3 cells"),
        ("a.csv", "prompt,steps\na,1\nb,many\n", "line 3.*many"),
        ("a.csv", 'prompt,steps\n"a,1\n', "line 2"),
        ("a.csv", "prompt,steps\n", "no rows"),
        ("a.csv", b"prompt\n\xff\xfe\n", "UTF-8"),
        ("a.jsonl", '{"prompt": "a"}\n{"prompt"\n', "line 2"),
        ("a.jsonl", '{"prompt": "a", "prompt": "b"}\n', "twice"),
        ("a.jsonl", '{"steps": NaN}\n', "NaN"),
        ("a.jsonl", '{"steps": "12"}\n', "line 1.*text"),
        ("a.jsonl", "[1]\n", "object"),
        ("a.json", "{}", "list"),
        ("a.json", "[3]", "row 1"),
        ("a.toml", "a = 1", "no table that is read here"),
        ("a.yaml", "prompt: a", "must hold a list"),
        ("a.yaml", "- a barn\n", "line 1: A row is an object"),
        ("a.yaml", "- prompt: a\n- prompt: b\n  steps: many\n", "line 2.*many"),
        ("a.yaml", "- prompt: a\n- prompt: b\n  prompt: c\n", 'line 2: "prompt" is there twice'),
        ("a.yaml", "- prompt: a\n  - b\n", "line 2: It is no YAML"),
        ("a.yaml", "- prompt: a\n---\n- prompt: b\n", "It is no YAML: but found another document"),
        ("a.yaml", "- steps: !!python/object:os.system {}\n", "could not determine a constructor"),
        ("a.yaml", "- &a {steps: *a}\n", "steps"),
        ("a.yaml", "- {? [1] : 2}\n", "unhashable"),
        ("a.yaml", "- steps: .nan\n", "text"),
        ("a.yaml", f"- steps: {'9' * 5000}\n", "can't be used|line 1"),
        ("a.yaml", f"- {'[' * 700}\n", "nested too deeply"),
        ("a.yaml", "- prompt: \x07\n", "It is no YAML"),
        ("a.yaml", "# nothing\n", "no rows"),
        ("a.txt", "\n# nothing\n", "no table|no prompts"),
    ],
)
def test_a_bad_table_is_an_error_that_says_where(template, tmp_path, name, text, says):
    with pytest.raises(TemplateError, match=f"(?s){says}") as caught:
        sweep(template, table=write(tmp_path, name, text))
    assert name in str(caught.value)


def test_a_grid_is_every_value_with_each(template):
    rows = sweep(template, values={"cfg": 5.0}, grid=["steps=10:30:10", 'prompt=a,"b, c"'])
    assert [(row["steps"], row["prompt"]) for row in rows] == [
        (10, "a"), (10, "b, c"), (20, "a"), (20, "b, c"), (30, "a"), (30, "b, c"),
    ]  # fmt: skip
    assert {row["cfg"] for row in rows} == {5.0}


def test_ranges_have_their_end_and_no_rounding(template):
    assert [row["cfg"] for row in sweep(template, grid=["cfg=0.1:0.7:0.2"])] == [0.1, 0.3, 0.5, 0.7]
    assert [row["steps"] for row in sweep(template, grid=["steps=3:1:-1"])] == [3, 2, 1]
    assert [row["steps"] for row in sweep(template, grid=["steps=3:3"])] == [3]


def test_axes_in_step(template):
    rows = sweep(template, grid=["steps=1,2", "cfg=3,4"], zipped=True)
    assert rows == [{"steps": 1, "cfg": 3}, {"steps": 2, "cfg": 4}]
    with pytest.raises(TemplateError, match="steps has 2, cfg has 3"):
        sweep(template, grid=["steps=1,2", "cfg=3,4,5"], zipped=True)


@pytest.mark.parametrize(
    "axis", ["steps", "steps=", "=1", "steps=1:2:0", "steps=1:9:-1", "steps=1.5:3", "steps=1:x", "steps=1:nan"]
)
def test_a_bad_axis(template, axis):
    with pytest.raises(TemplateError, match=re.escape(axis)):
        sweep(template, grid=[axis])


def test_seeds(template):
    assert [row["seed"] for row in sweep(template, seeds="42+3")] == [42, 43, 44]
    assert [row["seed"] for row in sweep(template, seeds="1,5, 9")] == [1, 5, 9]
    assert len({row["seed"] for row in sweep(template, seeds="random:20")}) == 20
    assert len({row["seed"] for row in sweep(template, values={"seed": "random"}, repeat=20)}) == 20


@pytest.mark.parametrize("seeds", ["", "x", "42+", "42+0", "random", "random:0", "-1", "1,,2", "18446744073709551616"])
def test_bad_seeds(template, seeds):
    if not seeds:
        return
    with pytest.raises(TemplateError):
        sweep(template, seeds=seeds)


def test_what_is_set_twice_or_never_ends_is_refused(template):
    with pytest.raises(TemplateError, match="seed is set twice"):
        sweep(template, values={"seed": 1}, seeds="42+3")
    for options in (
        {"seeds": "0+100001"},
        {"grid": ["steps=1:100", "cfg=1:100", "seed=1:100"]},
        {"grid": ["seed=0:9999999"]},
    ):
        with pytest.raises(TemplateError, match="at most"):
            sweep(template, **options)


def test_a_plan_is_the_same_each_time(template):
    rows = [{"prompt": "a"}, {"prompt": "b"}, {"prompt": "a"}]
    one, two = plan(template, rows), plan(Template.read(template.document()), rows)
    assert one == two
    assert one[0].key == one[2].key != one[1].key
    ids = {prompt_id(RUN, job, attempt) for job in one for attempt in (1, 2)}
    assert len(ids) == 6
    assert ids == {prompt_id(RUN, job, attempt) for job in two for attempt in (1, 2)}


def test_each_job_saves_under_a_name_of_its_own(template):
    jobs = plan(template, [{}, {}])
    prefixes = {graph_of(template, job, "run_1", 1)["8"]["inputs"]["filename_prefix"] for job in jobs}
    assert prefixes == {"run_1/00000_barn", "run_1/00001_barn"}
    assert graph_of(template, jobs[0], "run_1", 2)["8"]["inputs"]["filename_prefix"] == "run_1/attempt_2/00000_barn"


def test_a_prefix_that_another_node_gives_is_made_the_jobs_own(template):
    graph = text_to_image()
    graph["9"] = {"class_type": "PrimitiveString", "inputs": {"value": "x/shed"}}
    graph["8"]["inputs"]["filename_prefix"] = ["9", 0]
    template = Template.from_workflow(graph, name="barn")
    [job] = plan(template, [{}])
    assert graph_of(template, job, "run", 1)["8"]["inputs"]["filename_prefix"] == "run/00000_shed"


def test_a_row_that_can_not_be_used_is_named(template):
    with pytest.raises(TemplateError, match=r"Job 1: .*steps"):
        plan(template, [{"steps": 1}, {"steps": 0}])


def test_names_of_files_stay_in_their_folder_and_differ():
    names = local_names("00007", ["00007_a.png", "../../00007_a.png", "x\\b:c.png", "A", "a", "..", "00007_A.PNG"])
    assert names[0] == "00007_a.png"
    assert len({name.casefold() for name in names}) == len(names)
    assert all(re.fullmatch(r"00007_[^/\\:]+", name) for name in names)
