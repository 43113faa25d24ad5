"""Writes, as JSON, what ComfyUI's own code makes of schedules: run by the sandbox's Python in ComfyUI's folder.

It knows nothing of the pack. Splits and starts are worked out here in the plainest way.
"""

import json
import math
import sys

sys.argv = [sys.argv[0], "--cpu"]
sys.path.insert(0, ".")
import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()
import comfy.model_sampling  # noqa: E402
import comfy.samplers  # noqa: E402

ROWS = {"sharpen": 0.25, "add detail": 0.45, "rework": 0.65, "redraw": 0.9}


class Discrete(comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.EPS):
    pass


class Shifted(comfy.model_sampling.ModelSamplingDiscreteFlow, comfy.model_sampling.CONST):
    pass


class Model:
    def __init__(self, sampling):
        self.sampling = sampling

    def get_model_object(self, name):
        return self.sampling


def ksampler_start(sampling, scheduler, steps, denoise):
    """The first sigma of ComfyUI's KSampler."""
    sampler = comfy.samplers.KSampler(Model(sampling), steps, "cpu", "euler", scheduler, denoise)
    return float(sampler.sigmas[0])


def split(sampling, scheduler, steps):
    sigmas = comfy.samplers.calculate_sigmas(sampling, scheduler, steps)
    return next(step for step, sigma in enumerate(sigmas) if sigma <= sampling.sigmas[199] + 1e-6)


def ratio(sampling, sigma):
    return sigma / (1 - sigma) if isinstance(sampling, comfy.model_sampling.CONST) and sigma < 1 else sigma


def closest(sampling, scheduler, steps, target):
    """The smallest distance, as a logarithm, that any whole schedule of up to 4000 steps has to a noise level."""
    lengths = [*range(steps, 12 * steps), *range(12 * steps, 4000, 29 if scheduler == "linear_quadratic" else 4000)]
    starts = [comfy.samplers.calculate_sigmas(sampling, scheduler, n)[-(steps + 1) :][0].item() for n in lengths]
    return min(abs(math.log(ratio(sampling, start) / target)) for start in starts if start > 0)


def main():
    sd15 = Discrete()
    shifted = Shifted()
    shifted.set_parameters(shift=3.0)
    schedulers = comfy.samplers.KSampler.SCHEDULERS
    answer = {
        "schedulers": schedulers,
        "table": sd15.sigmas.tolist(),
        "splits": {name: {n: split(sd15, name, n) for n in (25, 30, 40)} for name in schedulers},
        "flow splits": {name: {n: split(shifted, name, n) for n in (25, 30, 40)} for name in schedulers},
        "targets": {
            n: {row: ksampler_start(sd15, "normal", n, middle) for row, middle in ROWS.items()} for n in (15, 30)
        },
    }
    answer["closest"] = {
        name: {row: closest(sd15, name, 15, target) for row, target in answer["targets"][15].items()}
        for name in schedulers
    }
    answer["starts at 0.45"] = {name: ksampler_start(sd15, name, 15, 0.45) for name in schedulers}
    sys.stdout.write(json.dumps(answer))


main()
