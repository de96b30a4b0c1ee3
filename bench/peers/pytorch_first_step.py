#!/usr/bin/python3
"""Repeats in PyTorch, from the same first weights and data, what bench/first_step wrote to a folder: every gradient of
the first step and the losses of the steps. Prints the differences; exit status 1 where they are too large.

    pytorch_first_step.py FOLDER [--json]

A gradient is not continuous: where two values under a pool differ by less than rounding, two exact programs may send
the gradient different ways, and everything before that pool differs by a part in a thousand. PyTorch in fp32 shows it
against PyTorch in fp64. Therefore gradients are compared sample by sample, and those samples count for which PyTorch
agrees with itself; for the whole first batch the parameters behind the last pool count.
"""

import argparse
import json
import os

import numpy
import torch

import pytorch_networks as networks

GRADIENT_BAR = 1e-4  # relative to the parameter's gradient as a whole (Euclidean norm)
AGREES_WITH_ITSELF = 1e-5
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



def gradients(x, labels):
    net.zero_grad(set_to_none=True)
    outputs = net(x)
    sum(torch.nn.functional.cross_entropy(o, t) for o, t in zip(outputs, labels)).backward()
    return {name: parameter.grad.clone() for name, parameter in torch_parameters().items()}


def difference(a, b):
    return float((a.double() - b.double()).norm() / b.double().norm())


def compare(folder, fp32, fp64):
    """For each parameter: our distance from PyTorch in fp32, ours from fp64, PyTorch's own from fp64."""
    result = {}
    for name in fp32:
        mine = ours_to_torch(name, values("%s/%s.f32" % (folder, name)), extents[name])
        result[name] = [difference(mine, fp32[name]), difference(mine, fp64[name]), difference(fp32[name], fp64[name])]
    return result


sets = [("gradient", data[0][0], data[0][1])]
sets += [("gradient%d" % k, x[:1], [t[:1] for t in labels]) for k, (x, labels) in enumerate(data)]
single = [gradients(x, labels) for _, x, labels in sets]
net.double()
found = {}
for (folder, x, labels), fp32 in zip(sets, single):
    found[folder] = compare(folder, fp32, gradients(x.double(), labels))
net.float()


def worst(differences, which, names=None):
    """The largest difference of that kind; NaN counts as infinite."""
    return max(d[which] if d[which] == d[which] else float("inf") for n, d in differences.items() if names is None or n in names)


behind_pools = {n for n in found["gradient"] if ".fc" in n or "pool5" in n}
samples = {f: d for f, d in found.items() if f != "gradient" and worst(d, 2) <= AGREES_WITH_ITSELF}
agreeing = [f for f, d in samples.items() if worst(d, 0) <= GRADIENT_BAR]
gradient_difference = min((worst(d, 0) for d in samples.values()), default=float("inf"))
batch_difference = worst(found["gradient"], 0, behind_pools)

groups = {"weight": [], "bias": [], "alpha": []}
for name, parameter in named.items():
    groups[name.rsplit(".", 1)[1]].append(parameter)
rate = manifest["rate"]
optimizer = torch.optim.SGD(
    [{"params": groups["weight"], "weight_decay": manifest["decay"]},
     {"params": groups["bias"], "lr": rate * manifest["bias_multiplier"]},
     {"params": groups["alpha"], "lr": rate * manifest["alpha_multiplier"]}], rate, momentum=manifest["momentum"])

losses = []
for step in range(max(1, len(manifest["losses"]))):
    x, labels = data[step % len(data)]
    optimizer.zero_grad(set_to_none=True)
    loss = networks.loss_of(net(x), labels)
    loss.backward()
    losses.append(float(loss))
    optimizer.step()

loss_differences = [abs(a - b) / abs(b) for a, b in zip(manifest["losses"], losses)]
passed = (len(agreeing) > 0 and batch_difference <= GRADIENT_BAR and loss_differences[0] <= FIRST_LOSS_BAR
          and max(loss_differences) <= LAST_LOSS_BAR)
result = {"gradient_difference": gradient_difference, "samples": len(samples), "samples_agreeing": len(agreeing),
          "batch_difference": batch_difference, "gradients": found, "first_loss_difference": loss_differences[0],
          "largest_loss_difference": max(loss_differences), "steps": len(losses), "losses_torch": losses,
          "losses_ours": manifest["losses"], "passed": passed}
if given.json:
    print(json.dumps(result))
else:
    for folder, differences in found.items():
        print("%-10s largest: ours to fp32 %.1e, ours to fp64 %.1e, fp32 to fp64 %.1e" % (
            folder, *(worst(differences, k) for k in range(3))))
    shown = agreeing[0] if agreeing else "gradient"
    for name, d in found[shown].items():
        print("%-22s ours to fp32 %.1e, ours to fp64 %.1e, fp32 to fp64 %.1e" % (name, *d))
    print("gradients: %d of %d samples agree, best %.1e; first batch behind the pools %.1e" % (
        len(agreeing), len(samples), gradient_difference, batch_difference))
    print("losses: first %.1e, largest %.1e over %d steps" % (loss_differences[0], max(loss_differences), len(losses)))
    print("passed" if passed else "FAILED")
raise SystemExit(0 if passed else 1)
