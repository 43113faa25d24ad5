import pytest
import torch
from switchyard_pack.core.crop_conditioning import Place, crop_conditioning
from switchyard_pack.core.face_crop import CropSizes, cut, plan_crop

from .face_fakes import noise

SIZES = CropSizes(64, max_size=256, crop_factor=2, multiple=16)


def place(turns=0, frame=0, box=(40, 20, 80, 60), width=200, height=100):
    return Place(plan_crop(box, width, height, SIZES, turns), width, height, frame)


class Control:
    """What of a ControlNet of ComfyUI matters here."""

    def __init__(self, hint, before=None, concat=()):
        self.cond_hint_original, self.previous_controlnet, self.extra_concat_orig = hint, before, list(concat)

    def copy(self):
        return Control(self.cond_hint_original, None, self.extra_concat_orig)

    def set_previous_controlnet(self, before):
        self.previous_controlnet = before


def crop(options, where=None):
    conditioning, notes = crop_conditioning([[torch.zeros(1, 2, 3), options]], where or place())
    return conditioning[0][1], notes


@pytest.mark.parametrize("turns", range(4))
def test_a_hint_shows_what_the_crop_shows(turns):
    where = place(turns)
    picture = noise(100, 200, 3)
    hint = picture.movedim(-1, 0)[None]
    cropped, notes = crop({"control": Control(hint)}, where)
    assert notes == []
    assert cropped["control"].cond_hint_original.shape == (1, 3, where.crop.height, where.crop.width)
    assert (cropped["control"].cond_hint_original[0].movedim(0, -1) - cut(picture, where.crop)).abs().max() < 0.02


def test_a_hint_of_another_size_shows_the_same():
    smooth = torch.linspace(0, 1, 200)[None, :, None].expand(100, 200, 3)
    half = smooth[::2, ::2].movedim(-1, 0)[None]
    where = place()
    cropped, _ = crop({"control": Control(half)}, where)
    assert (cropped["control"].cond_hint_original[0].movedim(0, -1) - cut(smooth, where.crop)).abs().max() < 0.05


def test_a_hint_of_another_shape_is_cut_around_its_middle_as_comfyui_does():
    square = torch.zeros(1, 3, 200, 200)
    square[:, :, 50:150] = noise(100, 200, 3).movedim(-1, 0)  # what ComfyUI takes for a picture of 200 x 100
    where = place()
    cropped, _ = crop({"control": Control(square)}, where)
    expected, _ = crop({"control": Control(square[:, :, 50:150])}, where)
    assert torch.equal(cropped["control"].cond_hint_original, expected["control"].cond_hint_original)


def test_the_given_control_is_not_changed_and_those_before_it_are_cropped_too():
    first, second = Control(noise(1, 3, 100, 200)), Control(noise(1, 3, 100, 200))
    second.previous_controlnet = first
    hints = first.cond_hint_original.clone(), second.cond_hint_original.clone()
    cropped, _ = crop({"control": second})
    assert cropped["control"] is not second
    assert cropped["control"].previous_controlnet.cond_hint_original.shape[-1] == place().crop.width
    assert torch.equal(first.cond_hint_original, hints[0])
    assert torch.equal(second.cond_hint_original, hints[1])
    assert second.previous_controlnet is first


def test_inpainting_hints_are_not_mixed_with_their_marks():
    hint = torch.rand(1, 3, 100, 200)
    hint[:, :, 30:50, 50:70] = -1
    cropped, _ = crop({"control": Control(hint)})
    values = cropped["control"].cond_hint_original
    assert (values == -1).any()
    assert ((values == -1) | (values >= 0)).all()


def test_each_picture_of_a_batch_takes_its_own_hint():
    hints = torch.stack([torch.zeros(3, 100, 200), torch.ones(3, 100, 200)])
    assert crop({"control": Control(hints)}, place(frame=0))[0]["control"].cond_hint_original.max() == 0
    assert crop({"control": Control(hints)}, place(frame=1))[0]["control"].cond_hint_original.min() == 1


def test_a_control_of_another_kind_stays_and_is_told():
    odd = object()
    cropped, notes = crop({"control": odd})
    assert cropped["control"] is odd
    assert "ControlNet" in notes[0]


def test_a_mask_is_cut_to_the_crop():
    mask = torch.zeros(1, 100, 200)
    mask[:, :, :60] = 1
    cropped, _ = crop({"mask": mask, "strength": 0.5})
    where = place().crop
    x1, _, x2, _ = where.region
    assert cropped["mask"].shape == (1, where.height, where.width)
    assert cropped["mask"].mean() == pytest.approx((60 - x1) / (x2 - x1), abs=0.03)
    assert cropped["strength"] == 0.5


