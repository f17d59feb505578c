"""Losses with batch normalization by the statistics of batches, and by running statistics recomputed by update_bn, in float64.

python batchnorm.py > batchnorm.json
"""
import json

import torch
from torch import nn
from torch.optim.swa_utils import update_bn

torch.set_default_dtype(torch.float64)


def wave(n, f):
    return f(torch.arange(n, dtype=torch.float64)).to(torch.float32).to(torch.float64)


def network():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Conv2d(4, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 10))


def images(n, phase):  # as the program has them, with channels last
    return wave(n * 8 * 8 * 3, lambda i: torch.cos(0.7 * i * i + phase)).reshape(n, 8, 8, 3).permute(0, 3, 1, 2)


def at(alpha):
    net = network()
    size = sum(p.numel() for p in net.parameters())
    theta = wave(size, lambda i: 0.5 * torch.sin(i + 1)) + alpha * wave(size, lambda i: 0.2 * torch.cos(2 * i))
    nn.utils.vector_to_parameters(theta, net.parameters())
    return net


x, classes = images(24, 0.0), torch.arange(24) % 10
train = images(20, 1.0)
out = {"alphas": [0.0, 1.0, -0.5], "by_batch": [], "recomputed": []}
for alpha in out["alphas"]:
    net = at(alpha).train()
    losses = [nn.functional.cross_entropy(net(x[i:i + 8]), classes[i:i + 8]) for i in range(0, 24, 8)]
    out["by_batch"].append((sum(losses) / 3).item())
    net = at(alpha)
    update_bn([train[:8], train[8:16], train[16:]], net)
    out["recomputed"].append(nn.functional.cross_entropy(net.eval()(x), classes).item())
print(json.dumps(out))
