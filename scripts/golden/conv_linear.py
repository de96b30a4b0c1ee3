#!/usr/bin/env python3
"""Writes tests/golden/conv_linear.inc: outputs and gradients of <r, y> that PyTorch computes for convolutions and a
linear layer after an image, in the layouts of xstitch. Needs python3-torch (made with 1.13)."""
import pathlib

import torch
import torch.nn.functional as F

generator = torch.Generator().manual_seed(20160628)
lines = [f"// Written by scripts/golden/conv_linear.py with PyTorch {torch.__version__.split('+')[0]}."]


def random(*shape):
    return (torch.rand(*shape, generator=generator) * 2 - 1).requires_grad_(True)


def array(name, values, *order):
    numbers = [f"{v:.9g}" for v in values.detach().permute(*order).contiguous().flatten().tolist()]
    numbers = [n + ("F" if "." in n or "e" in n else ".0F") for n in numbers]
    lines.append(f"inline constexpr float {name}[] = {{")
    lines.extend("    " + ", ".join(numbers[i:i + 10]) + "," for i in range(0, len(numbers), 10))
    lines.append("};")


def conv(name, x, out, kernel, groups=1, **options):
    w, b = random(out, x.shape[1] // groups, *kernel), random(out)
    x = x.detach().requires_grad_(True)
    y = F.conv2d(x, w, b, groups=groups, **options)
    r = random(*y.shape)
    y.backward(r)
    nhwc, hwio = (0, 2, 3, 1), (2, 3, 1, 0)
    for suffix, values, order in [("x", x, nhwc), ("w", w, hwio), ("b", b, (0,)), ("y", y, nhwc), ("dy", r, nhwc),
                                  ("dx", x.grad, nhwc), ("dw", w.grad, hwio), ("db", b.grad, (0,))]:
        array(f"{name}_{suffix}", values, *order)


conv("strided", random(2, 3, 9, 11), 5, (5, 3), stride=(3, 2), padding=(2, 1))
conv("grouped", random(1, 4, 6, 7), 6, (3, 3), groups=2, padding=1)
conv("dilated", random(2, 2, 8, 9), 3, (3, 2), dilation=(2, 3), padding=(1, 0))
conv("depthwise", random(1, 5, 7, 6), 5, (3, 3), groups=5, stride=2, padding=1)

x, w, b = random(3, 2, 3, 4), random(7, 24), random(7)
y = F.linear(x.permute(0, 2, 3, 1).reshape(3, -1), w, b)
r = random(*y.shape)
y.backward(r)
for suffix, values, order in [("x", x, (0, 2, 3, 1)), ("w", w, (1, 0)), ("b", b, (0,)), ("y", y, (0, 1)),
                              ("dy", r, (0, 1)), ("dx", x.grad, (0, 2, 3, 1)), ("dw", w.grad, (1, 0)),
                              ("db", b.grad, (0,))]:
    array(f"linear_{suffix}", values, *order)

folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
(folder / "conv_linear.inc").write_text("\n".join(lines) + "\n")
