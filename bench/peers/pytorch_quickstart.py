#!/usr/bin/env python3
"""The networks of examples/quickstart.cpp in PyTorch: the same MultiFashion samples, budget and optimizer.

Prints one JSON line a seed: test accuracy of the one-task networks and of the cross-stitched pair.
Usage: pytorch_quickstart.py [--seeds 1,2,3] [--epochs 2] [--rate 0.05] [--data FOLDER]
"""
import argparse, gzip, json, math, os
import numpy, torch
import torch.nn as nn
import torch.nn.functional as F

MASK = numpy.uint64(0xFFFFFFFFFFFFFFFF)
GOLDEN = numpy.uint64(0x9E3779B97F4A7C15)


def mix(z):
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return z ^ (z >> numpy.uint64(31))


def narrow(key, name):
    """RandomKey::with(name) of core/random.hpp."""
    h = 0xCBF29CE484222325
    for c in name.encode():
        h = ((h ^ c) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    with numpy.errstate(over="ignore"):
        return mix(mix(key + GOLDEN) ^ (numpy.uint64(h) * numpy.uint64(0xD1342543DE82EF95) + numpy.uint64(1)))


def partners(split, count):
    with numpy.errstate(over="ignore"):
        key = narrow(narrow(mix(numpy.uint64(1) + GOLDEN), "multi_fashion"), split)
        bits = mix(mix(key + numpy.arange(count, dtype=numpy.uint64) * GOLDEN) + GOLDEN)
        return (((bits >> numpy.uint64(32)) * numpy.uint64(count)) >> numpy.uint64(32)).astype(numpy.int64)


def load(folder, split):
    stem = "train" if split == "train" else "t10k"
    with gzip.open(os.path.join(folder, stem + "-images-idx3-ubyte.gz")) as f:
        images = numpy.frombuffer(f.read(), numpy.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(os.path.join(folder, stem + "-labels-idx1-ubyte.gz")) as f:
        labels = numpy.frombuffer(f.read(), numpy.uint8, offset=8).astype(numpy.int64)
    other = partners(split, len(images))
    canvas = numpy.zeros((len(images), 36, 36), numpy.uint8)
    canvas[:, :28, :28] = images
    canvas[:, 8:, 8:] = numpy.maximum(canvas[:, 8:, 8:], images[other])
    x = (torch.from_numpy(canvas).float() / 255 - 0.3044) / 0.3639
    return x.unsqueeze(1), torch.from_numpy(labels), torch.from_numpy(labels[other])


def stages():
    return nn.ModuleList([
        nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(10, 20, 5), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Flatten(), nn.Linear(720, 50), nn.ReLU()),
        nn.Linear(50, 10)])


class Stitch(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([0.9, 0.1, 0.1, 0.9]).view(4, 1).repeat(1, channels))

    def forward(self, x, y):
        shape = (1, -1) + (1,) * (x.dim() - 2)
        a = [row.view(shape) for row in self.alpha]
        return a[0] * x + a[1] * y, a[2] * x + a[3] * y


class OneTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = stages()

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return (x,)


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = stages(), stages()
        self.stitch = nn.ModuleList([Stitch(c) for c in (10, 20, 50)])

    def forward(self, x):
        a, b = self.a[0](x), self.b[0](x)
        for i in range(1, 4):
            a, b = self.stitch[i - 1](a, b)
            a, b = self.a[i](a), self.b[i](b)
        return a, b


def train(net, x, labels, epochs, rate, batch=64, alpha_multiplier=1):
    alphas = [p for n, p in net.named_parameters() if "alpha" in n]
    others = [p for n, p in net.named_parameters() if "alpha" not in n]
    groups = [{"params": others, "scale": 1}] + ([{"params": alphas, "scale": alpha_multiplier}] if alphas else [])
    optimizer = torch.optim.SGD(groups, lr=rate, momentum=0.9)
    steps, step = epochs * math.ceil(len(x) / batch), 0
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for i in range(0, len(x), batch):
            for group in optimizer.param_groups:
                group["lr"] = group["scale"] * rate * (1 + math.cos(math.pi * step / steps)) / 2
            take = order[i:i + batch]
            optimizer.zero_grad(set_to_none=True)
            loss = sum(F.cross_entropy(y, label[take]) for y, label in zip(net(x[take]), labels))
            loss.backward()
            optimizer.step()
            step += 1


def accuracies(net, x, labels):
    net.eval()
    right = [0] * len(labels)
    with torch.no_grad():
        for i in range(0, len(x), 1000):
            for k, y in enumerate(net(x[i:i + 1000])):
                right[k] += (y.argmax(1) == labels[k][i:i + 1000]).sum().item()
    return [100.0 * r / len(x) for r in right]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    options = parser.parse_args()
    torch.set_num_threads(2)
    x, upper, lower = load(options.data, "train")
    test_x, test_upper, test_lower = load(options.data, "test")
    for seed in map(int, options.seeds.split(",")):
        torch.manual_seed(seed)
        result = {"seed": seed}
        for name, label, test_label in (("upper", upper, test_upper), ("lower", lower, test_lower)):
            net = OneTask()
            train(net, x, [label], options.epochs, options.rate)
            result["one_task_" + name] = accuracies(net, test_x, [test_label])[0]
        net = Pair()
        train(net, x, [upper, lower], options.epochs, options.rate)
        result["pair_upper"], result["pair_lower"] = accuracies(net, test_x, [test_upper, test_lower])
        print(json.dumps(result), flush=True)


main()
