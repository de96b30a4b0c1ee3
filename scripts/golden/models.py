#!/usr/bin/env python3
"""Usage: models.py [--search IMAGES] [NAME...]
Writes tests/golden/NAME.inc: what torchvision's models compute in double precision, from weights and images that both
sides make from a formula, so that a file holds results alone: scores in inference, the loss of a training step, and of
each gradient (and running statistic after the step) its norm, its largest element and four samples.

Gradients are not continuous: where the input of a ReLU is nearer to zero than rounding, or two elements under a pool are
that near to each other, two correct programs differ by parts in a hundred (PyTorch in fp32 from itself in double). So
biases of normalisations keep such inputs away from zero in the deeper models, and the image is one that comes near no
kink: --search prints, for images 0 to IMAGES - 1, the least distance to a kink over the layer's largest error of
PyTorch in fp32, and the best image.
Needs python3-torch and python3-torchvision (made with 1.13 and 0.14)."""
import copy
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

from formula import bits

folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
CLASSES = 5


# The formula: a number in [-1, 1) for each name and index. tests/models/formula.hpp has the same.
def unit(name, count):
    return (bits(name, numpy.arange(count)) >> numpy.uint32(8)) * 2.0**-23 - 1.0


def values(name, shape, shift=0.0, above=False):
    """`shift` is that of a bias after normalisation: away from zero, or `above` it."""
    u = unit(name, math.prod(shape))
    if name.endswith("running_var"):
        u = 1.0 + 0.5 * u
    elif shift > 0.0:
        u = numpy.abs(u) + shift if above else numpy.where(u < 0.0, u - shift, u + shift)
    elif name.endswith("running_mean") or name.endswith("bias"):
        u = 0.1 * u
    elif len(shape) == 1:
        u = 1.0 + 0.25 * u
    elif not name.startswith("image"):
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


def fill(model, shift, above):
    state = model.state_dict()
    with torch.no_grad():
        for key, tensor in state.items():
            normalised = key.endswith(".bias") and key[:-4] + "running_var" in state
            if not key.endswith("num_batches_tracked"):
                tensor.copy_(values(key, tensor.shape, shift if normalised else 0.0, above))
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "inplace"):
            module.inplace = False


def images(number, size):
    batch, height, width = size
    return values(f"image {number}", (batch, 3, height, width))


