#!/usr/bin/python3
"""Writes the cross-stitched CaffeNet pair as ONNX, for ONNX Runtime. Usage: onnx_export.py FILE

LRN goes out as ONNX's own operator: PyTorch would write its eight small steps, and the comparison would be unfair."""

import os
import sys
import warnings

import torch
import torch.nn.functional as F

import pytorch_networks as networks

warnings.simplefilter("ignore", FutureWarning)  # graph.op is the documented way in 1.13, and its successor does not exist


class OnnxLrn(torch.autograd.Function):
    @staticmethod
    def symbolic(graph, x):
        return graph.op("LRN", x, size_i=5, alpha_f=1e-4, beta_f=0.75, bias_f=1.0)

    @staticmethod
    def forward(_, x):
        return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)


networks.Lrn.forward = lambda _, x: OnnxLrn.apply(x)
path = sys.argv[1]
torch.manual_seed(1)
net, _, shape = networks.make("cross_stitch", "caffenet")
net.eval()


class Pair(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = net

    def forward(self, x):
        return tuple(o.softmax(1) for o in self.net(x))


with torch.no_grad():
    torch.onnx.export(Pair(), torch.randn(2, *shape), path + ".part", opset_version=13, input_names=["x"],
                      output_names=["a", "b"], dynamic_axes={"x": {0: "n"}, "a": {0: "n"}, "b": {0: "n"}})
os.replace(path + ".part", path)
