"""Makes the checkpoints of this folder and expected.json: what torch.load reads from them.

Run in this folder with PyTorch 2.15 and NumPy 2. Files of the same name are replaced.
"""

import collections
import io
import json
import math
import os
import pickle
import zipfile

import numpy as np
import torch
from torch import nn

torch.manual_seed(1)
expected = {}


def describe(tensors):
    """Names, shapes, types and numbers; null stands for what is not finite."""
    out = []
    for name, t in tensors:
        if isinstance(t, torch.Tensor):
            kind = str(t.dtype).removeprefix("torch.")
            values = t.detach().contiguous().double().flatten().tolist()
        else:
            kind, values = str(t.dtype.newbyteorder("=")), t.astype(np.float64).flatten().tolist()
        out.append({"name": name, "kind": kind, "shape": list(t.shape), "values": [v if math.isfinite(v) else None for v in values]})
    return out


def views():
    """Tensors that share storages, or do not lie in C order."""
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8
    image = torch.randn(2, 3, 4, 5)
    d = collections.OrderedDict()
    d["base"] = base
    d["transposed"] = base.permute(2, 0, 1)
    d["sliced"] = base[:, 1:, ::2]
    d["last"] = base[1, 2]
    d["expanded"] = base[0, 0, :1].expand(3, 4)
    d["channels_last"] = image.contiguous(memory_format=torch.channels_last)
    d["scalar"] = torch.tensor(2.5)
    d["empty"] = torch.empty(0, 3)
    d["parameter"] = nn.Parameter(torch.randn(3, 2))
    return d


def types():
    """Tensors of all types that are read."""
    d = collections.OrderedDict()
    for dtype in [torch.float64, torch.float32, torch.float16, torch.bfloat16]:
        d[str(dtype)] = torch.tensor([1.5, -2.25, 3e-5, 0.1, 65504.0, float("inf"), float("nan"), 1e-7], dtype=dtype)
    for dtype in [torch.int64, torch.int32, torch.int16, torch.int8]:
        d[str(dtype)] = torch.tensor([1, -2, 127], dtype=dtype)
    d["uint8"] = torch.tensor([0, 255], dtype=torch.uint8)
    d["bool"] = torch.tensor([True, False])
    return d


def save(name, tensors, thing=None, **how):
    torch.save(tensors if thing is None else thing, name, **how)
    expected[name] = describe(tensors.items())


def network():
    net = nn.Sequential(collections.OrderedDict(conv=nn.Conv2d(1, 2, 3), norm=nn.BatchNorm2d(2), tail=nn.Sequential(nn.Flatten(), nn.Linear(8, 3))))
    net.norm.running_var.fill_(2)
    return net.eval()


def big_endian(name, source):
    """The archive as a big-endian machine would write it."""
    out = io.BytesIO()
    with zipfile.ZipFile(source) as a, zipfile.ZipFile(out, "w") as b:
        for e in a.namelist():
            data = a.read(e)
            if e.endswith("byteorder"):
                data = b"big"
            if "/data/" in e and not e.endswith("serialization_id"):
                data = np.frombuffer(data, "<f4").astype(">f4").tobytes()
            b.writestr(e.replace(source.removesuffix(".pt"), name.removesuffix(".pt")), data)
    open(name, "wb").write(out.getvalue())
    loaded = torch.load(name)
    expected[name] = describe(loaded.items())


save("views.pt", views())
save("views_old.pt", views(), _use_new_zipfile_serialization=False)
save("views_protocol4.pt", views(), pickle_protocol=4)
save("views_old_protocol5.pt", views(), pickle_protocol=5, _use_new_zipfile_serialization=False)
save("large.pt", {"large": (torch.arange(130 * 130.0) % 97).reshape(130, 130).t()})
save("types.pt", types())
save("types_old.pt", types(), _use_new_zipfile_serialization=False)
save("unsigned.pt", {"uint16": torch.tensor([1, 65535], dtype=torch.uint16), "uint32": torch.tensor([2**32 - 1], dtype=torch.uint32)})
save("plain.pt", collections.OrderedDict(weight=torch.randn(2, 3), bias=torch.randn(3)))
big_endian("big_endian.pt", "plain.pt")
os.remove("plain.pt")
del expected["plain.pt"]



class Marked(torch.Tensor):
    """A class of tensors that PyTorch pickles with its attributes."""


marked = torch.arange(3.0).as_subclass(Marked)
marked.color = "red"
owned = nn.Parameter(torch.arange(2.0))
owned.color = "blue"
save("wrapped.pt", {"marked": marked, "owned": owned, "plain": torch.ones(1)})

net = network()
save("module.pt", net.state_dict(), net)
save("module_old.pt", net.state_dict(), net, _use_new_zipfile_serialization=False)
torch.jit.script(net).save("script.pt")
expected["script.pt"] = describe(net.state_dict().items())

arrays = collections.OrderedDict(
    c=np.arange(6, dtype=np.float32).reshape(2, 3),
    f=np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
    big=np.arange(4, dtype=">f4") + 200,
    half=np.array([0.5, -1], dtype=np.float16),
    count=np.array([1, -1], dtype=np.int64),
    long=np.arange(1100, dtype=np.float32),
    none=np.zeros((0, 2), dtype=np.float32),
)
for protocol in range(2, 6):
    name = f"arrays_protocol{protocol}.pkl"
    with open(name, "wb") as f:
        pickle.dump(arrays, f, protocol=protocol)
    expected[name] = describe(arrays.items())

small = collections.OrderedDict(weight=torch.randn(2, 2), bias=torch.randn(2))
average = collections.OrderedDict(weight=torch.randn(2, 2), bias=torch.randn(2))
parameter = nn.Parameter(torch.ones(2))
optimizer = torch.optim.Adam([parameter])
parameter.sum().backward()
optimizer.step()
torch.save(
    {
        "epoch": 7,
        "global_step": np.int64(700),
        "best_acc1": torch.tensor(91.5),
        "loss": np.float32(0.25),
        "arch": "tiny",
        "lr": 0.125,
        "amp": True,
        "optimizer": optimizer.state_dict(),
        "model": small,
        "model_ema": average,
        "history": [0.5, 0.25],
    },
    "training.ckpt",
)
expected["training.ckpt"] = describe([("model/" + k, v) for k, v in small.items()] + [("model_ema/" + k, v) for k, v in average.items()])

# A network of fc.weight [2, 3] and fc.bias [2] in half precision, trained under DataParallel, and its averages.
torch.save(
    {
        "optimizer": optimizer.state_dict(),
        "model": {"module.fc.weight": torch.arange(1.0, 7).reshape(2, 3).half(), "module.fc.bias": torch.tensor([-1.0, -2]).half()},
        "model_ema": {"fc.weight": torch.full((2, 3), 8.0).double(), "fc.bias": torch.full((2,), 9.0).double()},
    },
    "averages.pt",
)

# Tensors that are refused.
torch.save(
    {
        "quantized": torch.quantize_per_tensor(torch.randn(2, 2), 0.1, 0, torch.qint8),
        "sparse": torch.eye(2).to_sparse(),
        "complex": torch.zeros(2, dtype=torch.complex64),
        "float8": torch.zeros(2).to(torch.float8_e4m3fn),
        "meta": torch.zeros(2, device="meta"),
        "fine": torch.ones(2),
    },
    "refused.pt",
)

with open("expected.json", "w") as f:
    json.dump(expected, f, separators=(",", ":"))
