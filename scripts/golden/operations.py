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


def unpool():
    file = new_file("unpool")

    def one(name, x, kernel, stride, padding, ceil):
        """Pool with indices, other values in its place, unpool to the pool's input."""
        x = x.requires_grad_(True)
        y, where = F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil, return_indices=True)
        r = random(*y.shape, low=-1, high=1)
        y.backward(r)
        file.array(name + "_x", x)
        file.array(name + "_y", y)
        file.array(name + "_where", where.double())
        file.array(name + "_dy", r)
        file.array(name + "_dx", x.grad)
        z = random(*y.shape).requires_grad_(True)
        back = F.max_unpool2d(z, where, kernel, stride, padding, output_size=x.shape[2:])
        r = random(*back.shape, low=-1, high=1)
        back.backward(r)
        file.array(name + "_z", z)
        file.array(name + "_back", back)
        file.array(name + "_dback", r)
        file.array(name + "_dz", z.grad)

    one("even", random(2, 3, 6, 4), 2, 2, 0, False)
    one("odd", random(1, 5, 7, 5), 2, 2, 0, False)
    one("ceil_pad", random(1, 2, 6, 7), (3, 2), (3, 2), (1, 0), True)
    # Overlapping windows: an index may come twice; values and their places only.
    x = random(1, 3, 7, 7)
    y, where = F.max_pool2d(x, 3, 2, return_indices=True)
    z = random(*y.shape)
    file.array("overlap_x", x)
    file.array("overlap_where", where.double())
    file.array("overlap_z", z)
    file.array("overlap_back", F.max_unpool2d(z, where, 3, 2, output_size=x.shape[2:]))
    file.write()


if __name__ == "__main__":
    for write in (more_activations, unpool):
        write()
