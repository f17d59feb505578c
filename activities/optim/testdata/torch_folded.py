"""Points of a surface per CPU-second in PyTorch, with batch normalization folded into convolutions and linear layers at each
point (torch.nn.utils.fusion), for BenchmarkBesidePyTorch.

usage: torch_folded.py TORCH_PEER NET

TORCH_PEER is the path of torch_peer.py, whose networks, batches and points these are.
"""
import copy, importlib.util, json, sys, time

import torch, torch.nn as nn, torch.nn.functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def folded(net):
    net = copy.deepcopy(net)
    for parent in net.modules():
        names = list(parent._modules)
        for a, b in zip(names, names[1:]):
            layer, norm = parent._modules[a], parent._modules[b]
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                parent._modules[a], parent._modules[b] = fuse_conv_bn_eval(layer, norm), nn.Identity()
            elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
                parent._modules[a], parent._modules[b] = fuse_linear_bn_eval(layer, norm), nn.Identity()
    return net


def main():
    spec = importlib.util.spec_from_file_location("torch_peer", sys.argv[1])
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    batch, count = 128, 1000
    net = peer.build(sys.argv[2]).to(memory_format=torch.channels_last).eval()
    images = torch.randn(count, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (count,))
    params = list(net.parameters())
    theta = [p.detach().clone() for p in params]
    delta, eta = ([torch.randn_like(p) for p in params] for _ in range(2))

    def point():
        with torch.no_grad():
            for p, t, d, e in zip(params, theta, delta, eta):
                p.copy_(t + 0.01 * d + 0.02 * e)
            fast = folded(net)
            for i in range(0, count, batch):
                F.cross_entropy(fast(images[i:i + batch]), labels[i:i + batch], reduction="sum").item()

    point()
    before = time.process_time()
    for _ in range(2):
        point()
    print(json.dumps({"per_cpu_second": 2 / (time.process_time() - before)}))


if __name__ == "__main__":
    main()
