"""The guard: the old face stays wherever a detector is clearly less sure of the new one."""

import pytest
import torch
from switchyard_pack.core.face_detail import detail_faces
from switchyard_pack.core.faces import Face

from .face_fakes import found, noise, settings, shifted


def detail(image, faces, redraw, judge, **more):
    return detail_faces(image, [faces], settings(is_guarded=True, **more), redraw, judge)


class Judge:
    """A detector that gives one score after the other, of a face in the middle third of what it sees."""

    def __init__(self, *scores):
        self.scores = list(scores)

    def __call__(self, pictures, lowest):
        height, width = pictures.shape[1:3]
        score = self.scores.pop(0)
        return [[Face((width * 0.3, height * 0.3, width * 0.7, height * 0.7), score)] if score else []]


FACE = found(200, 200, 280, 280)


@pytest.mark.parametrize(
    ("scores", "status", "seed"),
    [
        ((0.9, 0.85), "redrawn", 5),
        ((0.9, 0.3, 0.88), "redrawn", 1005),
        ((0.9, 0.3, 0.4), "kept", 1005),
        ((0.9, 0.0, 0.0), "kept", 1005),
        ((0.0, 0.0), "redrawn", 5),  # it is no face to the detector, so it can't judge
        ((0.4, 0.95), "redrawn", 5),
    ],
)
def test_the_old_face_stays_where_the_new_one_is_worse(scores, status, seed):
    image = noise(1, 512, 512, 3)
    outcome = detail(image, [FACE], shifted, Judge(*scores), seed=5)
    face = outcome.faces[0]
    assert (face["status"], face["seed"]) == (status, seed)
    assert (outcome.image is image) == (status == "kept")
    if status == "kept":
        assert f"{scores[0]:.2f}" in face["reason"]
        assert "second seed" in face["reason"]


def test_the_guard_judges_what_gets_into_the_picture():
    """A sampler that spoils everything but the face: the mask keeps that out, so the face is fine."""
    seen = []

    def judge(pictures, lowest):
        seen.append(pictures.clone())
        return Judge(0.9)(pictures, lowest)

    detail(noise(1, 512, 512, 3), [FACE], lambda job, before, mask: before * mask[..., None], judge)
    assert (seen[1][0, :20] - seen[0][0, :20]).abs().max() == 0


def test_a_face_that_its_prompt_skips_is_not_judged():
    def never(pictures, lowest):
        raise AssertionError

    outcome = detail(noise(1, 512, 512, 3), [FACE], lambda job, before, mask: None, never)
    assert outcome.faces[0]["status"] == "skipped"


def test_nan_is_no_face_to_judge_either():
    scores = [0.9, 0.88]
    answers = iter([torch.tensor(float("nan")), torch.tensor(0.01)])
    image = noise(1, 512, 512, 3)
    outcome = detail(image, [FACE], lambda job, before, mask: before + next(answers), Judge(*scores), seed=5)
    assert (outcome.faces[0]["status"], outcome.faces[0]["seed"]) == ("redrawn", 1005)
