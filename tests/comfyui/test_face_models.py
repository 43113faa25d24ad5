"""The user's face models inside ComfyUI's own memory management, in a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from engine.layout import python_of

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import importlib.util, sys
from pathlib import Path

comfyui, root, base = map(Path, sys.argv[1:])
sys.path.insert(0, str(comfyui))
sys.argv = ["main.py"]
from comfy.cli_args import args
args.cpu = True
import folder_paths, torch
import comfy.model_management as management
folder_paths.models_dir = str(base)
spec = importlib.util.spec_from_file_location("switchyard_pack", root / "__init__.py")
sys.modules["switchyard_pack"] = pack = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pack)
sys.path.append(str(root / "tests" / "core"))
import tiny_yolov8
from switchyard_pack.nodes.host import face_models

(base / "face_detection").mkdir()
with tiny_yolov8.ultralytics_is_there():
    torch.save(tiny_yolov8.checkpoint(), base / "face_detection" / "tiny.pt")
torch.set_num_threads(1)
with torch.inference_mode():
    find = face_models.load_face_model("face_detection/tiny.pt", False)
    first = find(torch.rand(1, 64, 96, 3, generator=torch.Generator().manual_seed(1)), 0.1)
    assert first[0]
    assert [type(known.model.model).__name__ for known in management.current_loaded_models] == ["YoloV8"]
    management.unload_all_models()
    assert find(torch.rand(1, 64, 96, 3, generator=torch.Generator().manual_seed(1)), 0.1) == first
del find
face_models._kept.clear()
management.cleanup_models_gc()
assert not management.current_loaded_models
print("all is well")
"""


def test_comfyui_loads_unloads_and_forgets_a_model(layout, tmp_path):
    command = [str(python_of(layout.environment)), "-c", SCRIPT, str(layout.comfyui), str(ROOT), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.stdout.endswith("all is well\n"), result.stderr[-3000:]
