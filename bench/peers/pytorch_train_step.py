#!/usr/bin/python3
"""One whole training step of the networks of bench/nets in PyTorch, timed; the face of bench/train_step.

For PyTorch's best, preload tcmalloc and choose OpenBLAS (scripts/bench does)."""

import torch

import pytorch_networks as networks

given = networks.arguments(__doc__)
net, outputs, shape = networks.make(given.network, given.model, given.towers, given.width)
net.train()
x = torch.randn(given.batch, *shape)
labels = networks.random_labels(given, outputs, shape)
optimizer = networks.sgd(net)


def step():
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=given.precision == "bf16"):
        loss = networks.loss_of(net(x), labels)
    loss.backward()
    optimizer.step()


networks.measure(given, step)
