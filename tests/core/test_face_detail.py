import pytest
import torch
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st
from switchyard_pack.core.face_choice import Limits
from switchyard_pack.core.face_detail import box_in_crop, detail_faces
from switchyard_pack.core.face_plan import plan_place
from switchyard_pack.core.faces import Face
from switchyard_pack.core.segs import Found

from .face_fakes import ASTRONAUT_FACE, blind, found, noise, photograph, psnr, settings, shifted, unchanged

LYING = ((20.0, 40.0), (20.0, 80.0), (50.0, 60.0), (80.0, 45.0), (80.0, 75.0))  # eyes at the left, mouth at the right


def detail(image, faces, redraw=unchanged, judge=blind, restrict=None, tell=lambda _: None, **more):
    faces = faces if isinstance(faces[0], list) else [faces]
    return detail_faces(image, faces, settings(**more), redraw, judge, restrict, tell=tell)


def test_without_a_face_the_very_same_picture_comes_out():
    image = photograph()
    outcome = detail(image, [[]])
    assert outcome.image is image
    assert not outcome.mask.any()
    assert outcome.faces == []


def test_outside_of_the_mask_every_bit_stays():
    image = photograph()
    outcome = detail(image, [found(*ASTRONAUT_FACE)], lambda job, before, mask: torch.rand_like(before))
    assert not torch.equal(outcome.image, image)
    outside = outcome.mask == 0
    assert torch.equal(outcome.image[outside], image[outside])
    assert 0.02 < (~outside).float().mean() < 0.25


