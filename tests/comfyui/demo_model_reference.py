"""Writes, as JSON, how far ComfyUI's code is from the demo model's: run by the sandbox's Python in ComfyUI's folder.

Its arguments are a checkpoint, the style of that checkpoint, and the pack's training/demo_model and tools folders. A
distance is the largest one of any number, in units of their spread (standard deviation) if that is more than one.
"""

import json
import sys

CHECKPOINT, STYLE, *FOLDERS = sys.argv[1:]
sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, ".")
import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()
import comfy.sd  # noqa: E402
import torch  # noqa: E402

sys.path.extend(FOLDERS)
import fit  # noqa: E402

fit.TOKENIZER = "comfy/sd1_tokenizer"  # of this ComfyUI, whichever it is
from sampler import Sampler  # noqa: E402

PROMPTS = (
    "a red ball in a meadow at night",
    "",
    "anime, portrait of a woman with blonde hair, smiling, masterpiece, best quality, highly detailed, sharp",
    "unheard-of words: a grandfather clock 1923",
)
TOKENS = 77


def apart(ours, theirs):
    return ((ours - theirs).abs().max() / max(1.0, ours.std().item())).item()


def encode(clip, own, prompt):
    """What ComfyUI makes of a prompt, and what training does."""
    return (
        *clip.encode_from_tokens(clip.tokenize(prompt), return_pooled=True),
        *own._encode([prompt], STYLE),
    )


def main():
    model, clip, vae, _ = comfy.sd.load_checkpoint_guess_config(CHECKPOINT)
    own = Sampler()
    answer = {"text": {}, "family": type(model.model).__name__, "shift": model.model.model_sampling.shift}
    for prompt in PROMPTS:
        context, pooled, text, own_pooled = encode(clip, own, prompt)
        width, own_width = text.shape[2], own_pooled.shape[1]
        again = text[:, -1:].expand(-1, TOKENS - text.shape[1], -1)  # the last one stands for all others
        pairs = ((torch.cat([text, again], 1), context[:, :TOKENS, :width]), (own_pooled, pooled[:, :own_width]))
        answer["text"][prompt] = max(apart(ours, theirs) for ours, theirs in pairs)
        answer["rest"] = max(context[:, :, width:].abs().max().item(), pooled[:, own_width:].abs().max().item())
    context, pooled, text, own_pooled = encode(clip, own, PROMPTS[0])
    torch.manual_seed(1)
    noise, level = torch.randn(1, 16, 16, 12), torch.tensor([0.6])
    picture = torch.rand(1, 96, 64, 3)
    with torch.inference_mode():
        theirs = model.model.diffusion_model(noise, level * 1000, context=context, y=pooled)
        answer["network"] = apart(own.model(noise, level, text, own_pooled, fit.REPEATS), theirs)
        latent = own.autoencoder.encode(picture.permute(0, 3, 1, 2))
        encoded = vae.encode(picture)
        answer["encoder"] = apart(latent, model.model.process_latent_in(encoded))
        answer["decoder"] = apart(own.autoencoder.decode(latent).clamp(0, 1).permute(0, 2, 3, 1), vae.decode(encoded))
    sys.stdout.write(json.dumps(answer))


main()
