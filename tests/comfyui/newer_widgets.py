"""Widgets of nodes that ComfyUI 0.3.75 does not have and official workflows show in App mode.

By them the converter finds which saved value is whose. Names and types only, in the order of the values; those of a
chosen option are written out.
"""

from __future__ import annotations

_WIDGETS = {
    "GeminiNanoBanana2": {
        "prompt": "STRING",
        "model": "COMBO",
        "seed": "INT",
        "aspect_ratio": "COMBO",
        "resolution": "COMBO",
        "response_modalities": "COMBO",
        "thinking_level": "COMBO",
    },
    "GeminiNanoBanana2V2": {
        "prompt": "STRING",
        "model": "COMBO",
        "model.aspect_ratio": "COMBO",
        "model.resolution": "COMBO",
        "model.thinking_level": "COMBO",
        "seed": "INT",
        "response_modalities": "COMBO",
        "system_prompt": "STRING",
    },
    "KlingFirstLastFrameNode": {
        "prompt": "STRING",
        "duration": "INT",
        "generate_audio": "BOOLEAN",
        "model": "COMBO",
        "model.resolution": "COMBO",
        "seed": "INT",
    },
    "KlingImageToVideoWithAudio": {
        "model_name": "COMBO",
        "prompt": "STRING",
        "mode": "COMBO",
        "duration": "COMBO",
        "generate_audio": "BOOLEAN",
    },
    "OpenAIGPTImageNodeV2": {
        "prompt": "STRING",
        "model": "COMBO",
        "model.size": "COMBO",
        "model.custom_width": "INT",
        "model.custom_height": "INT",
        "model.background": "COMBO",
        "model.quality": "COMBO",
        "n": "INT",
        "seed": "INT",
    },
    "ResolutionSelector": {"aspect_ratio": "COMBO", "megapixels": "FLOAT", "multiple": "INT"},
    "SoniloVideoToMusic": {"prompt": "STRING", "seed": "INT"},
}
_NO_OPTIONS, _SEED_OPTIONS = {}, {"control_after_generate": True}
NEWER_WIDGETS = {
    class_type: {
        "input": {
            "required": {
                name: [kind, _SEED_OPTIONS if name == "seed" else _NO_OPTIONS] for name, kind in widgets.items()
            }
        }
    }
    for class_type, widgets in _WIDGETS.items()
}
