#!/usr/bin/env python3
"""Writes tests/golden/units.inc: weave units as PyTorch computes them, in NHWC, with gradients of <r, y> for random r.
NDDR is a 1x1 convolution over the concatenated towers; sluice mixes subspaces; the simplex unit takes a softmax. Needs
python3-torch (made with 1.13)."""
import pathlib

import torch
import torch.nn.functional as F

folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
generator = torch.Generator().manual_seed(20190616)


def random(*shape):
    return (4 * torch.rand(*shape, generator=generator) - 2).requires_grad_()


lines = [f"// Written by scripts/golden/units.py with PyTorch {torch.__version__.split('+')[0]}."]


def array(name, tensors):
    """Images, NCHW to NHWC, one after the other; or a parameter as it is."""
    flat = [t.detach().permute(0, 2, 3, 1).flatten() if t.dim() == 4 else t.detach().flatten() for t in tensors]
    numbers = [f"{v:.9g}" for v in torch.cat(flat).tolist()]
    numbers = [n + ("F" if "." in n or "e" in n else ".0F") for n in numbers]
    lines.append(f"inline constexpr float {name}[] = {{")
    lines.extend("    " + ", ".join(numbers[i:i + 10]) + "," for i in range(0, len(numbers), 10))
    lines.append("};")


def unit(name, towers, channels, height, width, parameter, mix, reported=lambda p: p):
    """mix(x, p): the list of outputs. `reported`: the parameter in our order of extents."""
    x = [random(2, channels, height, width) for _ in range(towers)]
    y = mix(x, parameter)
    dy = [random(*t.shape).detach() for t in y]
    torch.autograd.backward(y, dy)
    array(name + "_x", x)
    array(name + "_parameter", [reported(parameter)])
    array(name + "_y", y)
    array(name + "_dy", dy)
    array(name + "_dx", [t.grad for t in x])
    array(name + "_gradient", [reported(parameter.grad)])


def nddr(x, kernels):  # [to, out, from * in]: what Conv2d has for each tower
    return [F.conv2d(torch.cat(x, 1), k[:, :, None, None]) for k in kernels]


def nddr_extents(towers, channels):  # {to, from, in, out}
    return lambda p: p.reshape(towers, channels, towers, channels).permute(0, 2, 3, 1).reshape(-1)


def sluice(subspaces):
    def mix(x, alpha):
        parts = torch.stack([part for t in x for part in t.chunk(subspaces, 1)])
        mixed = torch.einsum("ij,jnchw->inchw", alpha, parts)
        return [torch.cat(list(mixed[t * subspaces:(t + 1) * subspaces]), 1) for t in range(len(x))]
    return mix


def simplex(x, logit):  # [to, from, channels or 1]
    alpha = torch.softmax(logit, 1)
    return [sum(alpha[t, s][None, :, None, None] * x[s] for s in range(len(x))) for t in range(len(x))]


unit("nddr_map", 2, 3, 3, 2, random(2, 3, 2 * 3), nddr, nddr_extents(2, 3))
unit("nddr_vector", 3, 4, 1, 1, random(3, 4, 3 * 4), nddr, nddr_extents(3, 4))
unit("sluice", 2, 6, 2, 2, random(4, 4), sluice(2))
unit("sluice_three", 3, 3, 2, 1, random(9, 9), sluice(3))
unit("simplex_channel", 2, 3, 2, 2, random(2, 2, 3), simplex)
unit("simplex_layer", 3, 2, 1, 3, random(3, 3, 1), simplex)
(folder / "units.inc").write_text("\n".join(lines) + "\n")
