#!/usr/bin/env python3
"""Writes tests/golden/metrics.inc: metrics computed with PyTorch for tests/metrics/*_test.cpp.

Run with the system's python3 (package python3-torch) from the project's root:
    python3 scripts/golden/metrics.py > tests/golden/metrics.inc
Scores of classes are all different (torch.topk says nothing about equal ones); those of yes/no labels are quarters, so
that many are equal. Average precision is scikit-learn's formula, written out over all thresholds.
"""
import torch

torch.manual_seed(11)
print("// Written by scripts/golden/metrics.py with PyTorch", torch.__version__.split("+")[0] + ".")


def write(name, tensor, kind="float"):
    text = []
    for value in tensor.reshape(-1).tolist():
        if kind in ("float", "double"):
            literal = "%.9g" % value
            text.append((literal if any(c in literal for c in ".en") else literal + ".0") + ("F" if kind == "float" else ""))
        else:
            text.append(str(int(value)))
    print(f"inline constexpr {kind} {name}[] = {{")
    for i in range(0, len(text), 12):
        print("    " + ", ".join(text[i:i + 12]) + ",")
    print("};")


# 40 samples of 6 classes, some ignored.
scores = torch.randn(40, 6)
labels = torch.randint(0, 6, (40,))
labels[::7] = 255
valid = labels != 255
write("class_scores", scores), write("class_labels", labels, "std::int32_t")
top = [100.0 * (scores.topk(k).indices == labels[:, None]).any(1)[valid].double().mean() for k in (1, 2, 5)]
write("top_1_2_5", torch.stack(top), "double")
found = scores.argmax(1)[valid]
confusion = torch.bincount(labels[valid] * 6 + found, minlength=36).reshape(6, 6)
write("confusion", confusion, "std::uint64_t")
write("precision", 100.0 * confusion.diag() / confusion.sum(0), "double")
write("recall", 100.0 * confusion.diag() / confusion.sum(1), "double")

# 50 samples of 3 yes/no labels, masked.
scores = torch.round(4 * torch.randn(50, 3)) / 4
labels = (torch.rand(50, 3) < torch.sigmoid(scores)).float()
mask = torch.rand(50, 3) < 0.8
write("label_scores", scores), write("labels", labels), write("label_mask", mask, "std::uint8_t")
for label in range(3):
    s, y = scores[mask[:, label], label], labels[mask[:, label], label]
    points = []
    for threshold in sorted(set(s.tolist()), reverse=True):
        yes = s >= threshold
        points.append((threshold, float((yes * y).sum() / y.sum()), float((yes * y).sum() / yes.sum())))
    average, before = 0.0, 0.0
    for threshold, recall, precision in points:
        average += (recall - before) * precision
        before = recall
    write(f"curve_{label}", torch.tensor(points, dtype=torch.double), "double")
    write(f"average_precision_{label}", torch.tensor([100.0 * average], dtype=torch.double), "double")
