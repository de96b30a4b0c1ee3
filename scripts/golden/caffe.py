#!/usr/bin/env python3
"""Usage: caffe.py
Writes tests/golden/caffe.inc: what OpenCV's readNetFromCaffe makes of files of CaffeNet, bvlc_alexnet and FCN-32s at a
sixteenth of their widths. Weights and image come from a formula (formula.py) and the files' bytes are written here by
hand, so that results alone are committed, with a checksum of each file: tests/run/caffe_test.cpp writes the same bytes.
Needs python3-opencv (made with 4.6.0)."""
import math
import pathlib
import struct
import tempfile

import cv2
import numpy

from formula import bits

folder = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"


def unit(name, shape):
    u = (bits(name, numpy.arange(math.prod(shape))) >> numpy.uint32(8)) * 2.0**-23 - 1.0
    return u.reshape(shape)


def weights(name, shape):
    return (math.sqrt(6.0 / math.prod(shape[1:])) * unit(name, shape)).astype(numpy.float32)


# --- The wire format of Protocol Buffers
def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def block(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def blob(values, old, packed):
    shape = values.shape
    if old:
        out = b"".join(number(i + 1, n) for i, n in enumerate((1, 1, 1, 1)[len(shape):] + shape))
    else:
        out = block(7, block(1, b"".join(map(varint, shape))))
    if packed:
        return out + block(5, values.tobytes())
    return out + b"".join(varint(5 << 3 | 5) + value.tobytes() for value in values.ravel())


TYPES = {"Convolution": (4, 10, 106), "InnerProduct": (14, 17, 117), "ReLU": (18, None, None)}


def layer(name, kind, shape, groups, old, packed):
    number_of_kind, old_options, new_options = TYPES[kind]
    blobs = [weights(name + ".weight", shape), (0.1 * unit(name + ".bias", shape[:1])).astype(numpy.float32)] if shape else []
    out = block(4 if old else 1, name.encode()) + (number(5, number_of_kind) if old else block(2, kind.encode()))
    out += b"".join(block(6 if old else 7, blob(b, old, packed)) for b in blobs)
    if kind == "Convolution":
        out += block(old_options if old else new_options, number(1, shape[0]) + number(5, groups))
    return block(2 if old else 100, out)


CAFFENET = [("conv1", "Convolution", (6, 3, 11, 11), 1), ("relu1", "ReLU", (), 1),
            ("conv2", "Convolution", (16, 3, 5, 5), 2), ("conv3", "Convolution", (24, 16, 3, 3), 1),
            ("conv4", "Convolution", (24, 12, 3, 3), 2), ("conv5", "Convolution", (16, 12, 3, 3), 2),
            ("fc6", "InnerProduct", (256, 576), 1), ("fc7", "InnerProduct", (256, 256), 1)]
FC8 = ("fc8", "InnerProduct", (5, 256), 1)
SCORE = ("score", "Convolution", (5, 256, 1, 1), 1)


def network(layers, old, packed):
    return block(1, b"made") + b"".join(layer(*one, old, packed) for one in layers)


def crc32c(data):
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


# --- What OpenCV computes
def conv(name, bottom, outputs, kernel, extra=""):
    return (f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" convolution_param {{ '
            f'num_output: {outputs} kernel_size: {kernel} {extra} }} }}\n'
            + ("" if name == "score" else f'layer {{ name: "r{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}\n'))


def norm_and_pool(n, bottom, pool_first):
    pool = 'layer {{ name: "pool{0}" type: "Pooling" bottom: "{1}" top: "pool{0}" pooling_param {{ pool: MAX kernel_size: 3 stride: 2 }} }}\n'
    norm = 'layer {{ name: "norm{0}" type: "LRN" bottom: "{1}" top: "norm{0}" lrn_param {{ local_size: 5 alpha: 0.0001 beta: 0.75 }} }}\n'
    if pool_first:
        return pool.format(n, bottom) + norm.format(n, f"pool{n}"), f"norm{n}"
    return norm.format(n, bottom) + pool.format(n, f"norm{n}"), f"pool{n}"


def full(name, bottom, outputs):
    return (f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" inner_product_param {{ '
            f'num_output: {outputs} }} }}\n'
            + ("" if name == "fc8" else f'layer {{ name: "r{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}\n'))


def prototxt(size, pool_first, dense):
    text = f'name: "made"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: {size}\ninput_dim: {size}\n'
    text += conv("conv1", "data", 6, 11, "stride: 4" + (" pad: 100" if dense else ""))
    more, top = norm_and_pool(1, "conv1", pool_first)
    text += more + conv("conv2", top, 16, 5, "pad: 2 group: 2")
    more, top = norm_and_pool(2, "conv2", pool_first)
    text += more + conv("conv3", top, 24, 3, "pad: 1") + conv("conv4", "conv3", 24, 3, "pad: 1 group: 2")
    text += conv("conv5", "conv4", 16, 3, "pad: 1 group: 2")
    text += 'layer { name: "pool5" type: "Pooling" bottom: "conv5" top: "pool5" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }\n'
    if not dense:
        return text + full("fc6", "pool5", 256) + full("fc7", "fc6", 256) + full("fc8", "fc7", 5)
    return (text + conv("fc6", "pool5", 256, 6) + conv("fc7", "fc6", 256, 1) + conv("score", "fc7", 5, 1))


def run(data, text, image):
    with tempfile.TemporaryDirectory() as place:
        model, definition = pathlib.Path(place, "a.caffemodel"), pathlib.Path(place, "a.prototxt")
        model.write_bytes(data)
        definition.write_text(text)
        net = cv2.dnn.readNetFromCaffe(str(definition), str(model))
    net.setInput(image)
    return net.forward()


def transplanted():
    """fc6 and fc7 of the file of FCN-32s as convolutions, the values where they are."""
    made = b""
    for name, kind, shape, groups in CAFFENET + [SCORE]:
        one = layer(name, kind, shape, groups, False, True)
        if kind == "InnerProduct":
            dense = shape[:1] + ((16, 6, 6) if name == "fc6" else (256, 1, 1))
            values = weights(name + ".weight", shape).reshape(dense)
            bias = (0.1 * unit(name + ".bias", shape[:1])).astype(numpy.float32)
            one = block(100, block(1, name.encode()) + block(2, b"Convolution") + block(7, blob(values, False, True))
                        + block(7, blob(bias, False, True)) + block(106, number(1, shape[0]) + number(5, 1)))
        made += one
    return made


def floats(numbers):
    texts = [f"{n:.9g}" for n in numbers]
    return ", ".join(t + ("F" if "." in t or "e" in t else ".0F") for t in texts)


def main():
    image = (100.0 * unit("picture", (1, 3, 227, 227))).astype(numpy.float32)
    small = (100.0 * unit("small picture", (1, 3, 64, 64))).astype(numpy.float32)
    lines = [f"// Written by scripts/golden/caffe.py with OpenCV {cv2.__version__}.", "namespace caffe {"]
    scores = None
    for name, old, packed in (("old", True, True), ("unpacked", False, False), ("packed", False, True)):
        data = network(CAFFENET + [FC8], old, packed)
        lines.append(f"inline constexpr std::uint32_t {name}_crc = {crc32c(data)}U;")
        found = run(data, prototxt(227, True, False), image).ravel()
        assert scores is None or (scores == found).all(), "OpenCV reads the forms of one file differently"
        scores = found
    lines.append(f"inline constexpr float caffenet[] = {{{floats(scores)}}};")
    lines.append(f"inline constexpr float alexnet[] = {{{floats(run(data, prototxt(227, False, False), image).ravel())}}};")
    lines.append(f"inline constexpr std::uint32_t dense_crc = {crc32c(network(CAFFENET + [SCORE], False, True))}U;")
    cells = run(transplanted(), prototxt(64, True, True), small)  # [1, 5, rows, columns]
    lines.append(f"inline constexpr int rows = {cells.shape[2]}, columns = {cells.shape[3]};")
    lines.append(f"inline constexpr float cells[] = {{  // [5, rows, columns]\n    {floats(cells.ravel())}}};")
    lines.append("}  // namespace caffe")
    (folder / "caffe.inc").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
