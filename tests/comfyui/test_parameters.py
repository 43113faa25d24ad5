"""Template parameters in a real server, over the API alone: what they give, what they refuse, and when they run."""

from __future__ import annotations

import json
import time

import pytest
from gate_graphs import first_bright, gate_graph, level, levels_of, report_of
from graphs import catch, caught, marked, node, value
from PIL import Image
from schedules import pipeline

from engine.layout import DEMO_CHECKPOINT

PLAIN = {
    "text": ("SwitchyardTextParameter", "a cat\nor a {dog}"),
    "integer": ("SwitchyardIntegerParameter", 30),
    "number": ("SwitchyardNumberParameter", 4.5),
    "boolean": ("SwitchyardBooleanParameter", True),
    "choice": ("SwitchyardChoiceParameter", "euler"),
    "seed": ("SwitchyardSeedParameter", 2**64 - 1),
}


def parameter(kind, name="it", given=None, **described):
    class_type, usual = PLAIN[kind]
    return node(class_type, name=name, value=usual if given is None else given, **described)


def general(kind, given, name="it", class_type="SwitchyardTemplateParameter", **described):
    return node(class_type, name=name, type=kind, value=given, **described)


def ended(**graph):
    """A graph in which what comes out of the node "it" is caught, and something else runs beside it."""
    return {**graph, "end": catch("it"), "beside": marked("beside")}


def refusal(result, name="it"):
    """What a rejected run says about a node."""
    assert result.status == "rejected", result.error
    assert result.started == []
    errors = [error for error in result.node_errors[name]["errors"] if error["type"] == "custom_validation_failed"]
    (text,) = {error["details"].partition(" - ")[2] for error in errors}
    return text


@pytest.mark.parametrize("kind", PLAIN)
def test_each_type_gives_its_value(run, kind):
    result = run(ended(it=parameter(kind)))
    assert result.status == "success", result.error
    assert caught(result) == [repr(PLAIN[kind][1])]


@pytest.mark.parametrize("class_type", ["SwitchyardTemplateParameter", "TemplateParam"])
@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        *(("text", "30", "'30'"), ("text", 30, "'30'"), ("integer", "30", "30"), ("integer", 30, "30")),
        *(("number", "4.5", "4.5"), ("number", 4.5, "4.5"), ("number", 4, "4.0"), ("boolean", "true", "True")),
        *(("boolean", False, "False"), ("choice", "euler", "'euler'"), ("seed", 2**64 - 1, str(2**64 - 1))),
    ],
)
def test_the_general_one_reads_any_type_from_text_or_literal(run, class_type, kind, given, wanted):
    assert caught(run(ended(it=general(kind, given, class_type=class_type)))) == [wanted]


def test_the_general_one_may_leave_its_type_out_as_shared_graphs_do_not(run):
    result = run(ended(it=node("TemplateParam", name="it", value="x")))
    assert (result.status, result.node_errors["it"]["errors"][0]["type"]) == ("rejected", "required_input_missing")


def test_all_of_a_text_to_picture_graph_comes_from_parameters(run, picture):
    """Combos, numbers and texts of ComfyUI's own nodes, two inputs from one parameter."""
    graph = {
        "model": parameter("choice", "model", DEMO_CHECKPOINT),
        "sampler": parameter("choice", "sampler", "euler", choices="euler\nddim", default="ddim", group="Sampling"),
        "scheduler": general("choice", "karras", "scheduler", "TemplateParam"),
        "prompt": parameter("text", "prompt", "a cat"),
        "size": parameter("integer", "size", 64, min="16", max="512", step="16", label="Size", order=3),
        "steps": parameter("integer", "steps", 2, min="1", max="150", description="How many steps."),
        "cfg": parameter("number", "cfg", 2.5, min="0", max="30", step="0.5"),
        "seed": parameter("seed", "seed", 42),
        **pipeline(),
        "sample": node("KSampler", model=["checkpoint", 0], positive=["text", 0], negative=["text", 0]),
        "decode": node("VAEDecode", samples=["sample", 0], vae=["checkpoint", 2]),
        "save": node("PreviewImage", images=["decode", 0]),
    }
    graph["checkpoint"]["inputs"]["ckpt_name"] = ["model", 0]
    graph["text"]["inputs"]["text"] = ["prompt", 0]
    graph["latent"]["inputs"].update(width=["size", 0], height=["size", 0])
    links = {name: [name, 0] for name in ("steps", "cfg", "seed", "scheduler")}
    graph["sample"]["inputs"].update(links, sampler_name=["sampler", 0], latent_image=["latent", 0], denoise=1.0)
    result = run(graph)
    assert result.status == "success", result.error
    assert picture(result, "save").shape == (64, 64, 3)
    again = run(graph)
    assert again.status == "success"
    assert again.started == []
    graph["cfg"]["inputs"]["value"] = 3.0
    assert run(graph).started == ["cfg", "sample", "decode", "save"]