def write(name, model, size, image=0, shift=0.0, above=False):
    inner = model.model if isinstance(model, ByInference) else model
    inner.double()
    fill(inner, shift, above)
    image_number, image = image, images(image, size)
    model.eval()
    with torch.no_grad():
        scores = model(image)
    count = scores.numel() // CLASSES
    labels = torch.from_numpy((bits("labels", numpy.arange(count)) % CLASSES).astype(numpy.int64))
    labels = labels.reshape([scores.shape[0], *scores.shape[2:]])
    inference_loss = F.cross_entropy(scores, labels).item()
    model.train()
    loss = F.cross_entropy(model(image), labels)
    loss.backward()

    lines = [f"// Written by scripts/golden/models.py with PyTorch {torch.__version__[:6]}.", f"namespace {name} {{",
             f"inline constexpr double inference_loss = {inference_loss:.12g}, training_loss = {loss.item():.12g};",
             f"inline constexpr golden::Made made{{{image_number}, {shift}, {str(above).lower()}}};",
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


def alexnet(divisor, cells):
    """torchvision's alexnet with every width divided, on an image whose features have `cells` cells."""
    model = models.alexnet(num_classes=CLASSES)
    channels = 3
    for i, width in ((0, 64), (3, 192), (6, 384), (8, 256), (10, 256)):
        old = model.features[i]
        model.features[i] = nn.Conv2d(channels, width // divisor, old.kernel_size, old.stride, old.padding)
        channels = width // divisor
    model.avgpool = nn.Identity()
    hidden = 4096 // divisor
    model.classifier[1] = nn.Linear(channels * cells, hidden)
    model.classifier[4] = nn.Linear(hidden, hidden)
    model.classifier[6] = nn.Linear(hidden, CLASSES)
    return model


def vgg16(divisor, cells, batch_norm):
    """torchvision's vgg16 or vgg16_bn with every width divided, on an image whose features have `cells` cells."""
    widths = [w if w == "M" else w // divisor for w in models.vgg.cfgs["D"]]
    model = models.vgg.VGG(models.vgg.make_layers(widths, batch_norm=batch_norm), num_classes=CLASSES)
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



class SegNet(nn.Module):
    """Badrinarayanan et al., 2015: VGG-16 with BatchNorm, and its mirror image with max unpooling."""

    def __init__(self, divisor):
        super().__init__()
        widths = [w if w == "M" else w // divisor for w in models.vgg.cfgs["D"]]
        self.features = models.vgg.make_layers(widths, batch_norm=True)
        layers, channels = [], widths[-2]
        for block in ((8, 8, 8), (8, 8, 4), (4, 4, 2), (2, 1), (1,)):
            layers.append(nn.MaxUnpool2d(2))
            for width in block:
                width = width * 64 // divisor
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
        self.decoder = nn.Sequential(*layers, nn.Conv2d(channels, CLASSES, 3, padding=1))

    def forward(self, x):
        pools = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                size, (x, where) = x.shape, F.max_pool2d(x, 2, return_indices=True)
                pools.append((where, size))
            else:
                x = layer(x)
        for layer in self.decoder:
            x = layer(x, *pools.pop()) if isinstance(layer, nn.MaxUnpool2d) else layer(x)
        return x


def distance(module, x):
    """Of each element from the module's kinks."""
    if isinstance(module, nn.ReLU6):
        return torch.minimum(x.abs(), (x - 6.0).abs())
    if isinstance(module, nn.ReLU):
        return x.abs()
    windows = F.unfold(F.pad(x, [module.padding] * 4), module.kernel_size, stride=module.stride)
    first, second = windows.reshape(*x.shape[:2], module.kernel_size**2, -1).topk(2, 2).values.unbind(2)
    return torch.where(first > 0.0, first - second, torch.full_like(first, math.inf))  # zeros of a ReLU have no gradient


def search(name, count, model, size, image=0, shift=0.0, above=False):
    fill(model, shift, above)
    model.train()
    seen = ([], [])
    pair = [copy.deepcopy(model).float(), copy.deepcopy(model).double()]
    for one, inputs in zip(pair, seen):
        for module in one.modules():
            if isinstance(module, (nn.ReLU, nn.ReLU6, nn.MaxPool2d)):
                module.register_forward_hook(lambda m, x, y, to=inputs: to.append((m, x[0])))
    found = []
    for number in range(count):
        with torch.no_grad():
            for one, inputs in zip(pair, seen):
                inputs.clear()
                one(images(number, size).to(next(one.parameters()).dtype))
        found.append((min((distance(m, x).min() / (x - y.double()).abs().max()).item()
                          for (_, y), (m, x) in zip(*seen)), number))
    print(f"{name}: image {max(found)[1]}, {max(found)[0]:.2g}; median {sorted(found)[count // 2][0]:.2g}")


SMALL = (2, 64, 64)
MODELS = {
    "resnet18": lambda: dict(model=models.resnet18(num_classes=CLASSES), size=SMALL),
    "resnet34": lambda: dict(model=models.resnet34(num_classes=CLASSES), size=SMALL),
    "resnet50": lambda: dict(model=models.resnet50(num_classes=CLASSES), size=SMALL, image=6, shift=1.5),
    "mobilenet_v2": lambda: dict(model=models.mobilenet_v2(num_classes=CLASSES), size=SMALL, image=5, shift=2.0,
                                 above=True),
    "alexnet": lambda: dict(model=alexnet(4, 2), size=(2, 95, 63), image=75),
    "vgg16": lambda: dict(model=vgg16(4, 2, False), size=(2, 64, 32), image=135),
    "vgg16_bn": lambda: dict(model=vgg16(4, 2, True), size=(2, 64, 32), image=5, shift=1.5),
    "segnet": lambda: dict(model=SegNet(4), size=(2, 72, 32), image=9, shift=1.5),
    "deeplab50": lambda: dict(model=make_deeplab(4), size=(3, 48, 32), image=8, shift=1.5),
}

if __name__ == "__main__":
    wanted = sys.argv[1:]
    count = int(wanted[1]) if wanted[:1] == ["--search"] else 0
    for name in wanted[2 if count else 0:] or MODELS:
        if count:
            search(name, count, **MODELS[name]())
        else:
            write(name, **MODELS[name]())
