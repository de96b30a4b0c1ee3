#!/usr/bin/python3
"""Checks ONNX files with the checker of python3-onnx, shapes included. Usage: check_files.py CASES"""
import pathlib
import sys

import onnx

files = sorted(pathlib.Path(sys.argv[1]).glob("*/model.onnx"))
for file in files:
    model = onnx.load(str(file))
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8 and [(o.domain, o.version) for o in model.opset_import] == [("", 17)], file
    for value in list(model.graph.input) + list(model.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch", (file, value.name)
print(f"{len(files)} files are valid")
sys.exit(0 if files else 1)
