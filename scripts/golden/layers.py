#!/usr/bin/env python3
"""Writes tests/golden/{activations,pool,lrn,batch_norm,upsample,transposed_conv}.inc: what PyTorch computes for the
layers, in NHWC, with gradients of <r, y> for random r. Needs python3-torch (made with 1.13)."""
import pathlib

import torch
import torch.nn.functional as F

folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
generator = torch.Generator().manual_seed(20160627)


def random(*shape, low=-2.0, high=2.0):
    return torch.rand(*shape, generator=generator) * (high - low) + low


class File:
    def __init__(self, name, program="layers.py"):
        self.path = folder / (name + ".inc")
        self.lines = [f"// Written by scripts/golden/{program} with PyTorch {torch.__version__.split('+')[0]}."]

    def array(self, name, values):
        """4-d tensors are images: NCHW to NHWC."""
        values = values.detach()
        if values.dim() == 4:
            values = values.permute(0, 2, 3, 1)
        self.plain(name, values)

    def plain(self, name, values):
        numbers = [f"{v:.9g}" for v in values.detach().contiguous().flatten().tolist()]
        numbers = [n + ("F" if "." in n or "e" in n else ".0F") for n in numbers]
        self.lines.append(f"inline constexpr float {name}[] = {{")
        self.lines += ["    " + ", ".join(numbers[i:i + 10]) + "," for i in range(0, len(numbers), 10)]
        self.lines.append("};")

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def pair(file, name, function, x, given=True):
    """x, y, r, dx of one function."""
    x = x.clone().requires_grad_(True)
    y = function(x)
    r = random(*y.shape, low=-1, high=1)
    y.backward(r)
    if given:
        file.array(name + "_x", x)
    file.array(name + "_y", y)
    file.array(name + "_dy", r)
    file.array(name + "_dx", x.grad)


def activations():
    file = File("activations")
    x = torch.cat([random(1, 27, 1, 1, low=-6, high=6), torch.tensor([-30.0, -9, 0, 9, 30]).view(1, 5, 1, 1)], 1)
    file.array("activation_x", x)
    for name, function in [("relu", F.relu), ("leaky_relu", lambda v: F.leaky_relu(v, 0.125)),
                           ("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("gelu", F.gelu),
                           ("gelu_tanh", lambda v: F.gelu(v, approximate="tanh"))]:
        pair(file, name, function, x, given=False)
    file.write()


def pool():
    file = File("pool")
    pair(file, "max_3_2_ceil", lambda v: F.max_pool2d(v, 3, 2, ceil_mode=True), random(2, 3, 8, 6))
    pair(file, "max_3_2_floor", lambda v: F.max_pool2d(v, 3, 2), random(1, 3, 8, 7))
    # Padding and ceil: the window that would start beyond the input is dropped; all values negative.
    pair(file, "max_3_2_pad_ceil", lambda v: F.max_pool2d(v, 3, 2, 1, ceil_mode=True), random(1, 5, 6, 9) - 5)
    pair(file, "max_2_3_rect", lambda v: F.max_pool2d(v, (2, 3), (1, 2), (1, 0)), random(1, 4, 5, 7))
    x = random(2, 3, 7, 6)
    file.array("average_x", x)
    for include in (True, False):
        for ceil in (True, False):
            name = f"average_{'include' if include else 'covered'}_{'ceil' if ceil else 'floor'}"
            pair(file, name, lambda v: F.avg_pool2d(v, 3, 2, 1, ceil_mode=ceil, count_include_pad=include), x, given=False)
    pair(file, "global_average", lambda v: F.adaptive_avg_pool2d(v, 1), random(2, 5, 3, 4))
    file.write()


def lrn():
    file = File("lrn")
    pair(file, "lrn_5", lambda v: F.local_response_norm(v, 5, 1e-4, 0.75, 1.0), random(1, 17, 2, 2) * 40)
    pair(file, "lrn_5_strong", lambda v: F.local_response_norm(v, 5, 1.0, 0.75, 2.0), random(1, 17, 2, 2))
    pair(file, "lrn_3_beta", lambda v: F.local_response_norm(v, 3, 0.5, 0.6, 1.0), random(1, 4, 2, 2))
    file.write()


def batch_norm():
    file = File("batch_norm")
    x = (random(3, 5, 4, 2) + torch.arange(5.0).view(1, 5, 1, 1)).requires_grad_(True)
    layer = torch.nn.BatchNorm2d(5)
    with torch.no_grad():
        layer.weight.copy_(random(5))
        layer.bias.copy_(random(5))
        layer.running_mean.copy_(random(5))
        layer.running_var.copy_(random(5, low=0.5, high=2))
    for name in ("weight", "bias", "running_mean", "running_var"):
        file.plain("before_" + name, getattr(layer, name).clone())
    y = layer.eval()(x)
    file.array("inference_y", y)
    r = random(*x.shape, low=-1, high=1)
    y = layer.train()(x)
    y.backward(r)
    file.array("norm_x", x)
    file.array("norm_y", y)
    file.array("norm_dy", r)
    file.array("norm_dx", x.grad)
    file.plain("norm_dweight", layer.weight.grad)
    file.plain("norm_dbias", layer.bias.grad)
    file.plain("after_running_mean", layer.running_mean)
    file.plain("after_running_var", layer.running_var)
    file.write()


def upsample():
    file = File("upsample")
    for name, factor, shape in [("upsample_2", 2, (2, 3, 4, 3)), ("upsample_3_2", (3, 2), (1, 2, 2, 5))]:
        pair(file, name, lambda v: F.interpolate(v, scale_factor=factor, mode="bilinear", align_corners=False),
             random(*shape))
    file.write()


def transposed_conv():
    file = File("transposed_conv")

    def one(name, x, channels_out, kernel, stride, padding, groups, bias):
        x = x.requires_grad_(True)
        w = random(x.shape[1], channels_out // groups, *kernel, low=-1, high=1).requires_grad_(True)
        b = random(channels_out).requires_grad_(True) if bias else None
        y = F.conv_transpose2d(x, w, b, stride, padding, 0, groups)
        r = random(*y.shape, low=-1, high=1)
        y.backward(r)
        file.array(name + "_x", x)
        file.plain(name + "_weight", w.permute(2, 3, 1, 0))  # {height, width, out / groups, in}
        file.array(name + "_y", y)
        file.array(name + "_dy", r)
        file.array(name + "_dx", x.grad)
        file.plain(name + "_dweight", w.grad.permute(2, 3, 1, 0))
        if bias:
            file.plain(name + "_bias", b)
            file.plain(name + "_dbias", b.grad)

    one("dense", random(2, 5, 3, 2), 4, (3, 3), (2, 2), (1, 1), 1, True)
    one("grouped", random(1, 6, 2, 3), 4, (2, 4), (1, 3), (0, 1), 2, True)
    one("single", random(2, 5, 2, 3), 5, (4, 4), (2, 2), (1, 1), 5, False)
    file.write()


if __name__ == "__main__":
    for write in (activations, pool, lrn, batch_norm, upsample, transposed_conv):
        write()
