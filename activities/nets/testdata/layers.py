"""Makes layers.json.gz: layers of written-out networks with what PyTorch computes for them in float64: the outputs y, and
gradient and Hessian-vector product along v of the loss sum(w*y + y*y/2), with respect to the parameters, in their order,
and then, unless it is of indices, the input. Images have channels last here, as inputs, outputs and in the loss.

Element i of parameter k is sin(1 + k + 0.7 i)/2, element i of the input sin(501 + 0.7 i), of v cos(0.3 i) over everything,
and of w sin(i).

    python layers.py layers.json.gz      (PyTorch 2.15)
"""
import gzip, json, sys
import torch, torch.nn as nn, torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.set_default_dtype(torch.float64)
cases = {}


def case(name, shape, *layers):
    """Layers as (JSON, name or None, module) on an input of a shape, or of indices."""
    cases[name] = (shape, layers)


class Fn(nn.Module):
    def __init__(s, f):
        super().__init__()
        s.f = f

    def forward(s, x):
        return s.f(x)


class SelfAttention(nn.MultiheadAttention):
    def __init__(s, features, heads, causal=False, bias=True):
        super().__init__(features, heads, bias=bias, batch_first=True)
        s.causal = causal

    def forward(s, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype) if s.causal else None
        return super().forward(x, x, x, attn_mask=mask, need_weights=False)[0]


class Vectors(nn.Module):
    """Learned vectors, added to the tokens or put in front of them."""
    def __init__(s, n, features, front=False):
        super().__init__()
        s.weight, s.front = nn.Parameter(torch.zeros(n, features)), front

    def forward(s, x):
        return torch.cat([s.weight.expand(x.shape[0], -1, -1), x], 1) if s.front else x + s.weight


