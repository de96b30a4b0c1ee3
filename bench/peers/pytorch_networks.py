"""The networks of bench/nets in PyTorch: CaffeNet, FCN-32s, ResNet-18 and SegNet towers, cross-stitched, alone, or as
an ensemble.

A tower is a list of stages with a seam behind each but the last: pool1, pool2, pool5, fc6, fc7 of CaffeNet.
"""

import resource
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F


class Stitch(nn.Module):
    """y_t = sum_s alpha[t, s] x_s, one alpha a channel; alpha is [towers, towers, channels]."""

    def __init__(self, towers, channels):
        super().__init__()
        other = 0.1 / (towers - 1)
        alpha = torch.full((towers, towers, channels), other)
        for t in range(towers):
            alpha[t, t] = 0.9
        self.alpha = nn.Parameter(alpha)

    def forward(self, xs):
        shape = (1, -1) + (1,) * (xs[0].dim() - 2)
        mixed = []
        for t in range(len(xs)):
            y = self.alpha[t, 0].view(shape) * xs[0]
            for s in range(1, len(xs)):
                y = y + self.alpha[t, s].view(shape) * xs[s]
            mixed.append(y)
        return mixed


class Lrn(nn.LocalResponseNorm):
    def __init__(self):
        super().__init__(5, 1e-4, 0.75, 1.0)


def features(width, pad):
    """conv1 to pool5, as three stages."""

    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    c96, c256, c384 = 96 // width, 256 // width, 384 // width
    return [
        nn.Sequential(nn.Conv2d(3, c96, 11, 4, padding=pad), nn.ReLU(True), pool()),
        nn.Sequential(Lrn(), nn.Conv2d(c96, c256, 5, padding=2, groups=2), nn.ReLU(True), pool()),
        nn.Sequential(Lrn(), nn.Conv2d(c256, c384, 3, padding=1), nn.ReLU(True),
                      nn.Conv2d(c384, c384, 3, padding=1, groups=2), nn.ReLU(True),
                      nn.Conv2d(c384, c256, 3, padding=1, groups=2), nn.ReLU(True), pool()),
    ]


def caffenet(outputs, width=1, dropout=True):
    c256, c4096 = 256 // width, 4096 // width
    drop = [nn.Dropout()] if dropout else []
    return nn.ModuleList(features(width, 0) + [
        nn.Sequential(nn.Flatten(), nn.Linear(36 * c256, c4096), nn.ReLU(True), *drop),
        nn.Sequential(nn.Linear(c4096, c4096), nn.ReLU(True), *drop),
        nn.Sequential(nn.Linear(c4096, outputs)),
    ])


class Crop(nn.Module):
    def __init__(self, offset, height, width):
        super().__init__()
        self.window = (offset, height, width)

    def forward(self, x):
        offset, height, width = self.window
        return x[:, :, offset:offset + height, offset:offset + width]


def fcn32s(outputs, height=240, width=320):
    up = nn.ConvTranspose2d(outputs, outputs, 63, 32, groups=outputs, bias=False)
    line = 1 - (torch.arange(63) - 31).abs() / 32
    with torch.no_grad():
        up.weight.copy_((line[:, None] * line[None, :]).expand_as(up.weight))
    up.weight.requires_grad_(False)
    return nn.ModuleList(features(1, 100) + [
        nn.Sequential(nn.Conv2d(256, 4096, 6), nn.ReLU(True), nn.Dropout()),
        nn.Sequential(nn.Conv2d(4096, 4096, 1), nn.ReLU(True), nn.Dropout()),
        nn.Sequential(nn.Conv2d(4096, outputs, 1), up, Crop(18, height, width)),
    ])


def resnet18(outputs):
    """torchvision's, as stages: what comes before layer1 with it, layer2, layer3, layer4, and the head."""
    import torchvision

    net = torchvision.models.resnet18(weights=None, num_classes=outputs)
    return nn.ModuleList([
        nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1), net.layer2, net.layer3, net.layer4,
        nn.Sequential(net.avgpool, nn.Flatten(), net.fc),
    ])


