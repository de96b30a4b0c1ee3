#!/usr/bin/env python3
"""Writes tests/golden/{more_activations,unpool,pad,frozen_norm,group_norm}.inc: what PyTorch computes for operations, in
NHWC, with gradients of <r, y> for random r. Needs python3-torch (made with 1.13)."""
import torch
import torch.nn.functional as F

from layers import File, pair, random


def new_file(name):
    return File(name, "operations.py")


def more_activations():
    file = new_file("more_activations")
    x = torch.cat([random(1, 27, 1, 1, low=-8, high=8), torch.tensor([-30.0, -9, 0.5, 9, 30]).view(1, 5, 1, 1)], 1)
    file.array("more_x", x)
    for name, function in [("relu6", F.relu6), ("softplus", F.softplus), ("elu", lambda v: F.elu(v, 1.5)),
                           ("swish", F.silu), ("hard_swish", F.hardswish), ("hard_sigmoid", F.hardsigmoid)]:
        pair(file, name, function, x, given=False)
    file.write()


if __name__ == "__main__":
    for write in (more_activations,):
        write()