class PixelNorm(nn.LayerNorm):
    def forward(s, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Residual(nn.Module):
    def __init__(s, body, shortcut=lambda x: x):
        super().__init__()
        for name, m in body.named_children():
            s.add_module(name, m)
        s.order, s.shortcut = list(body.children()), shortcut

    def forward(s, x):
        y = x
        for m in s.order:
            y = m(y)
        return y + s.shortcut(x)


def sequence(layers):
    m = nn.Sequential()
    for i, (_, name, part) in enumerate(layers):
        m.add_module(name or f"without{i}", part)
    return m


def flatten(x):
    return x.flatten(1)


image, vector, words = (5, 6, 4), (7,), (5, 8)
for shape in (image, vector, words):
    kind = {3: "image", 2: "tokens", 1: "features"}[len(shape)]
    case(f"gelu of {kind}", shape, ({"kind": "gelu"}, None, nn.GELU()))
    channels = shape[-1]
    case(f"layernorm of {kind}", shape, ({"kind": "layernorm", "name": "ln", "affine": True, "epsilon": 1e-5}, "ln", (PixelNorm if len(shape) == 3 else nn.LayerNorm)(channels)))
for name, fields, m in [
    ("gelu tanh", {"kind": "gelu", "approximate": "tanh"}, nn.GELU("tanh")), ("silu", {"kind": "silu"}, nn.SiLU()), ("tanh", {"kind": "tanh"}, nn.Tanh()),
    ("sigmoid", {"kind": "sigmoid"}, nn.Sigmoid()), ("leakyrelu", {"kind": "leakyrelu", "negative_slope": 0.2}, nn.LeakyReLU(0.2)),
    ("elu", {"kind": "elu", "alpha": 0.7}, nn.ELU(0.7)), ("hardswish", {"kind": "hardswish"}, nn.Hardswish()),
    ("hardsigmoid", {"kind": "hardsigmoid"}, Fn(lambda x: F.relu6(x + 3) / 6)), ("relu6", {"kind": "relu6"}, nn.ReLU6()),
]:
    case(name, image, (fields, None, m))
case("layernorm without scale", words, ({"kind": "layernorm", "epsilon": 1e-2}, None, nn.LayerNorm(8, 1e-2, elementwise_affine=False)))
case("groupnorm", image, ({"kind": "groupnorm", "name": "gn", "groups": 2, "affine": True, "epsilon": 1e-5}, "gn", nn.GroupNorm(2, 4)))
case("groupnorm of features", (8,), ({"kind": "groupnorm", "name": "gn", "groups": 2, "affine": True, "epsilon": 1e-5}, "gn", nn.GroupNorm(2, 8)))
case("instancenorm", image, ({"kind": "instancenorm", "epsilon": 1e-5}, None, nn.InstanceNorm2d(4)))
case("instancenorm with scale", image, ({"kind": "instancenorm", "name": "in", "affine": True, "epsilon": 1e-3}, "in", nn.InstanceNorm2d(4, 1e-3, affine=True)))


def conv(name, out, kernel, stride=1, padding=0, dilation=1, groups=1, bias=False):
    fields = {"kind": "conv", "name": "c", "out": out, "kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": bias}
    case(name, image, (fields, "c", nn.Conv2d(4, out, kernel, stride, padding, dilation, groups, bias)))


conv("conv with groups", 6, 3, padding=1, groups=2, bias=True)
conv("depthwise conv", 4, 3, padding=1, groups=4)
conv("depthwise conv of two filters a channel", 8, 3, stride=2, padding=1, groups=4, bias=True)
conv("dilated conv", 3, 3, padding=2, dilation=2)
conv("rectangular conv", 3, [1, 4], stride=[2, 1], padding=[0, 2], bias=True)
conv("rectangular, dilated conv of groups", 2, [3, 2], stride=[1, 3], padding=[1, 0], dilation=[1, 2], groups=2)
case("maxpool of [2, 3]", image, ({"kind": "maxpool", "kernel": [2, 3], "stride": [2, 1], "padding": [0, 1]}, None, nn.MaxPool2d((2, 3), (2, 1), (0, 1))))
case("maxpool with ceil", image, ({"kind": "maxpool", "kernel": 3, "stride": 2, "padding": 0, "ceil": True}, None, nn.MaxPool2d(3, 2, ceil_mode=True)))
case("avgpool with ceil", image, ({"kind": "avgpool", "kernel": [2, 3], "stride": 2, "padding": [1, 0], "ceil": True}, None, nn.AvgPool2d((2, 3), 2, (1, 0), ceil_mode=True)))
case("avgpool of tokens", words, ({"kind": "avgpool"}, None, Fn(lambda x: x.mean(1))))
case("flatten of tokens", words, ({"kind": "flatten"}, None, Fn(flatten)), ({"kind": "linear", "name": "fc", "out": 3}, "fc", nn.Linear(40, 3)))
case("linear of tokens", words, ({"kind": "linear", "name": "fc", "out": 3}, "fc", nn.Linear(8, 3)))
case("tokens", image, ({"kind": "tokens"}, None, Fn(lambda x: x.flatten(2).transpose(1, 2))))
case("classtoken and pick", words, ({"kind": "classtoken", "name": "cls"}, "cls", Vectors(1, 8, True)), ({"kind": "pick", "index": 0}, None, Fn(lambda x: x[:, 0])),
     ({"kind": "gelu"}, None, nn.GELU()))
case("pick of the last", words, ({"kind": "pick", "index": -1}, None, Fn(lambda x: x[:, -1])))
case("positional", words, ({"kind": "positional", "name": "pos"}, "pos", Vectors(5, 8)))
case("attention", words, ({"kind": "attention", "name": "attn", "heads": 2, "bias": True}, "attn", SelfAttention(8, 2)))
case("causal attention without bias", words, ({"kind": "attention", "name": "attn", "heads": 4, "causal": True}, "attn", SelfAttention(8, 4, True, False)))


def option_a(stride, front, behind):
    return lambda x: F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, front, behind))


body = [({"kind": "conv", "name": "r.c", "out": 7, "kernel": 3, "stride": 2, "padding": 1}, "c", nn.Conv2d(4, 7, 3, 2, 1, bias=False))]
case("residual with pad", image, ({"kind": "residual", "body": [body[0][0]], "pad": True}, "r", Residual(sequence(body), option_a(2, 1, 2))))


