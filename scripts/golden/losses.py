#!/usr/bin/env python3
"""Writes tests/golden/losses.inc: losses and gradients of PyTorch for tests/losses/*_test.cpp.

Run with the system's python3 (package python3-torch) from the project's root:
    python3 scripts/golden/losses.py > tests/golden/losses.inc
PyTorch wants channels first where we have them last: inputs are permuted on the way in, gradients on the way out.
"""
import torch
import torch.nn.functional as F

torch.manual_seed(5)
print("// Written by scripts/golden/losses.py with PyTorch", torch.__version__.split("+")[0] + ".")


def write(name, tensor, kind="float"):
    flat = tensor.detach().reshape(-1).tolist()
    text = []
    for value in flat:
        if kind == "float":
            literal = "%.9g" % value
            text.append((literal if any(c in literal for c in ".en") else literal + ".0") + "F")
        else:
            text.append(str(int(value)))
    print(f"inline constexpr {kind} {name}[] = {{")
    for i in range(0, len(text), 12):
        print("    " + ", ".join(text[i:i + 12]) + ",")
    print("};")


def result(name, loss, *inputs):
    loss.backward()
    write(name + "_loss", loss)
    for label, tensor, permuted in inputs:
        write(f"{name}_{label}", tensor.grad.permute(0, 2, 3, 1) if permuted else tensor.grad)


# Per sample: 6 samples, 21 classes, one ignored.
x = (3 * torch.randn(6, 21)).requires_grad_()
labels = torch.tensor([3, 0, 255, 20, 7, 7])
write("sample_input", x), write("sample_labels", labels, "std::int32_t")
result("sample", F.cross_entropy(x, labels, ignore_index=255), ("gradient", x, False))

# Per pixel: 2 images of 3x5, 13 classes, plain and with class weights.
x = (2 * torch.randn(2, 13, 3, 5)).requires_grad_()
labels = torch.randint(0, 13, (2, 3, 5))
labels[0, 1, 2] = labels[1, 0, 0] = labels[1, 2, 4] = 255
weights = 0.25 + 2 * torch.rand(13)
write("pixel_input", x.permute(0, 2, 3, 1)), write("pixel_labels", labels, "std::int32_t")
write("pixel_class_weights", weights)
result("pixel", F.cross_entropy(x, labels, ignore_index=255), ("gradient", x, True))
x.grad = None
result("pixel_weighted", F.cross_entropy(x, labels, weight=weights, ignore_index=255), ("gradient", x, True))

# Yes/no labels: 4 samples of 7, masked; two extreme logits.
x = 2 * torch.randn(4, 7)
x[0, 0], x[1, 1] = 40.0, -60.0
x.requires_grad_()
labels = (torch.rand(4, 7) < 0.4).float()
mask = torch.rand(4, 7) < 0.7
mask[0, 0] = mask[1, 1] = True
write("binary_input", x), write("binary_labels", labels), write("binary_mask", mask, "std::uint8_t")
result("binary", F.binary_cross_entropy_with_logits(x[mask], labels[mask]), ("gradient", x, False))

# Differences: 2 images of 2x3 with 4 channels, a mask a pixel.
x = (1.5 * torch.randn(2, 4, 2, 3)).requires_grad_()
target = 1.5 * torch.randn(2, 4, 2, 3)
mask = torch.rand(2, 1, 2, 3) < 0.7
write("difference_input", x.permute(0, 2, 3, 1)), write("difference_target", target.permute(0, 2, 3, 1))
write("difference_mask", mask, "std::uint8_t")
wide = mask.expand_as(x)
for name, function in (("l1", F.l1_loss), ("l2", F.mse_loss), ("smooth_l1", F.smooth_l1_loss)):
    x.grad = None
    result(name, function(x[wide], target[wide]), ("gradient", x, True))

# Directions: 2 images of 2x3, a mask a pixel.
x = (2 * torch.randn(2, 3, 2, 3)).requires_grad_()
normals = F.normalize(torch.randn(2, 3, 2, 3), dim=1)
mask = torch.rand(2, 2, 3) < 0.75
write("cosine_input", x.permute(0, 2, 3, 1)), write("cosine_normals", normals.permute(0, 2, 3, 1))
write("cosine_mask", mask, "std::uint8_t")
result("cosine", (1 - F.cosine_similarity(x, normals, dim=1))[mask].mean(), ("gradient", x, True))

# Soft targets: 5 pixels, 20 words, the target's code given as numbers (PyTorch's probabilities as targets).
x = (2 * torch.randn(5, 20)).requires_grad_()
target = torch.zeros(5, 20)
words = torch.stack([torch.randperm(20)[:3] for _ in range(5)])
weight = torch.rand(5, 3)
target.scatter_(1, words, weight / weight.sum(1, keepdim=True))
write("soft_input", x), write("soft_target", target)
result("soft", F.cross_entropy(x, target), ("gradient", x, False))

# Smoothed labels: 4 samples, 21 classes, one ignored; 2 images of 2x3, 13 classes, plain and with class weights.
x = (3 * torch.randn(4, 21)).requires_grad_()
labels = torch.tensor([3, 0, 255, 20])
write("smooth_input", x), write("smooth_labels", labels, "std::int32_t")
result("smooth", F.cross_entropy(x, labels, ignore_index=255, label_smoothing=0.1), ("gradient", x, False))
x = (2 * torch.randn(2, 13, 2, 3)).requires_grad_()
labels = torch.randint(0, 13, (2, 2, 3))
labels[0, 1, 2] = labels[1, 0, 0] = 255
weights = 0.25 + 2 * torch.rand(13)
write("smooth_map_input", x.permute(0, 2, 3, 1)), write("smooth_map_labels", labels, "std::int32_t")
write("smooth_map_class_weights", weights)
result("smooth_map", F.cross_entropy(x, labels, ignore_index=255, label_smoothing=0.3), ("gradient", x, True))
x.grad = None
result("smooth_map_weighted", F.cross_entropy(x, labels, weight=weights, ignore_index=255, label_smoothing=0.3),
       ("gradient", x, True))
