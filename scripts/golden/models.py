#!/usr/bin/env python3
"""Usage: models.py [NAME...]
Writes tests/golden/NAME.inc: what torchvision's models compute in double precision, from weights and images that both
sides make from a formula, so that a file holds results alone: scores in inference, the loss of a training step, and of
each gradient (and running statistic after the step) its norm, its largest element and four samples.
Needs python3-torch and python3-torchvision (made with 1.13 and 0.14)."""
import math
import pathlib
import sys

import numpy
import torch
import torch.nn.functional as F
import torchvision.models as models
from torch import nn
from torchvision.models import resnet
from torchvision.models.segmentation import deeplabv3

folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
CLASSES = 5


# The formula: a number in [-1, 1) for each name and index. tests/models/golden.hpp has the same.
def bits(name, index):
    seed = numpy.uint32(2166136261)
    with numpy.errstate(over="ignore"):
        for letter in name.encode():
            seed = (seed ^ numpy.uint32(letter)) * numpy.uint32(16777619)
        x = seed + index.astype(numpy.uint32) * numpy.uint32(0x9E3779B9)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            x = (x ^ (x >> numpy.uint32(shift))) * numpy.uint32(factor)
        return x ^ (x >> numpy.uint32(16))


def unit(name, count):
    return (bits(name, numpy.arange(count)) >> numpy.uint32(8)) * 2.0**-23 - 1.0


def values(name, shape):
    u = unit(name, math.prod(shape))
    if name.endswith("running_var"):
        u = 1.0 + 0.5 * u
    elif name.endswith("running_mean") or name.endswith("bias"):
        u = 0.1 * u
    elif len(shape) == 1:
        u = 1.0 + 0.25 * u
    elif name != "image":
        u = math.sqrt(6.0 / math.prod(shape[1:])) * u
    return torch.from_numpy(u.astype(numpy.float32).astype(numpy.float64)).reshape(shape)


def samples(name, tensor, count):
    flat = tensor.detach().flatten()
    return [flat[int(i) % flat.numel()].item() for i in bits(name + " samples", numpy.arange(count))]


def floats(numbers):
    texts = [f"{n:.9g}" for n in numbers]
    return ", ".join(t + ("F" if "." in t or "e" in t else ".0F") for t in texts)


class ByInference(nn.Module):
    """torchvision's segmentation models give a dictionary."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]


def write(name, model, height, width, batch):
    inner = model.model if isinstance(model, ByInference) else model
    inner.double()
    state = inner.state_dict()
    with torch.no_grad():
        for key, tensor in state.items():
            if not key.endswith("num_batches_tracked"):
                tensor.copy_(values(key, tensor.shape))
    image = values("image", (batch, 3, height, width))
    model.eval()
    with torch.no_grad():
        scores = model(image)
    count = scores.numel() // CLASSES
    labels = torch.from_numpy((bits("labels", numpy.arange(count)) % CLASSES).astype(numpy.int64))
    labels = labels.reshape([scores.shape[0], *scores.shape[2:]])
    inference_loss = F.cross_entropy(scores, labels).item()
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    loss = F.cross_entropy(model(image), labels)
    loss.backward()

    lines = [f"// Written by scripts/golden/models.py with PyTorch {torch.__version__[:6]}.", f"namespace {name} {{",
             f"inline constexpr double inference_loss = {inference_loss:.12g}, training_loss = {loss.item():.12g};",
             f"inline constexpr double largest_score = {scores.abs().max().item():.9g};",
             "inline constexpr float scores[] = {", f"    {floats(samples('scores', scores, 20))}}};",
             "inline constexpr golden::Tensor tensors[] = {"]
    gradients = {key: p.grad for key, p in inner.named_parameters()}
    for key, tensor in inner.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        result = gradients.get(key, tensor)
        shape = ", ".join(str(extent) for extent in tensor.shape)
        lines.append(f'    {{"{key}", {{{shape}}}, {result.norm().item():.9g}, {result.abs().max().item():.9g},\n'
                     f"     {{{floats(samples(key, result, 4))}}}}},")
    lines += ["};", f"}}  // namespace {name}"]
    (folder / (name + ".inc")).write_text("\n".join(lines) + "\n")


class Narrow(resnet.ResNet):
    """torchvision's ResNet with every width divided."""

    def __init__(self, block, numbers, divisor, **options):
        self.__dict__["divisor"] = divisor
        super().__init__(block, numbers, num_classes=CLASSES, **options)
        self.fc = nn.Linear(512 // divisor * block.expansion, CLASSES)

    @property
    def inplanes(self):
        return self.__dict__["planes"]

    @inplanes.setter
    def inplanes(self, value):
        first = "planes" not in self.__dict__
        self.__dict__["planes"] = value // self.divisor if first else value

    def _make_layer(self, block, planes, *arguments, **options):
        return super()._make_layer(block, planes // self.divisor, *arguments, **options)


def vgg16(divisor, cells):
    """torchvision's vgg16_bn with every width divided, on an image whose features have `cells` cells."""
    widths = [w if w == "M" else w // divisor for w in models.vgg.cfgs["D"]]
    model = models.vgg.VGG(models.vgg.make_layers(widths, batch_norm=True), num_classes=CLASSES)
    model.avgpool = nn.Identity()
    hidden = 4096 // divisor
    model.classifier[0] = nn.Linear(512 // divisor * cells, hidden)
    model.classifier[3] = nn.Linear(hidden, hidden)
    model.classifier[6] = nn.Linear(hidden, CLASSES)
    return model


def make_deeplab(divisor):
    """torchvision's deeplabv3_resnet50 with every width divided and rates for a small grid."""
    backbone = Narrow(resnet.Bottleneck, [3, 4, 6, 3], divisor, replace_stride_with_dilation=[False, True, True])
    head = deeplabv3.DeepLabHead(2048 // divisor, CLASSES)
    width = 256 // divisor
    head[0] = deeplabv3.ASPP(2048 // divisor, [2, 3, 5], width)
    head[1] = nn.Conv2d(width, width, 3, padding=1, bias=False)
    head[2] = nn.BatchNorm2d(width)
    head[4] = nn.Conv2d(width, CLASSES, 1)
    backbone = models._utils.IntermediateLayerGetter(backbone, {"layer4": "out"})
    return ByInference(deeplabv3.DeepLabV3(backbone, head, None))



MODELS = {
    "resnet18": lambda: (models.resnet18(num_classes=CLASSES), 64, 64, 2),
    "resnet34": lambda: (models.resnet34(num_classes=CLASSES), 64, 64, 2),
    "resnet50": lambda: (models.resnet50(num_classes=CLASSES), 64, 64, 2),
    "mobilenet_v2": lambda: (models.mobilenet_v2(num_classes=CLASSES), 64, 64, 2),
    "vgg16_bn": lambda: (vgg16(4, 3 * 2), 96, 64, 2),
    "deeplab50": lambda: (make_deeplab(4), 64, 48, 3),
}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or MODELS:
        write(wanted, *MODELS[wanted]())