def block(i, features, heads, causal):
    def ln(name):
        return {"kind": "layernorm", "name": f"b{i}.{name}", "affine": True, "epsilon": 1e-5}, name, nn.LayerNorm(features)

    first = [ln("ln1"), ({"kind": "attention", "name": f"b{i}.attn", "heads": heads, "causal": causal, "bias": True}, "attn", SelfAttention(features, heads, causal))]
    second = [ln("ln2"), ({"kind": "linear", "name": f"b{i}.fc1", "out": 2 * features}, "fc1", nn.Linear(features, 2 * features)), ({"kind": "gelu"}, "act", nn.GELU()),
              ({"kind": "linear", "name": f"b{i}.fc2", "out": features}, "fc2", nn.Linear(2 * features, features))]
    return [({"kind": "residual", "body": [l[0] for l in part]}, f"b{i}", Residual(sequence(part))) for part in (first, second)]


def joined(parts):
    """The residual halves of a block under one name."""
    m = nn.Module()
    for p in parts:
        for name, child in p.named_children():
            m.add_module(name, child)
    m.forward = lambda x: parts[1](parts[0](x))
    return m


def transformer(i, features, heads, causal):
    first, second = block(i, features, heads, causal)
    return [(first[0], f"b{i}", joined([first[2], second[2]])), (second[0], None, nn.Identity())]


case("ViT", (8, 8, 3), ({"kind": "conv", "name": "patch", "out": 8, "kernel": 4, "stride": 4, "bias": True}, "patch", nn.Conv2d(3, 8, 4, 4)),
     ({"kind": "tokens"}, None, Fn(lambda x: x.flatten(2).transpose(1, 2))), ({"kind": "classtoken", "name": "cls"}, "cls", Vectors(1, 8, True)),
     ({"kind": "positional", "name": "pos"}, "pos", Vectors(5, 8)), *transformer(0, 8, 2, False),
     ({"kind": "layernorm", "name": "ln", "affine": True, "epsilon": 1e-5}, "ln", nn.LayerNorm(8)), ({"kind": "pick", "index": 0}, None, Fn(lambda x: x[:, 0])),
     ({"kind": "linear", "name": "head", "out": 3}, "head", nn.Linear(8, 3)))
case("GPT", "indices", ({"kind": "embedding", "name": "wte", "entries": 9, "out": 8}, "wte", nn.Embedding(9, 8)), ({"kind": "positional", "name": "wpe"}, "wpe", Vectors(6, 8)),
     *transformer(0, 8, 2, True), *transformer(1, 8, 4, True), ({"kind": "layernorm", "name": "ln", "affine": True, "epsilon": 1e-5}, "ln", nn.LayerNorm(8)),
     ({"kind": "linear", "name": "head", "out": 9}, "head", nn.Linear(8, 9)))


def wave(start, n):
    return torch.sin(start + 0.7 * torch.arange(n))


def to_first(x):
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x


def to_last(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


out = {}
for name, (shape, layers) in cases.items():
    net = sequence(layers).eval()
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            p.copy_((wave(1 + k, p.numel()) / 2).reshape(p.shape))
    if shape == "indices":
        x = torch.arange(12).reshape(2, 6) * 5 % 9
        inputs = list(net.parameters())
    else:
        n = 2 * torch.Size(shape).numel()
        x = (3 * wave(501, n)).reshape(2, *shape).requires_grad_()
        inputs = list(net.parameters()) + [x]
    with sdpa_kernel(SDPBackend.MATH):
        y = to_last(net(to_first(x)))
        loss = (torch.sin(torch.arange(y.numel()) + 0.0) * y.flatten()).sum() + (y * y).sum() / 2
        g = torch.cat([t.flatten() for t in torch.autograd.grad(loss, inputs, create_graph=True)])
        v = torch.cos(0.3 * torch.arange(g.numel()))
        hv = torch.cat([t.flatten() for t in torch.autograd.grad((g * v).sum(), inputs)])
    digits = lambda t: [float(f"{u:.10g}") for u in t.flatten().tolist()]
    out[name] = {"layers": [l[0] for l in layers],
                 "shape": [6] if shape == "indices" else list(shape), "indices": shape == "indices",
                 "params": [[n, list(p.shape)] for n, p in net.named_parameters()],
                 "y": digits(y), "gradient": digits(g), "hv": digits(hv)}
with open(sys.argv[1], "wb") as file, gzip.GzipFile("", "wb", mtime=0, fileobj=file) as f:
    f.write(json.dumps(out, separators=(",", ":")).encode())