CASES = {
    "astronaut": (512, 512, [ASTRONAUT_FACE]),
    "odd size": (333, 417, [(101.3, 57.8, 190.1, 171.2)]),
    "tiny face": (512, 512, [(100, 100, 108, 111)]),
    "one pixel": (64, 64, [(30, 30, 31, 31)]),
    "at the corner": (300, 300, [(0, 0, 60, 75)]),
    "at the other corner": (301, 299, [(240, 230, 299, 301)]),
    "overlapping": (400, 400, [(50, 50, 200, 220), (150, 100, 290, 280), (100, 90, 160, 150)]),
    "fills the picture": (200, 160, [(0, 0, 160, 200)]),
    "as large as the guide": (900, 800, [(200, 200, 500, 540)]),
    "tiny picture": (3, 5, [(1, 0, 3, 2)]),
    "a strip": (31, 2000, [(900, 3, 922, 30)]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("feather", [0, 5, 20])
def test_a_sampler_that_changes_nothing_leaves_the_picture_as_it_is(case, feather):
    height, width, boxes = CASES[case]
    image = noise(1, height, width, 3)
    outcome = detail(image, [found(*box) for box in boxes], shaping={"feather": feather})
    assert [face["status"] for face in outcome.faces] == ["redrawn"] * len(boxes)
    assert outcome.mask.max() == 1
    assert psnr(outcome.image, image, outcome.mask > 0) >= 60
    assert (outcome.image - image).abs().max() <= 1 / 255


@pytest.mark.parametrize("multiple", [16, 64, 128])
def test_it_does_so_for_every_multiple_that_a_vae_wants(multiple):
    image = noise(1, 333, 417, 3)
    outcome = detail(image, [found(101.3, 57.8, 190.1, 171.2)], sizes={"multiple": multiple})
    assert all(side % multiple == 0 for side in outcome.faces[0]["work_size"])
    assert psnr(outcome.image, image, outcome.mask > 0) >= 60


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_channels_and_types_stay(channels, dtype):
    image = noise(2, 120, 140, channels).to(dtype)
    faces = [[found(40, 40, 80, 90)], [found(10, 20, 60, 80)]]
    outcome = detail(image, faces)
    assert outcome.image.dtype == dtype
    assert outcome.image.shape == image.shape
    assert (outcome.image.double() - image.double()).abs().max() <= 1 / 255
    changed = detail(image, faces, shifted, match_color=0)
    kept = changed.image[..., -1] if channels in (2, 4) else changed.image[changed.mask == 0]
    assert torch.equal(kept, image[..., -1] if channels in (2, 4) else image[changed.mask == 0])
    assert not torch.equal(changed.image, image)


def test_the_pictures_that_come_in_are_not_changed():
    image = photograph()
    copy = image.clone()
    detail(image, [found(*ASTRONAUT_FACE)], shifted)
    assert torch.equal(image, copy)


@pytest.mark.parametrize("match_color", [0.8, 1.0])
def test_a_colour_shift_makes_no_seam_and_is_taken_away(match_color):
    image = photograph() * 0.8 + 0.1
    outcome = detail(image, [found(*ASTRONAUT_FACE)], shifted, shaping={"feather": 8}, match_color=match_color)
    assert seam(image, outcome) <= 2
    ring = (outcome.mask > 0) & (outcome.mask < 1)
    change = 255 * (outcome.image - image)
    assert change[ring].mean(0).abs().max() <= 1.5
    left = 15 * (1 - match_color)
    assert change[outcome.mask == 1].mean(0)[0] == pytest.approx(left, abs=0.3)


def test_without_colour_matching_the_shift_stays_and_fades_out_evenly():
    image = photograph() * 0.8 + 0.1
    outcome = detail(image, [found(*ASTRONAUT_FACE)], shifted, shaping={"feather": 8}, match_color=0)
    assert (255 * (outcome.image - image))[outcome.mask == 1].mean(0)[0] == pytest.approx(15, abs=0.1)
    assert seam(image, outcome) <= 2


def seam(image, outcome) -> float:
    """How steep the change is where it fades out: the 99th percentile in 1/255 for each pixel."""
    change = (outcome.image - image).mean(-1)[0]
    across, down = change.diff(dim=1).abs()[:-1], change.diff(dim=0).abs()[:, :-1]
    mask = outcome.mask[0]
    ring = ((mask > 0) & (mask < 1))[:-1, :-1]
    return 255 * float(torch.maximum(across, down)[ring].quantile(0.99))


def test_a_face_does_not_move():
    """A sampler that draws the same face brighter: phase correlation finds it at its place."""
    image = photograph()
    outcome = detail(image, [found(*ASTRONAUT_FACE)], lambda job, before, mask: before * 0.7 + 0.2, match_color=0)
    x1, y1, x2, y2 = (round(side) for side in ASTRONAUT_FACE)
    old, new = (picture[0, y1:y2, x1:x2].mean(-1) for picture in (image, outcome.image))
    assert max(map(abs, drift(old, new))) < 0.1


def drift(a, b):
    """How far b is from a, (x, y) in pixels: the peak of the phase correlation, by a parabola through it."""
    window = torch.hann_window(a.shape[0])[:, None] * torch.hann_window(a.shape[1])[None, :]
    spectra = [torch.fft.fft2((part - part.mean()) * window) for part in (a, b)]
    cross = spectra[1] * spectra[0].conj()
    peak = torch.fft.ifft2(cross / cross.abs().clamp(min=1e-8)).real
    y, x = divmod(int(peak.argmax()), peak.shape[1])

    def refine(row, place):
        low, middle, high = row[place - 1], row[place], row[(place + 1) % len(row)]
        centre = place if place < len(row) / 2 else place - len(row)
        return float(centre + 0.5 * (low - high) / (low - 2 * middle + high))

    return refine(peak[y], x), refine(peak[:, x], y)


def test_drift_is_seen_where_there_is_some():
    image = photograph()[0, 60:180, 180:270].mean(-1)
    assert drift(image, image.roll(2, 1))[0] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_nan_from_the_sampler_leaves_the_old_face(value):
    image = photograph()

    def broken(job, before, mask):
        after = before.clone()
        after[5, 5, 0] = value
        return after

    outcome = detail(image, [found(*ASTRONAUT_FACE)], broken)
    assert outcome.image is image
    assert not outcome.mask.any()
    face = outcome.faces[0]
    assert face["status"] == "kept"
    assert "NaN" in face["reason"]


def test_nan_in_the_picture_outside_of_a_face_stays_there():
    image = photograph()
    image[0, 300:, :, :] = float("nan")
    outcome = detail(image, [found(*ASTRONAUT_FACE)], shifted)
    assert torch.isnan(outcome.image[0, 300:]).all()
    assert torch.isfinite(outcome.image[0, :300]).all()


def test_each_face_has_a_seed_of_its_own_and_each_picture_the_same_ones():
    image = noise(2, 300, 300, 3)
    faces = [[found(10, 10, 60, 60), found(200, 200, 260, 260)]] * 2
    outcome = detail(image, faces, seed=2**64 - 1)
    assert [(face["picture"], face["face"], face["seed"]) for face in outcome.faces] == [
        (1, 1, 2**64 - 1),
        (1, 2, 0),
        (2, 1, 2**64 - 1),
        (2, 2, 0),
    ]


def test_a_later_face_sees_what_became_of_an_earlier_one():
    image = noise(1, 300, 300, 3) * 0.5
    seen = []

    def redraw(job, before, mask):
        seen.append(before)
        return torch.ones_like(before)

    detail(image, [found(50, 50, 150, 150), found(60, 60, 150, 150)], redraw, match_color=0)
    assert seen[1].mean() > seen[0].mean() + 0.1


@pytest.mark.parametrize("max_size", [128, 300])
def test_a_face_beyond_max_size_is_really_reduced_and_leaves_no_ghost(max_size):
    image = noise(1, 900, 900, 3)
    outcome = detail(
        image,
        [found(100, 100, 800, 800)],
        lambda job, before, mask: torch.full_like(before, 0.9),
        sizes={"guide_size": 64, "max_size": max_size},
        match_color=0,
    )
    face = outcome.faces[0]
    assert max(face["work_size"]) <= max_size
    assert face["scale"] < 1
    assert (outcome.image[outcome.mask == 1] - 0.9).abs().max() < 1e-3


def test_a_face_as_large_as_the_guide_is_left_alone_unless_forced():
    image = noise(1, 900, 900, 3)
    faces = [found(100, 100, 500, 500), found(600, 600, 700, 700)]
    sizes = {"guide_size": 200, "max_size": 2048}
    outcome = detail(image, faces, shifted, sizes=sizes, is_forced=False)
    assert [face["status"] for face in outcome.faces] == ["skipped", "redrawn"]
    assert "guide_size" in outcome.faces[0]["reason"]
    assert [face["status"] for face in detail(image, faces, shifted, sizes=sizes).faces] == ["redrawn", "redrawn"]


def test_a_dry_run_only_plans():
    image = photograph()

    def never(job, before, mask):
        raise AssertionError

    outcome = detail(image, [found(*ASTRONAUT_FACE)], never, is_dry=True)
    assert outcome.image is image
    assert outcome.faces[0]["status"] == "planned"
    assert outcome.faces[0]["work_size"][0] > 0


def test_every_face_that_does_not_count_is_told_with_its_reason():
    image = noise(1, 400, 400, 3)
    faces = [
        found(10, 10, 110, 110),
        found(200, 10, 205, 15),
        found(200, 200, 399, 399),
        found(120, 120, 180, 180),
        Found(Face((300.0, 10.0, 350.0, 60.0), 0.31), reason="its score is 0.31, below the threshold 0.5"),
    ]
    outcome = detail(image, faces, limits=Limits(0, 10, 0.0, 0.2, 1, "largest"))
    reasons = {tuple(face["box"]): face["reason"] for face in outcome.faces if face["status"] == "skipped"}
    assert len(outcome.faces) == 5
    assert "up to 10 px" in reasons[200, 10, 205, 15]
    assert "more than 20" in reasons[200, 200, 399, 399]
    assert "max_faces is 1" in reasons[120, 120, 180, 180]
    assert "0.31" in reasons[300, 10, 350, 60]


def test_a_mask_limits_what_may_change():
    image = noise(1, 400, 400, 3)
    allowed = torch.zeros(1, 400, 400)
    allowed[:, :, :100] = 1
    faces = [found(20, 100, 160, 260), found(250, 100, 390, 260)]
    outcome = detail(image, faces, shifted, restrict=allowed)
    assert [face["status"] for face in outcome.faces] == ["redrawn", "skipped"]
    assert "mask" in outcome.faces[1]["reason"]
    assert torch.equal(outcome.image[:, :, 100:], image[:, :, 100:])
    assert not torch.equal(outcome.image[:, :, :100], image[:, :, :100])


def test_a_lying_face_is_turned_upright_and_back():
    image = noise(1, 100, 100, 3)
    seen = []

    def redraw(job, before, mask):
        seen.append(before)
        return before.clone()

    face = Found(Face((10.0, 30.0, 90.0, 90.0), 0.9, LYING))
    outcome = detail(image, [face], redraw)
    assert outcome.faces[0]["turned"] == 270
    assert (outcome.image - image).abs().max() <= 1 / 255
    left = detail(image, [face], redraw, shaping={"is_upright": False})
    assert left.faces[0]["turned"] == 0
    assert torch.equal(torch.rot90(seen[1], 3, (0, 1)), seen[0])


@pytest.mark.parametrize("turns", range(4))
def test_a_box_is_found_again_in_a_turned_crop(turns):
    """A white box in a black picture, by its place in the crop."""
    from switchyard_pack.core.face_crop import cut

    image = torch.zeros(200, 300, 3)
    box = (110, 60, 150, 120)
    image[60:120, 110:150] = 1
    crop = plan_place(found(*box), 0, 300, 200, settings().shaping).crop._replace(turns=turns)
    crop = crop._replace(width=crop.height, height=crop.width) if turns % 2 else crop
    rows, columns = (cut(image, crop)[..., 0] > 0.5).nonzero().unbind(1)
    there = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert box_in_crop(box, crop) == pytest.approx(tuple(map(int, there)), abs=1.5)


def test_skipping_a_face_by_its_prompt_is_told():
    image = noise(1, 300, 300, 3)
    outcome = detail(image, [found(50, 50, 150, 150)], lambda job, before, mask: None)
    assert outcome.image is image
    assert outcome.faces[0]["reason"] == "its prompt says so"


def test_stopping_between_two_faces_raises_what_stops_it():
    class StopError(Exception):
        pass

    said = []

    def tell(text):
        said.append(text)
        if len(said) == 2:
            raise StopError

    with pytest.raises(StopError):
        detail(noise(1, 300, 300, 3), [found(50, 50, 150, 150), found(60, 200, 100, 240)], tell=tell)
    assert said == ["picture 1 of 1, face 1 of 2", "picture 1 of 1, face 2 of 2"]


def test_thirty_two_pictures_take_little_more_than_their_copy():
    """Peak memory: the result and masks, but no second copy of all pictures."""
    import tracemalloc

    import numpy

    tracemalloc.start()  # numpy tells it of its arrays; torch's own memory is counted by what is alive
    image = torch.from_numpy(numpy.zeros((32, 64, 64, 3), dtype=numpy.float32))
    outcome = detail(image, [[found(20, 20, 40, 44)] for _ in range(32)], sizes={"guide_size": 32, "max_size": 64})
    tracemalloc.stop()
    kept = outcome.image.numel() + outcome.mask.numel()
    assert kept * 4 <= 1.4 * image.numel() * 4
    assert all(not isinstance(value, torch.Tensor) for face in outcome.faces for value in face.values())


@fuzz(max_examples=30, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.lists(st.tuples(*[st.floats(-20, 110)] * 4), min_size=1, max_size=3),
    st.integers(0, 12),
    st.integers(-20, 20),
    st.floats(1, 5),
)
def test_whatever_the_box_nothing_breaks_and_nothing_else_changes(width, height, boxes, feather, dilation, factor):
    from switchyard_pack.core.face_choice import clamp_faces

    image = noise(1, height, width, 3)
    faces = [Found(face) for face in clamp_faces([Face(box, 0.9) for box in boxes], width, height)]
    shaping = {"feather": feather, "dilation": dilation}
    sizes = {"guide_size": 48, "max_size": 96, "crop_factor": factor, "multiple": 16}
    same = detail(image, [faces], shaping=shaping, sizes=sizes)
    assert (same.image - image).abs().max() <= 1 / 255
    changed = detail(image, [faces], shifted, shaping=shaping, sizes=sizes)
    assert torch.equal(changed.image[changed.mask == 0], image[changed.mask == 0])
    assert len(changed.faces) == len(faces)


@pytest.mark.parametrize("match_color", [0, 0.8])
def test_a_soft_mask_that_limits_does_not_count_as_the_surroundings(match_color):
    """The colour around the face is what the sampler left there, however faint the mask of what may change is."""
    image = torch.full((1, 200, 200, 3), 0.4)
    box = (60, 60, 130, 140)
    allowed = torch.full((1, 200, 200), 0.5)

    def redraw(job, before, mask):
        return before + 0.2 * (mask == 1)[..., None]

    outcome = detail(image, [found(*box)], redraw, restrict=allowed, match_color=match_color)
    assert (outcome.image - image)[0, 100, 95, 0] == pytest.approx(0.1, abs=0.01)


def test_a_mask_larger_than_the_box_fades_out_inside_of_its_crop():
    image = noise(1, 300, 300, 3)
    rows = (torch.arange(180) - 90)[:, None] ** 2 + (torch.arange(180) - 90)[None, :] ** 2
    one = Found(Face((130.0, 130.0, 170.0, 170.0), 0.9), (rows < 85**2).float(), (60, 60))
    outcome = detail(image, [one], lambda job, before, mask: before * 0.5 + 0.4, match_color=0)
    steps = torch.maximum(outcome.mask.diff(dim=1).abs().max(), outcome.mask.diff(dim=2).abs().max())
    assert steps < 0.3
    assert outcome.mask[0, 150, 70] == 1


def test_a_face_of_whose_mask_nothing_is_left_is_told():
    one = Found(Face((130.0, 130.0, 170.0, 170.0), 0.9), torch.ones(40, 40), (130, 130))
    outcome = detail(noise(1, 300, 300, 3), [one], shifted, shaping={"dilation": -100})
    assert (outcome.faces[0]["status"], outcome.faces[0]["reason"][:15]) == ("skipped", "nothing is left")


def test_a_score_that_is_no_number_stays_out_of_the_report():
    outcome = detail(noise(1, 300, 300, 3), [found(50, 50, 150, 150, score=float("nan"))])
    assert outcome.faces[0]["score"] is None
