"""Peak memory of Face Detailer on a batch, measured in a process of its own by the highest water mark of its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MEASURE = """
import sys
sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[1] + "/core")
import conftest, torch
from switchyard_pack.core.face_detail import detail_faces
from face_fakes import blind, found, settings, shifted

def peak():  # not getrusage: a process begins with its parent's there
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

torch.set_num_threads(1)
frames, side = 24, 768
small = torch.rand(1, 96, 96, 3)
detail_faces(small, [[found(20, 20, 60, 60)]], settings(), shifted, blind)  # what torch needs in any case
image = torch.zeros(frames, side, side, 3)
image += 0.5
before = peak()
outcome = detail_faces(image, [[found(200, 200, 300, 320)]] * frames, settings(), shifted, blind)
assert outcome.image is not image
print((peak() - before) / (image.numel() * 4))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the mark of one process")
def test_a_batch_needs_its_copy_and_its_mask_and_little_more():
    """The mask has a third of the picture's numbers."""
    answer = subprocess.run([sys.executable, "-c", MEASURE, str(TESTS)], capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert 1.2 < float(answer.stdout) < 1.45
