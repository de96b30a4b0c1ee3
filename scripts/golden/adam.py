#!/usr/bin/python3
"""Five steps of PyTorch's Adam and AdamW, as C++ arrays: writes tests/golden/adam.inc."""
import pathlib
import torch


def run(kind):
    torch.manual_seed(4)
    weight = torch.nn.Parameter(torch.randn(21))
    gradients = torch.randn(5, 21)
    optimizer = kind([weight], lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)
    start = weight.detach().clone()
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    return start, gradients.flatten(), weight.detach()


def array(name, values):
    numbers = ", ".join("%.9gF" % v if "." in "%.9g" % v or "e" in "%.9g" % v else "%.9g.0F" % v for v in values.tolist())
    return "constexpr float %s[] = {%s};\n" % (name, numbers)


start, gradients, adam = run(torch.optim.Adam)
_, _, adamw = run(torch.optim.AdamW)
out = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "adam.inc"
out.write_text("// Written by scripts/golden/adam.py with PyTorch %s: lr 0.01, betas 0.8 0.95, eps 1e-6, weight decay 0.1.\n"
               % torch.__version__ + array("start", start) + array("gradients", gradients) + array("after_adam", adam)
               + array("after_adamw", adamw))
