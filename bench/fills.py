"""The other half of fills.mjs: reads a job's name a line, answers with its CPU seconds on one thread."""

import sys
import time

import numpy as np
import torch

torch.set_num_threads(1)
N = 1 << 24
tensor = torch.empty(N)
array = np.empty(N, np.float32)
generator = np.random.default_rng(0)

jobs = {
    "torch normal_": lambda: tensor.normal_(),
    "torch uniform_": lambda: tensor.uniform_(),
    "torch trunc_normal_": lambda: torch.nn.init.trunc_normal_(tensor),
    "torch orthogonal_ 1024": lambda: torch.nn.init.orthogonal_(tensor[: 1024**2].view(1024, 1024)),
    "torch orthogonal_ 4096": lambda: torch.nn.init.orthogonal_(tensor[: 4096**2].view(4096, 4096)),
    "numpy standard_normal": lambda: generator.standard_normal(dtype=np.float32, out=array),
    "numpy random": lambda: generator.random(dtype=np.float32, out=array),
    "numpy mean std min max": lambda: (array.mean(), array.std(), array.min(), array.max()),
}
for line in sys.stdin:
    start = time.process_time()
    jobs[line.strip()]()
    print(time.process_time() - start, flush=True)