class SegNet(nn.Module):
    """Badrinarayanan et al.: five stages of VGG-16 with batch normalisation, and their mirror images, which put elements
    back where the maxima were. Stages are called one by one; indices of the pools pass from the encoder's to the
    decoder's."""

    WIDTHS = (64, 128, 256, 512, 512)
    DEPTHS = (2, 2, 3, 3, 3)

    def __init__(self, outputs):
        super().__init__()

        def layers(inputs, widths):
            made = []
            for width in widths:
                made += [nn.Conv2d(inputs, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(True)]
                inputs = width
            return nn.Sequential(*made)

        before = (3,) + self.WIDTHS[:-1]
        self.down = nn.ModuleList([layers(before[i], [self.WIDTHS[i]] * self.DEPTHS[i]) for i in range(5)])
        self.up = nn.ModuleList([
            layers(self.WIDTHS[i], [self.WIDTHS[i]] * (self.DEPTHS[i] - 1) + ([before[i]] if i > 0 else []))
            for i in range(4, -1, -1)
        ])
        self.score = nn.Conv2d(self.WIDTHS[0], outputs, 3, padding=1)

    def stage(self, i, x):
        """Stages 0 to 4 end with a pool, 5 to 9 begin with its inverse."""
        if i < 5:
            if i == 0:
                self.where = []
            x = self.down[i](x)
            size = x.shape
            x, indices = F.max_pool2d(x, 2, 2, return_indices=True)
            self.where.append((indices, size))
            return x
        indices, size = self.where.pop()
        x = self.up[i - 5](F.max_unpool2d(x, indices, 2, 2, output_size=size))
        return x


class WovenSegNets(nn.Module):
    """SegNets side by side, stitched after each pool and after each stage of the decoder."""

    def __init__(self, towers, stitched):
        super().__init__()
        self.towers = nn.ModuleList(towers)
        widths = SegNet.WIDTHS + SegNet.WIDTHS[3::-1] + SegNet.WIDTHS[:1]
        self.stitches = nn.ModuleList([Stitch(len(towers), w) for w in widths] if stitched else [])

    def forward(self, x):
        xs = [x] * len(self.towers)
        for i in range(10):
            xs = [tower.stage(i, v) for tower, v in zip(self.towers, xs)]
            if len(self.stitches) > 0:
                xs = self.stitches[i](xs)
        return [tower.score(v) for tower, v in zip(self.towers, xs)]


class Woven(nn.Module):
    """Towers side by side; `stitched` says whether they mix at the seams. All read the same input."""

    def __init__(self, towers, stitched):
        super().__init__()
        self.towers = nn.ModuleList(towers)
        self.stages = len(towers[0])
        widths = [self.width_of(stage) for stage in towers[0][:-1]]
        self.stitches = nn.ModuleList([Stitch(len(towers), w) for w in widths] if stitched else [])

    @staticmethod
    def width_of(stage):
        """Channels after a stage: those of its last layer with weights, but for the projection of a shortcut (1x1)."""
        layers = [m for m in stage.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        wide = [m for m in layers if getattr(m, "kernel_size", 0) != (1, 1)]
        last = (wide or layers)[-1]
        return last.out_channels if isinstance(last, nn.Conv2d) else last.out_features

    def forward(self, x):
        xs = [x] * len(self.towers)
        for i in range(self.stages):
            xs = [tower[i](v) for tower, v in zip(self.towers, xs)]
            if i < self.stages - 1 and len(self.stitches) > 0:
                xs = self.stitches[i](xs)
        return xs


def make(network, model, towers=2, width=1, dropout=True):
    """Returns the network, the number of outputs of each tower, and the shape of an input image (C, H, W)."""
    count = {"cross_stitch": towers, "one_task": 1, "ensemble": 2}[network]
    if model == "caffenet":
        outputs, shape = [1000] * count, (3, 227, 227)
        nets = [caffenet(o, width, dropout) for o in outputs]
    elif model == "resnet18":
        outputs, shape = [1000] * count, (3, 224, 224)
        nets = [resnet18(o) for o in outputs]
    elif model == "segnet":
        outputs, shape = [13] * count, (3, 96, 128)
        return WovenSegNets([SegNet(o) for o in outputs], network == "cross_stitch"), outputs, shape
    else:
        outputs = [40, 20] if network == "cross_stitch" else [40] * count
        shape = (3, 240, 320)
        nets = [fcn32s(o) for o in outputs]
    return Woven(nets, network == "cross_stitch"), outputs, shape


def random_labels(given, outputs, shape):
    """A class a sample, or a pixel of a network that is convolutional throughout; for each tower."""
    pixels = () if given.model in ("caffenet", "resnet18") else tuple(shape[1:])
    return [torch.randint(0, o, (given.batch, *pixels)) for o in outputs]


def sgd(net, rate=0.0005, alpha_multiplier=100.0):
    """The groups of xs::Sgd: biases twice the rate and no decay, alphas alpha_multiplier times the rate and no decay."""
    weights, biases, alphas = [], [], []
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            (alphas if "alpha" in name else biases if name.endswith("bias") else weights).append(parameter)
    groups = [{"params": weights, "weight_decay": 5e-4}, {"params": biases, "lr": 2 * rate, "weight_decay": 0}]
    if alphas:
        groups.append({"params": alphas, "lr": alpha_multiplier * rate, "weight_decay": 0})
    return torch.optim.SGD(groups, rate, momentum=0.9)


def arguments(description):
    import argparse

    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--network", default="cross_stitch", choices=("cross_stitch", "one_task", "ensemble"))
    parser.add_argument("--model", default="caffenet", choices=("caffenet", "fcn32s", "resnet18", "segnet"))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--towers", type=int, default=2)
    parser.add_argument("--width", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    return given


def measure(given, step, warm_up=2, patience=60):
    """Runs warm_up + steps, prints the median as the C++ programs do. Stops early where steps take a minute (bf16 without
    instructions for it): after one that was measured, in seconds altogether `patience`."""
    import json

    begin = time.perf_counter()
    for _ in range(warm_up):
        step()
        if time.perf_counter() - begin > patience / 2:
            break
    seconds = []
    for _ in range(given.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
        if time.perf_counter() - begin > patience:
            break
    seconds.sort()
    half = len(seconds) // 2
    middle = seconds[half] if len(seconds) % 2 else (seconds[half - 1] + seconds[half]) / 2
    figures = {
        "network": given.network, "model": given.model, "batch": given.batch, "precision": given.precision,
        "threads": given.threads, "steps": len(seconds), "torch": torch.__version__,
        "seconds_per_step": middle, "seconds_per_step_least": seconds[0], "images_per_second": given.batch / middle,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    if given.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print("%-22s %s" % (name.replace("_", " "), value))
    sys.stdout.flush()


def loss_of(outputs, labels):
    """Sum of the towers' losses. Labels are class indices, or for the normals' words a distribution a pixel."""
    def one(scores, target):
        if target.is_floating_point():
            return F.cross_entropy(scores, target)
        # 255 is "ignore", as in the library, only where it is no class.
        return F.cross_entropy(scores, target, ignore_index=255 if scores.shape[1] <= 255 else -1)

    return sum(one(o.float(), t) for o, t in zip(outputs, labels))
