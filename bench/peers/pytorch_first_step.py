#!/usr/bin/python3
"""Repeats in PyTorch, from the same first weights and data, what bench/first_step wrote to a folder: every gradient of
the first step and the losses of the steps. Prints the differences; exit status 1 where they are too large.

    pytorch_first_step.py FOLDER [--json]
"""

import argparse
import json
import os

import numpy
import torch

import pytorch_networks as networks

GRADIENT_BAR = 1e-4  # relative to the parameter's gradient as a whole (Euclidean norm)
FIRST_LOSS_BAR = 1e-4
LAST_LOSS_BAR = 2e-2

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", action="store_true")
given = parser.parse_args()
torch.set_num_threads(given.threads)
with open(os.path.join(given.folder, "manifest.json")) as file:
    manifest = json.load(file)
batch, towers = manifest["batch"], ("a", "b")
net, _, _ = networks.make("cross_stitch", "caffenet", dropout=False)
net.train()


def values(name, kind="<f4"):
    return torch.from_numpy(numpy.fromfile(os.path.join(given.folder, name), dtype=kind).copy())


def ours_to_torch(name, flat, extents):
    """From our canonical layouts: convolutions {height, width, in, out}, linear {in, out} with in as (height, width,
    channels) where it reads an image, alphas {towers, towers, channels}."""
    x = flat.reshape(extents)
    if len(extents) == 4:
        return x.permute(3, 2, 0, 1)
    if name.endswith("fc6.weight"):
        return x.reshape(6, 6, -1, extents[1]).permute(3, 2, 0, 1).reshape(extents[1], -1)
    if name.endswith(".weight"):
        return x.t()
    return x


def torch_parameters():
    """Our name -> PyTorch's parameter."""
    named = {}
    for tower, stages in zip(towers, net.towers):
        layers = [m for stage in stages for m in stage if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
        for name, layer in zip(("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"), layers):
            named["%s.%s.weight" % (tower, name)] = layer.weight
            named["%s.%s.bias" % (tower, name)] = layer.bias
    for seam, stitch in zip(networks.SEAMS, net.stitches):
        named["stitch.%s.alpha" % seam] = stitch.alpha
    return named


named = torch_parameters()
extents = manifest["parameters"]
if set(extents) != set(named):
    raise SystemExit("parameters differ: %s" % sorted(set(extents) ^ set(named)))
with torch.no_grad():
    for name, parameter in named.items():
        parameter.copy_(ours_to_torch(name, values("initial/%s.f32" % name), extents[name]))

data = []
for k in range(manifest["data_batches"]):
    x = values("input%d.f32" % k).reshape(batch, 227, 227, 3).permute(0, 3, 1, 2).contiguous()
    data.append((x, [values("labels%d.%s.i32" % (k, t), "<i4").long() for t in towers]))

groups = {"weight": [], "bias": [], "alpha": []}
for name, parameter in named.items():
    groups[name.rsplit(".", 1)[1]].append(parameter)
rate = manifest["rate"]
optimizer = torch.optim.SGD(
    [{"params": groups["weight"], "weight_decay": manifest["decay"]},
     {"params": groups["bias"], "lr": rate * manifest["bias_scale"]},
     {"params": groups["alpha"], "lr": rate * manifest["stitch_scale"]}], rate, momentum=manifest["momentum"])

gradient_differences, losses = {}, []
for step in range(max(1, len(manifest["losses"]))):
    x, labels = data[step % len(data)]
    optimizer.zero_grad(set_to_none=True)
    loss = networks.loss_of(net(x), labels)
    loss.backward()
    if step == 0:
        for name, parameter in named.items():
            mine = ours_to_torch(name, values("gradient/%s.f32" % name), extents[name])
            gradient_differences[name] = float((mine - parameter.grad).norm() / parameter.grad.norm())
    losses.append(float(loss))
    optimizer.step()

loss_differences = [abs(a - b) / abs(b) for a, b in zip(manifest["losses"], losses)]
worst = max(gradient_differences, key=gradient_differences.get)
passed = (not gradient_differences[worst] > GRADIENT_BAR and gradient_differences[worst] == gradient_differences[worst]
          and loss_differences[0] <= FIRST_LOSS_BAR and max(loss_differences) <= LAST_LOSS_BAR)
result = {"worst_gradient": worst, "worst_gradient_difference": gradient_differences[worst], "gradients": gradient_differences,
          "first_loss_difference": loss_differences[0], "largest_loss_difference": max(loss_differences),
          "steps": len(losses), "losses_torch": losses, "losses_ours": manifest["losses"], "passed": passed}
if given.json:
    print(json.dumps(result))
else:
    for name, difference in gradient_differences.items():
        print("%-22s %.2e" % (name, difference))
    print("losses: first %.2e, largest %.2e over %d steps" % (loss_differences[0], max(loss_differences), len(losses)))
    print("passed" if passed else "FAILED")
raise SystemExit(0 if passed else 1)
