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


def frozen_norm():
    """BatchNorm in eval mode, with gradients."""
    file = new_file("frozen_norm")
    x = (random(3, 5, 4, 2) + torch.arange(5.0).view(1, 5, 1, 1)).requires_grad_(True)
    layer = torch.nn.BatchNorm2d(5).eval()
    with torch.no_grad():
        layer.weight.copy_(random(5))
        layer.bias.copy_(random(5))
        layer.running_mean.copy_(random(5))
        layer.running_var.copy_(random(5, low=0.5, high=2))
    norm(file, "frozen", layer, x)
    file.plain("frozen_running_mean", layer.running_mean)
    file.plain("frozen_running_var", layer.running_var)
    file.write()


def norm(file, name, layer, x, order=lambda w: w):
    """x, y, dy, dx, weight, bias and their gradients of a layer; `order`: from PyTorch's axes of a weight to ours."""
    y = layer(x)
    r = random(*y.shape, low=-1, high=1)
    y.backward(r)
    for what, values in (("x", x), ("y", y), ("dy", r), ("dx", x.grad)):
        file.array(f"{name}_{what}", values)
    for what in ("weight", "bias"):
        file.plain(f"{name}_{what}", order(getattr(layer, what)))
        file.plain(f"{name}_d{what}", order(getattr(layer, what).grad))


def group_norm():
    file = new_file("group_norm")

    def one(name, layer, x, order=lambda w: w):
        with torch.no_grad():
            layer.weight.copy_(random(*layer.weight.shape))
            layer.bias.copy_(random(*layer.bias.shape))
        norm(file, name, layer, (x + 3).requires_grad_(True), order)

    one("groups_3", torch.nn.GroupNorm(3, 6), random(2, 6, 3, 4))
    one("groups_1", torch.nn.GroupNorm(1, 5, eps=0.25), random(2, 5, 3, 2))
    one("layer_all", torch.nn.LayerNorm([5, 3, 2]), random(3, 5, 3, 2), lambda w: w.permute(1, 2, 0))

    class OverChannels(torch.nn.LayerNorm):
        def forward(self, x):
            return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    one("layer_channels", OverChannels(7, eps=0.01), random(2, 7, 2, 3))
    file.write()


if __name__ == "__main__":
    for write in (more_activations, unpool, frozen_norm, group_norm):
        write()