@pytest.mark.parametrize(
    ("it", "words"),
    [
        (parameter("integer", given=200, max="150"), "value is 200; it must be a whole number from "),
        (parameter("integer", given=4.7), "value is 4.7; it must be a whole number"),
        (parameter("integer", given=True), "value is true; it must be a whole number"),
        (parameter("integer", given=float("nan")), "value is NaN; it must be a whole number"),
        (parameter("integer", given="many"), 'value is "many"; it must be a whole number'),
        (parameter("integer", given=2**53), "value is 9007199254740992; it must be a whole number"),
        (parameter("number", given=float("inf")), "value is infinity; it must be a number."),
        (parameter("number", given=float("nan")), "value is NaN; it must be a number."),
        (parameter("number", given=1.5, min="0", max="1"), "value is 1.5; it must be a number from 0 to 1."),
        (parameter("number", given=True), "value is true; it must be a number."),
        (parameter("boolean", given="false"), 'value is "false"; it must be true or false, without quotes.'),
        (parameter("boolean", given=0), "value is 0; it must be true or false, without quotes."),
        (parameter("choice", given=""), "value is empty; it must be one of the values that the input it is plugged"),
        (parameter("choice", given="a", choices="b\nc"), 'value is "a"; it must be one of: b, c.'),
        (parameter("choice", given=True), "value is true; it must be text."),
        (parameter("seed", given=-1), "value is -1; it must be a whole number from 0 to 18446744073709551615."),
        (parameter("seed", given=2**64), "value is 18446744073709551616; it must be a whole number from 0 to"),
        (parameter("seed", given=7, min="10"), "value is 7; it must be a whole number from 10 to"),
        (parameter("text", given={"a": 1}), "it must be text."),
        (parameter("integer", max="many"), 'max is "many"; it must be a whole number'),
        (parameter("integer", min="5", max="3"), "min is 5 and max is 3"),
        (parameter("number", default="9", max="1", given=0), 'default is "9"; it must be a number of at most 1.'),
        (general("boolean", "yes"), 'value is "yes"; it must be true or false.'),
        (general("seed", "7", step="2"), 'step is "2", but a parameter of type seed has no step.'),
        (general("image", "gone.png", class_type="TemplateParam"), 'value is "gone.png", and there is no such file'),
        (node("SwitchyardImageParameter", name="it", value="gone.png"), 'value is "gone.png", and there is no such'),
        (node("SwitchyardImageParameter", name="it", value=""), "value is empty; it must be the name of a file"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(run, it, words):
    text = refusal(run({"it": it, "end": catch("it")}))
    assert text.startswith("Parameter 'it': ")
    assert words in text


@pytest.mark.parametrize("name", ["My Steps", "2nd", "a" * 49, "schritte-ä"])
@pytest.mark.parametrize("kind", PLAIN)
def test_names_that_callers_can_not_write_are_refused(run, kind, name):
    text = refusal(run({"it": parameter(kind, name), "end": catch("it")}))
    assert text.startswith(f"Parameter '{name}': a name is made of a to z, 0 to 9 and _")


def test_without_a_name_it_runs_and_errors_name_its_type(run):
    assert caught(run(ended(it=parameter("integer", "")))) == ["30"]
    text = refusal(run({"it": parameter("integer", "", given=2, min="3"), "end": catch("it")}))
    assert text.startswith("The integer parameter without a name: value is 2")


def test_a_valid_output_beside_a_refused_parameter_still_runs(run):
    """ComfyUI's own rule: outputs that don't depend on the refused node run."""
    beside = {"beside": marked("beside"), "end beside": catch("beside")}
    result = run({"it": parameter("integer", given=2, min="3"), "end": catch("it"), **beside})
    assert result.status == "success"
    assert result.started == ["beside", "end beside"]
    assert "value is 2" in result.node_errors["it"]["errors"][0]["details"]


def test_names_that_are_there_twice_are_refused_with_both_nodes(run):
    graph = {
        "3": parameter("integer", "steps"),
        "7:9": parameter("number", "steps"),
        "a": catch("3"),
        "b": catch("7:9"),
    }
    result = run(graph)
    for name in ("3", "7:9"):
        assert refusal(result, name).startswith("Parameter 'steps': nodes 3 and 7:9 have this name.")


def test_a_description_that_is_plugged_in_is_refused(run):
    graph = {
        "it": parameter("integer", ["text", 0]),
        "text": node("PrimitiveString", value="steps"),
        "end": catch("it"),
    }
    assert refusal(run(graph)).startswith("The integer parameter without a name: something is plugged into name.")


def test_a_linked_value_is_checked_when_it_runs(run):
    graph = ended(it=parameter("integer", given=["number", 0], max="10"), number=node("PrimitiveInt", value=7))
    assert caught(run(graph)) == ["7"]
    graph["number"]["inputs"]["value"] = 11
    result = run(graph)
    assert (result.status, result.error_node) == ("error", "it")
    assert result.error.startswith("Parameter 'it': value is 11; it must be a whole number from ")


@pytest.mark.parametrize("name", ["none", "picture", "nan", "dict", "empty list", "torch 0.9"])
def test_whatever_a_link_brings_is_named(run, name):
    result = run(ended(it=parameter("integer", given=["given", 0]), given=value(name)))
    assert result.status == "error"
    assert result.error.startswith("Parameter 'it': value is ")


def test_a_list_that_is_plugged_in_gives_a_list(run):
    graph = ended(it=parameter("integer", given=["seeds", 0], max="10"))
    graph["seeds"] = node("SwitchyardSeedSequence", seed=1, count=3, seed_mode="increment", seed_list="")
    assert caught(run(graph)) == ["1", "2", "3"]


def test_a_stale_problem_in_a_saved_graph_is_forgotten(run):
    """A picture of a run in which another output was refused holds the words; a caller may write them too."""
    it = parameter("integer")
    for given in ("Parameter 'it': something old", ["beside", 0]):
        it["inputs"]["problem"] = given
        assert caught(run(ended(it=it))) == ["30"]


def test_a_picture_comes_with_its_mask_and_again_only_when_the_file_changes(server, run):
    folder = server.base / "input" / "sub"
    folder.mkdir(exist_ok=True)

    def draw(colour):
        Image.new("RGBA", (16, 8), colour).save(folder / "drawn.png")

    draw((255, 0, 0, 51))
    for it in (
        node("SwitchyardImageParameter", name="it", value="sub/drawn.png"),
        general("image", "sub/drawn.png [input]", class_type="TemplateParam"),
    ):
        graph = {
            "it": it,
            "end": catch("it"),
            "score": node("ProbeBrightness", image=["it", 0]),
            "s": catch("score", 1),
        }
        result = run(graph)
        assert caught(result) == ["shape (1, 8, 16, 3)"]
        assert float(caught(result, "s")[0]) == pytest.approx(1 / 3)
        assert run(graph).started == []
        time.sleep(0.05)
        draw((255, 255, 255, 255))
        assert float(caught(run(graph), "s")[0]) == 1
        draw((255, 0, 0, 51))
    graph = {"it": node("SwitchyardImageParameter", name="it", value="sub/drawn.png"), "end": catch("it", 1)}
    assert caught(run(graph)) == ["shape (1, 8, 16)"]


@pytest.mark.parametrize(
    ("seed", "shift"),
    [
        (parameter("seed", "seed", 0), 0),
        (parameter("seed", "seed", 5, min="5", max="1000000"), 5),
        (general("seed", "0", "seed", "TemplateParam"), 0),
        (parameter("integer", "seed", 0, min="0"), 0),
    ],
)
def test_a_quality_gate_varies_a_seed_that_is_a_parameter(run, seed, shift):
    graph = {**gate_graph(["seed", 0]), "seed": seed}
    result = run(graph)
    assert result.status == "success", result.error
    wanted = first_bright(0.9, shift)
    assert levels_of(result) == [pytest.approx(level(wanted), abs=1e-6)]
    assert result.outputs["facts"]["facts"][0]["seed"] == wanted
    assert result.times_started("seed") == result.times_started("sample") == wanted - shift + 1
    assert result.times_started("loader") <= 1
    assert report_of(result)["passed"] is True


def test_attempts_keep_to_the_limits_of_the_parameter(run):
    graph = {
        **gate_graph(["seed", 0], threshold=2.0, max_attempts=9),
        "seed": parameter("seed", "seed", 6, min="5", max="7"),
    }
    result = run(graph)
    assert [attempt["seeds"] for attempt in report_of(result)["attempts"]] == [
        {"seed": {"value": seed}} for seed in (6, 7, 5)
    ]


@pytest.mark.parametrize("seed", [parameter("seed", "seed", 0), general("seed", "0", "seed", "TemplateParam")])
def test_the_saved_picture_has_the_winning_seed_in_its_parameter(server, run, seed):
    graph = {**gate_graph(["seed", 0]), "seed": seed}
    graph["save"] = node("SwitchyardSaveImageWithSeeds", images=["gate", 0], filename_prefix="parameter")
    result = run(graph)
    assert result.status == "success", result.error
    with Image.open(server.base / "output" / result.saved("save")[0]) as saved:
        again = json.loads(saved.text["prompt"])
    won = first_bright(0.9)
    assert again["seed"]["inputs"]["value"] == type(seed["inputs"]["value"])(won)
    result = run(again)
    facts = result.outputs["facts"]["facts"][0]
    assert (facts["attempts"], facts["seed"], facts["passed"]) == (1, won, True)


@pytest.mark.parametrize("kind", ["SwitchyardChoiceParameter", "TemplateParam"])
@pytest.mark.parametrize(
    ("target", "name", "words"),
    [
        ("KSampler", "sampler_name", "does not take it; it must be one of: euler, "),
        ("KSampler", "scheduler", "does not take it; it must be one of: simple, sgm_uniform, "),
        ("CheckpointLoaderSimple", "ckpt_name", "does not take it; it must be "),
        ("BasicScheduler", "scheduler", "does not take it; it must be one of: simple, "),
        ("SwitchyardSwitch", "if_missing", "does not take it; it must be one of: error, none, block."),
    ],
)
def test_a_choice_that_the_input_does_not_take_is_refused_before_anything_runs(run, kind, target, name, words):
    it = node(kind, name="it", value="eulr", **({"type": "choice"} if kind == "TemplateParam" else {}))
    graph = {"it": it, "8": node(target, **{name: ["it", 0]}), "end": catch("8"), "shown": catch("it")}
    text = refusal(run(graph))
    assert text.startswith(f"Parameter 'it': value is \"eulr\", but {name} of node 8 ({target}) {words}")


def test_a_switch_of_parameters_runs_only_what_it_takes(run):
    graph = {
        "on": parameter("boolean", "upscale", False),
        "a": marked("never"),
        "b": parameter("text", "other", "other"),
        "it": node("SwitchyardSwitch", condition=["on", 0], on_true=["a", 0], on_false=["b", 0]),
        "end": catch("it"),
    }
    result = run(graph)
    assert caught(result) == ["'other'"]
    assert "a" not in result.started
