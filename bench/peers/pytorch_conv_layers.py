#!/usr/bin/python3
"""Each pass of each convolution of CaffeNet by oneDNN, through PyTorch's own operators, in isolation.

Activations and weights are in oneDNN's own layouts where PyTorch allows it (`mkldnn` tensors for forward), else dense;
both are tried and the faster one counts, so that no change of layout is held against oneDNN.
Prints one JSON object: {"conv1": {"forward": seconds, "backward_data": ..., "backward_weights": ...}, ...}."""

import argparse
import json
import time

import torch

LAYERS = {  # channels in, extent, channels out, kernel, stride, padding, groups
    "conv1": (3, 227, 96, 11, 4, 0, 1),
    "conv2": (96, 27, 256, 5, 1, 2, 2),
    "conv3": (256, 13, 384, 3, 1, 1, 1),
    "conv4": (384, 13, 384, 3, 1, 1, 2),
    "conv5": (384, 13, 256, 3, 1, 1, 2),
}

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
parser.add_argument("--seconds", type=float, default=0.3, help="time for each pass")
parser.add_argument("--json", action="store_true")
given = parser.parse_args()
torch.set_num_threads(given.threads)
torch.manual_seed(1)
kind = torch.bfloat16 if given.precision == "bf16" else torch.float32


def median_seconds(work):
    work()
    taken, end = [], time.perf_counter() + given.seconds
    while time.perf_counter() < end or len(taken) < 3:
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    taken.sort()
    return taken[len(taken) // 2]


results = {}
with torch.no_grad():
    for name, (c_in, extent, c_out, k, stride, pad, groups) in LAYERS.items():
        x = torch.randn(given.batch, c_in, extent, extent, dtype=torch.float32).to(kind)
        w = (torch.randn(c_out, c_in // groups, k, k) * 0.01).to(kind)
        b = torch.zeros(c_out, dtype=kind)
        window = ((stride, stride), (pad, pad), (1, 1))
        y = torch.ops.aten.convolution(x, w, b, *window, False, (0, 0), groups)
        dy = torch.randn_like(y)

        def forward(x, w):
            return lambda: torch.ops.aten.convolution(x, w, b, *window, False, (0, 0), groups)

        def backward(x, w, dy, mask):
            return lambda: torch.ops.aten.convolution_backward(dy, x, w, [c_out], *window, False, (0, 0), groups, mask)

        last = torch.channels_last
        ways = [(x, w, dy), (x.to(memory_format=last), w.to(memory_format=last), dy.to(memory_format=last))]
        passes = {"forward": [], "backward_data": [], "backward_weights": []}
        for x2, w2, dy2 in ways:
            passes["forward"].append(median_seconds(forward(x2, w2)))
            passes["backward_data"].append(median_seconds(backward(x2, w2, dy2, [True, False, False])))
            passes["backward_weights"].append(median_seconds(backward(x2, w2, dy2, [False, True, False])))
        if kind == torch.float32:  # forward in oneDNN's own layouts throughout
            xm = x.to_mkldnn()
            wm = torch._C._nn.mkldnn_reorder_conv2d_weight(w.to_mkldnn(), (pad, pad), (stride, stride), (1, 1), groups)
            passes["forward"].append(median_seconds(lambda: torch.mkldnn_convolution(
                xm, wm, b, (pad, pad), (stride, stride), (1, 1), groups)))
        operations = 2.0 * given.batch * c_out * y.shape[2] * y.shape[3] * (c_in // groups) * k * k
        results[name] = {p: {"seconds": min(t), "gflops": 1e-9 * operations / min(t)} for p, t in passes.items()}

if given.json:
    print(json.dumps(results))
else:
    for name, passes in results.items():
        for p, r in passes.items():
            print("%s %-17s %8.3f ms %8.1f GFLOP/s" % (name, p, 1e3 * r["seconds"], r["gflops"]))
