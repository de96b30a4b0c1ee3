#!/usr/bin/env python3
"""Writes tests/golden/{roi_pool,detection_losses}.inc: torchvision's roi_pool, and the losses of Fast R-CNN's heads, in
NHWC, with gradients. Needs python3-torch and python3-torchvision (made with 1.13 and 0.14)."""
import torch
import torch.nn.functional as F
from torchvision.ops import roi_pool

from layers import File, random


def regions():
    file = File("roi_pool", "detection.py")

    def one(name, channels, height, width, boxes, bins, scale):
        """boxes: [images, regions, 5], used first; those that are not used are left out and give zeros."""
        boxes = torch.tensor(boxes)
        images, count = boxes.shape[:2]
        x = random(images, channels, height, width).requires_grad_(True)
        used = boxes[..., 0] > 0
        number = torch.arange(images).view(-1, 1, 1).expand(images, count, 1).to(boxes.dtype)
        rois = torch.cat([number, boxes[..., 1:]], 2)[used]
        y = torch.zeros(images * count, channels, *bins)
        y[used.flatten()] = roi_pool(x, rois, bins, scale)
        r = random(*y.shape, low=-1, high=1)
        y.backward(r)
        file.array(name + "_x", x)
        file.plain(name + "_boxes", boxes)
        file.array(name + "_y", y)
        file.array(name + "_dy", r)
        file.array(name + "_dx", x.grad)

    inside = [[1, 16, 16, 80, 64], [1, 3.7, 9.2, 101.3, 90.1], [1, 0, 0, 144, 112], [1, 40, 40, 41, 41]]
    odd = [[1, -50, -20, 30, 500], [1, 8, 24, 40, 56], [1, -8, -24, 8, 8], [1, 300, 300, 400, 400],
           [1, 143, 111, 144, 112], [0, 5, 5, 50, 50], [1, 60, 60, 20, 20], [1, -1e7, 30, 1e7, 31]]
    one("sixteenth", 2, 7, 9, [inside + odd, odd + inside], (6, 6), 1 / 16)
    one("tenth", 19, 5, 4, [[[1, 0, 0, 40, 50], [1, 5, 15, 24.9, 35], [1, 4.9, 5.1, 35, 45], [0, 0, 0, 0, 0]]],
        (3, 2), 0.1)
    file.write()


def losses():
    """12 regions, 4 classes with the background, 5 attributes."""
    file = File("detection_losses", "detection.py")
    classes = torch.tensor([0, 2, 3, -1, 0, 1, 2, 0, -1, 3, 0, 0])
    offsets = random(12, 4, low=-0.4, high=0.4)
    attributes = (random(12, 5) > 0).float()
    logits = random(12, 4).requires_grad_(True)
    boxes = random(12, 16, low=-3, high=3).requires_grad_(True)
    attribute_logits = random(12, 5).requires_grad_(True)
    used, foreground = classes >= 0, classes > 0
    number_used = used.sum()
    class_loss = F.cross_entropy(logits[used], classes[used])
    own = boxes.view(12, 4, 4)[foreground, classes[foreground]]
    box_loss = F.smooth_l1_loss(own, offsets[foreground] / torch.tensor([0.1, 0.1, 0.2, 0.2]), reduction="sum") / number_used
    attribute_loss = F.binary_cross_entropy_with_logits(attribute_logits[foreground], attributes[foreground],
                                                        reduction="sum") / (5 * foreground.sum())
    (class_loss + box_loss + attribute_loss).backward()
    for name, values in [("classes", classes.float()), ("offsets", offsets), ("attributes", attributes),
                         ("logits", logits), ("boxes", boxes), ("attribute_logits", attribute_logits),
                         ("class_loss", class_loss), ("box_loss", box_loss), ("attribute_loss", attribute_loss),
                         ("logits_gradient", logits.grad), ("boxes_gradient", boxes.grad),
                         ("attribute_gradient", attribute_logits.grad)]:
        file.plain(name, values)
    file.write()


if __name__ == "__main__":
    regions()
    losses()
