"""What the tests of schedules share: ComfyUI's own answers, and a checkpoint with a sampler that is watched.

The checkpoint has the noise levels of Stable Diffusion 1.5, which the reference values are worked out for.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from graphs import node

from engine.layout import NOISE_CHECKPOINT, Layout, python_of

SEVEN = ["karras", "normal", "simple", "sgm_uniform", "ddim_uniform", "exponential", "beta"]
SCRIPT = Path(__file__).with_name("schedule_reference.py")


@cache
def ask_comfyui(layout: Layout) -> dict[str, Any]:
    """What ComfyUI's own code makes of the schedules, in a process without the pack."""
    command = [str(python_of(layout.environment)), str(SCRIPT)]
    done = subprocess.run(command, cwd=layout.comfyui, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def pipeline() -> dict[str, Any]:
    """The nodes before a sampler: a checkpoint, its empty text, a small latent."""
    return {
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=NOISE_CHECKPOINT),
        "text": node("CLIPTextEncode", text="", clip=["checkpoint", 1]),
        "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
    }


def sampler(kind: str, model: Any, latent: Any, **inputs: Any) -> dict[str, Any]:
    """A sampler that asks its model once a step."""
    common = {"positive": ["text", 0], "negative": ["text", 0], "cfg": 1.0, "sampler_name": "euler"}
    return node(kind, model=model, latent_image=latent, **common, **inputs)


def watch(model: Any, label: str) -> dict[str, Any]:
    return node("ProbeWatch", model=model, label=label)


def seen(after: str, label: str) -> dict[str, Any]:
    return node("ProbeSeen", after=[after, 0], label=label)
