#!/usr/bin/python3
"""Inference of the networks of bench/nets in PyTorch, timed; the face of bench/infer."""

import torch

import pytorch_networks as networks

given = networks.arguments(__doc__)
net, outputs, shape = networks.make(given.network, given.model, given.towers, given.width)
net.eval()
x = torch.randn(given.batch, *shape)


def step():
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=given.precision == "bf16"):
        return [o.float().softmax(1) for o in net(x)]


networks.measure(given, step)