def test_an_area_becomes_a_share_of_the_crop():
    where = place()
    x1, y1, x2, y2 = where.crop.region
    in_pixels, _ = crop({"area": (12, 8, 0, 0)})  # 96 high, 64 wide, in places of the latent
    as_share, _ = crop({"area": ("percentage", 0.96, 0.32, 0.0, 0.0)})
    expected = ("percentage", 1.0, (64 - x1) / (x2 - x1), 0.0, 0.0)
    assert in_pixels["area"][0] == "percentage"
    assert in_pixels["area"][1:] == pytest.approx(((min(96, y2) - y1) / (y2 - y1), *expected[2:]))
    assert as_share["area"][1:] == pytest.approx(in_pixels["area"][1:])


@pytest.mark.parametrize("turns", range(4))
def test_an_area_turns_with_the_crop(turns):
    where = place(turns)
    picture = torch.zeros(100, 200, 3)
    picture[:96, :64] = 1
    cropped, _ = crop({"area": (12, 8, 0, 0)}, where)
    _, high, wide, y, x = cropped["area"]
    rows, columns = (cut(picture, where.crop)[..., 0] > 0.5).nonzero().unbind(1)
    width, height = where.crop.width, where.crop.height
    assert (x * width, y * height) == pytest.approx((int(columns.min()), int(rows.min())), abs=1)
    assert ((x + wide) * width, (y + high) * height) == pytest.approx(
        (int(columns.max()) + 1, int(rows.max()) + 1), abs=1
    )


def test_what_does_not_reach_the_face_is_left_out():
    near, far = {"area": (12, 8, 0, 0), "name": "near"}, {"area": (12, 2, 0, 22), "name": "far"}
    tensor = torch.zeros(1)
    conditioning, _ = crop_conditioning([[tensor, near], [tensor, far], [tensor, {"name": "all"}]], place())
    assert [entry[1]["name"] for entry in conditioning] == ["near", "all"]
    alone, _ = crop_conditioning([[tensor, far]], place())
    assert alone[0][1] == {"name": "far"}


def test_what_is_for_the_whole_picture_is_left_out_and_told_once():
    options = {"concat_latent_image": torch.zeros(1), "concat_mask": torch.zeros(1), "gligen": (), "pooled_output": 3}
    tensor = torch.zeros(1)
    conditioning, notes = crop_conditioning([[tensor, dict(options)], [tensor, dict(options)]], place())
    assert [set(entry[1]) for entry in conditioning] == [{"pooled_output"}] * 2
    assert len(notes) == 2
    assert crop_conditioning([], place()) == ([], [])


def test_positive_and_negative_share_their_control_afterwards_as_before():
    """ComfyUI samples both together only then."""
    before = Control(noise(1, 3, 100, 200))
    control = Control(noise(1, 3, 100, 200), before)
    made = {}
    tensor = torch.zeros(1, 2, 3)
    positive, _ = crop_conditioning([[tensor, {"control": control}]], place(), made)
    negative, _ = crop_conditioning([[tensor, {"control": control}]], place(), made)
    assert positive[0][1]["control"] is negative[0][1]["control"] is not control


def test_each_picture_of_a_batch_takes_its_own_text_and_mask():
    texts = torch.stack([torch.zeros(2, 3), torch.ones(2, 3)])
    masks = torch.stack([torch.ones(100, 200), torch.zeros(100, 200)])
    options = {"pooled_output": torch.tensor([[0.0], [1.0]]), "mask": masks}
    for frame in (0, 1, 3):
        conditioning, _ = crop_conditioning([[texts, dict(options)], [texts, {}]], place(frame=frame))
        assert conditioning[-1][0].shape == (1, 2, 3)
        assert conditioning[-1][0].mean() == frame % 2
        assert len(conditioning) == (2 if frame == 0 else 1)


def test_odd_options():
    tensor = torch.zeros(1, 2, 3)
    assert crop_conditioning([[tensor, None]], place())[0] == [[tensor, {}]]
    assert crop_conditioning([[tensor, {"area": None}]], place())[0][0][1] == {"area": None}
    conditioning, notes = crop_conditioning([[tensor, {"area": ("percentage", 1, 1, 1, 0, 0, 0)}]], place())
    assert conditioning[0][1] == {"area": None}
    assert "time" in notes[0]
