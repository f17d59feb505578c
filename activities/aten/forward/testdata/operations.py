"""Makes operations.tar.gz: small modules, one for each operation of package forward and
its variants, exported by PyTorch twice (as traced, and after
run_decompositions), with values in float64 from the float32 parameters: output,
gradient and Hessian-vector product along v of the loss sum(w*y + y*y/2), where
w = sin(1), sin(2), ...

    python operations.py operations.tar.gz      (PyTorch 2.15)
"""
import io, json, sys, tarfile, warnings, zipfile
import torch, torch.nn as nn, torch.nn.functional as F
warnings.filterwarnings("ignore")
cases = {}


def case(name, f, x, *params, buffers=()):
    """f(x, *params, *buffers) with example input and parameters (shapes or tensors)."""
    cases[name] = (f, x, params, buffers)


def add(name, f, *shape):
    """f of x + p, where p is a parameter of the shape of an example."""
    case(name, lambda x, p: f(x + p), (2,) + shape, shape)


class M(nn.Module):
    def __init__(s, f, params, buffers):
        super().__init__()
        s.f = f
        for i, p in enumerate(params):
            s.register_parameter(f"p{i}", nn.Parameter(p))
        for i, b in enumerate(buffers):
            s.register_buffer(f"b{i}", b)

    def forward(s, x):
        return s.f(x, *s._parameters.values(), *s._buffers.values())


class Wrapped(nn.Module):
    """A module with parameters of its own."""
    def __init__(s, m, f=None):
        super().__init__()
        s.m, s.f = m, f or (lambda m, x: m(x))

    def forward(s, x):
        return s.f(s.m, x)


def module(name, m, *shape, f=None):
    cases[name] = (Wrapped(m, f), (2,) + shape, None, None)


# Shapes.
add("view", lambda x: x.view(x.shape[0], 6) * x.reshape(-1, 6), 2, 3)
add("flatten", lambda x: x.flatten(1) * x.flatten(1, 2), 2, 3)
add("unflatten", lambda x: x.unflatten(-1, (2, 3)).sum(1), 6)
add("squeeze", lambda x: x.squeeze(1).squeeze(-1) * x.squeeze(1)[:, :, 0], 1, 3, 1)
add("unsqueeze", lambda x: x.unsqueeze(1) * x.unsqueeze(-1), 3)
add("permute", lambda x: x.permute(0, 3, 1, 2)[:, 0] * x.transpose(1, 2)[:, :, :, 0].transpose(1, 2), 2, 3, 4)
case("t", lambda x, p: x @ p.t() + (x @ p.T), (2, 3), (4, 3))
add("movedim", lambda x: x.movedim(1, -1), 2, 3, 4)
add("expand", lambda x: x.expand(-1, 4, 3) * x, 1, 3)
add("repeat", lambda x: x.repeat(1, 2, 3) ** 2, 2, 3)
add("tile", lambda x: x.tile((2,)) ** 2, 3)
add("repeat_interleave", lambda x: x.repeat_interleave(3, dim=1) ** 2, 3)
add("slice", lambda x: x[:, 1:5:2] * x[:, -2:], 6)
add("slice steps", lambda x: x[:, ::3, 1::2] ** 3, 7, 5)
add("select", lambda x: x[:, -1] * x[:, 0], 3, 2)
add("narrow", lambda x: x.narrow(1, 1, 2) ** 2, 4)
add("unfold", lambda x: x.unfold(1, 3, 2) ** 2, 7, 2)
add("flip", lambda x: x.flip(1, 2) * x, 2, 3)
add("roll", lambda x: x.roll((1, -2), (1, 2)) * x, 3, 4)
case("roll flat", lambda x, p: p.roll(2) * x.unsqueeze(1), (2, 3), (2, 3))
add("cat", lambda x: torch.cat([x, x * x, x[:, :1]], 1), 3)
add("stack", lambda x: torch.stack([x, x.sin()], 1), 3)
add("split", lambda x: x.split(2, 1)[0] * x.split(2, 1)[1] + x.split([2, 3], 1)[0], 5)
add("chunk", lambda x: x.chunk(2, 1)[0] * x.chunk(2, 1)[1], 4)
add("unbind", lambda x: x.unbind(1)[0] * x.unbind(1)[2], 3, 2)
add("pixel_shuffle", lambda x: F.pixel_unshuffle(F.pixel_shuffle(x, 2)[:, :, :, :2] ** 2, 2), 4, 2, 3)
add("channel_shuffle", lambda x: F.channel_shuffle(x, 2) * x, 4, 2, 2)
add("constant_pad_nd", lambda x: F.pad(x, (1, 2, 0, 1), value=0.5) ** 2, 2, 3)
add("constant_pad_nd negative", lambda x: F.pad(x, (-1, 2)) ** 2, 4)
add("pad reflect", lambda x: F.pad(x, (2, 1), mode="reflect") ** 2, 2, 4)
add("pad replicate", lambda x: F.pad(x, (2, 1, 1, 0), mode="replicate") ** 2, 2, 4, 3)
add("pad circular", lambda x: F.pad(x, (2, 1), mode="circular") ** 2, 2, 4)
add("tril", lambda x: x.tril() * x + x.triu(1), 3, 3)
add("dropout", lambda x: F.dropout(x, 0.5, False) ** 2, 3)
add("detach clone", lambda x: x.contiguous().clone() ** 2, 3)

# Elementwise.
add("add", lambda x: torch.add(x, x * x, alpha=2.0) + 3, 3)
add("sub", lambda x: torch.sub(x * x, x, alpha=0.5) - 1.5, 3)
add("rsub", lambda x: 2 - x * x, 3)
add("mul", lambda x: x * x[:, :1] * 2, 3)
add("mul mask", lambda x: x * (x > 0) * (x * x), 6)
add("div", lambda x: x / (2 + x * x) / 3 + 1 / (x * x + 1), 3)
add("div floor", lambda x: x * torch.div(x * 3, 2, rounding_mode="floor") + x * torch.div(x * 3, 2, rounding_mode="trunc"), 5)
add("remainder", lambda x: torch.remainder(x, 0.7) * x, 6)
add("pow 2", lambda x: x ** 2 + x ** 3, 4)
add("pow fraction", lambda x: (x * x + 0.1) ** 1.3 + (x * x + 0.1) ** 0.5 + (x * x + 0.1) ** -1.5, 4)
add("pow scalar base", lambda x: 2 ** x, 4)
case("pow tensor", lambda x, p, q: (p * p + 0.2) ** (q * x), (2, 3), (3,), (3,))
case("pow at zero", lambda x, p: (p * x) ** 2 + (p * x) ** 1, (2, 3), torch.tensor([0., 1., -1.]))
add("maximum", lambda x: torch.maximum(x, -x * 0.5) + torch.minimum(x, x * x), 6)
case("maximum ties", lambda x, p, q: torch.maximum(p * x, q * x) ** 2 + torch.minimum(p, q) ** 2, (2, 3), torch.tensor([1., 2., 3.]), torch.tensor([1., 2., 4.]))
case("addcmul", lambda x, p, q: torch.addcmul(x, p, q, value=0.5) ** 2, (2, 3), (3,), (3,))
case("addcdiv", lambda x, p, q: torch.addcdiv(x, p, q * q + 1, value=0.5) ** 2, (2, 3), (3,), (3,))
case("lerp", lambda x, p, q: torch.lerp(x, p, 0.3) * torch.lerp(x, p, q), (2, 3), (3,), (3,))
add("where", lambda x: torch.where(x > 0, x * x, x.sin()) + torch.where(x > 0, x, 0.5), 6)
add("where with NaN in the other branch", lambda x: torch.where(x.abs() > 10, x, (x * x + 1).sqrt()), 6)
add("masked_fill", lambda x: x.masked_fill(x < 0, 0.5) ** 2, 6)
add("clamp", lambda x: x.clamp(-0.5, 0.5) ** 2 + x.clamp_min(0.1) ** 2 + x.clamp(max=0.3), 8)
case("clamp at bounds", lambda x, p: (p * x).clamp(-1, 1) ** 2 * p, (2, 4), torch.tensor([1., -1., .5, 2.]))
case("clamp tensor", lambda x, p: torch.clamp(x * p, min=p * 0 - 0.5) ** 2, (2, 4), (4,))
add("neg abs square sign", lambda x: -x.abs() * x.square() * x.sign(), 6)
case("abs at zero", lambda x, p: (p * x).abs() * (1 + p), (2, 3), torch.tensor([0., 1., -1.]))
add("floor ceil round", lambda x: x * (x * 3).floor() + x * (x * 3).ceil() + x * (x * 3).round(), 6)
add("exp", lambda x: x.exp() + torch.exp2(x) + x.expm1(), 4)
add("log", lambda x: (x * x + .1).log() + (x * x + .1).log2() + (x * x + .1).log10() + (x * x).log1p(), 4)
add("sqrt", lambda x: (x * x + .1).sqrt() + (x * x + .1).rsqrt() + (x * x + 1).reciprocal(), 4)
add("sin", lambda x: x.sin() * x.cos() + (x * 0.3).tan(), 4)
add("erf", lambda x: x.erf() + torch.erfc(x) * x, 4)
add("comparison", lambda x: x * (x > 0) + x * x * (x <= 0.5).float() + x * ((x < 1) & (x != 0)).float() + x * (~(x >= 1)).float(), 6)
add("logical", lambda x: x * x * torch.logical_or(x > 1, torch.logical_not(x > 0)).float() + x * torch.logical_and(x > 0, x < 1).float(), 6)

add("slice_scatter", lambda x: torch.slice_scatter(x, x[:, :2] * 2, 1, 1, 3) ** 2 + torch.select_scatter(x, x[:, 0] * 3, 1, 2), 5)

# Activations.
for name, f in {
        "relu": F.relu, "relu6": lambda x: F.relu6(x * 8), "hardtanh": lambda x: F.hardtanh(x, -.5, .7), "sigmoid": torch.sigmoid, "tanh": torch.tanh,
        "silu": F.silu, "mish": F.mish, "gelu": F.gelu, "gelu tanh": lambda x: F.gelu(x, approximate="tanh"), "hardsigmoid": lambda x: F.hardsigmoid(x * 4),
        "hardswish": lambda x: F.hardswish(x * 4), "leaky_relu": lambda x: F.leaky_relu(x, 0.2), "elu": lambda x: F.elu(x, 0.7), "celu": lambda x: F.celu(x, 0.7),
        "selu": F.selu, "softplus": lambda x: F.softplus(x, 2, 3), "softsign": F.softsign, "logsigmoid": F.logsigmoid, "hardshrink": lambda x: F.hardshrink(x, .4),
        "softshrink": lambda x: F.softshrink(x, .4), "threshold": lambda x: F.threshold(x, 0.1, 0.3), "tanhshrink": F.tanhshrink}.items():
    add(name, lambda x, f=f: f(x) * x, 12)  # at 0, where elu's second derivative jumps, conventions differ
    case(name + " at special points", lambda x, p, f=f: f(p * x), (2, 9), torch.tensor([0. if name not in ("elu", "celu", "selu", "logsigmoid") else 2., 1., -1., 3., -3., 6., 100., -100., 0.5]))
add("glu", lambda x: F.glu(x, 1) ** 2, 6)
module("prelu", nn.PReLU(3), 3, 2)
module("prelu one", nn.PReLU(), 3, 2)
add("inplace", lambda x: F.relu(x.mul(2).add_(1), inplace=True) ** 2, 6)

def masked(x, p):
    m = x.new_zeros(4, 4)
    m[:2, 1:] = 1
    m[3] = 2
    q = (p * 2).clone()
    q[1:3].mul_(3).add_(q[0])
    return x * m.sum(0) * q ** 2
case("inplace parts", masked, (2, 4), (4,))
add("inplace twice", lambda x: F.dropout(x.mul(2).add_(1).mul_(0.5), 0.5, False, inplace=True) ** 2, 6)

# Reductions.
add("sum", lambda x: x.sum((1, 2), keepdim=True) * x + x.sum(-1, keepdim=True) ** 2, 2, 3)
add("mean", lambda x: x.mean(1) ** 2 + x.mean((1, 2)).unsqueeze(1) ** 2, 2, 3)
add("amax", lambda x: x.amax(1) ** 2 + x.amin((1, 2)).unsqueeze(1) ** 2, 2, 3)
case("amax ties", lambda x, p: (x * p).amax(1) ** 2 + p.amin(0), (2, 4), torch.tensor([1., 1., 0.5, 0.25]))
add("max dim", lambda x: x.max(1)[0] ** 2 + x.min(2, keepdim=True)[0].squeeze(2).sum(1, keepdim=True) ** 2, 2, 3)
case("max dim ties", lambda x, p: (x * p).max(1)[0] ** 2, (2, 4), torch.tensor([1., 1., 1., 0.25]))
add("max all", lambda x: x.max() * x + x.min(), 2, 3)
add("argmax", lambda x: x * (x.argmax(1, keepdim=True) + x.argmin(1, keepdim=True)), 4)
add("var", lambda x: x.var(1) + x.var((1, 2), correction=0, keepdim=True).squeeze(1) + x.std(1, unbiased=False), 2, 3)
add("var_mean", lambda x: sum(torch.var_mean(x, 1, correction=0)), 4)
add("any all", lambda x: x * (x > 0).any(1, keepdim=True) + x * x * (x > 0).all(1, keepdim=True), 3)
add("cumsum", lambda x: x.cumsum(1) ** 2, 4, 2)
add("softmax", lambda x: x.softmax(-1) * x + x.softmax(1), 2, 3)
add("log_softmax", lambda x: x.log_softmax(-1) * x, 4)
add("logsumexp", lambda x: x.logsumexp(1) ** 2, 4, 2)
add("norm", lambda x: x.norm(dim=1, keepdim=True) * x + torch.linalg.vector_norm(x, 3, dim=(1, 2), keepdim=True) + x.norm(p=1, dim=1, keepdim=True), 2, 3)
add("norm inf", lambda x: torch.linalg.vector_norm(x, float("inf"), dim=1) ** 2, 4)
add("normalize", lambda x: F.normalize(x, dim=1) * x, 4)

# Products.
module("linear", nn.Linear(3, 4), 3)
module("linear sequences", nn.Linear(3, 4, bias=False), 2, 3)
case("matmul", lambda x, p: x @ p @ x.transpose(1, 2), (2, 3, 4), (4, 4))
case("matmul broadcast", lambda x, p: p @ x.unsqueeze(1) + (x[:, 0] @ p[0]).reshape(-1, 1, 1, 3), (2, 3, 3), (5, 3, 3))
case("matmul vectors", lambda x, p: (x @ p) ** 2, (2, 3, 4), (4,))
case("matmul vector left", lambda x, p: (p @ x) ** 2, (2, 3, 4), (3,))
case("mm addmm", lambda x, p, b: torch.addmm(b, x, p, beta=0.5, alpha=2.0) + torch.mm(x, p), (2, 3), (3, 4), (4,))
case("bmm baddbmm", lambda x, p: torch.bmm(x, x.transpose(1, 2)) + torch.baddbmm(p.expand(x.shape[0], -1, -1), x, x.transpose(1, 2), beta=2., alpha=.5), (2, 3, 4), (1, 3, 3))
case("einsum", lambda x, p: torch.einsum("bij,jk,bi->bk", x, p, x[:, :, 0]) + torch.einsum("bij->bj", x)[:, :1], (2, 3, 4), (4, 5))
case("outer", lambda x, p: torch.outer(p, p) * x, (2, 3, 3), (3,))

# Convolutions.
def conv(name, m, *shape):
    module(name, m, *shape, f=lambda m, x: m(x * 1.5).tanh())
conv("conv1d", nn.Conv1d(2, 3, 3, padding=1), 2, 5)
conv("conv1d even", nn.Conv1d(2, 4, 4, stride=2, groups=2), 2, 9)
for k in [1, 2, 3, (2, 3), 4]:
    for s in [1, 2, 3]:
        conv(f"conv2d kernel {k} stride {s}", nn.Conv2d(2, 3, k, stride=s, padding=1 if k != 1 else 0), 2, 6, 7)
conv("conv2d padding beyond half", nn.Conv2d(2, 3, 3, padding=4), 2, 3, 4)
conv("conv2d padding of 1x1", nn.Conv2d(2, 3, 1, padding=1, stride=2), 2, 3, 4)
conv("conv2d dilation", nn.Conv2d(2, 3, (3, 2), dilation=(2, 3), padding=(2, 1), stride=(1, 2)), 2, 7, 8)
conv("conv2d groups", nn.Conv2d(4, 6, 3, groups=2, padding=1, stride=2), 4, 5, 6)
conv("conv2d depthwise", nn.Conv2d(3, 3, 3, groups=3, padding=1, bias=False), 3, 4, 5)
conv("conv2d depthwise even dilated", nn.Conv2d(3, 6, (2, 4), groups=3, padding=1, stride=(2, 1), dilation=(1, 2)), 3, 6, 7)
conv("conv2d same", nn.Conv2d(2, 3, (4, 3), padding="same"), 2, 5, 4)
conv("conv2d rows beyond the last window", nn.Conv2d(2, 3, 2, stride=4), 2, 7, 9)
conv("conv2d patches", nn.Conv2d(3, 4, (2, 3), stride=(2, 3)), 3, 5, 7)
conv("conv1d patches", nn.Conv1d(3, 4, 2, stride=2), 3, 6)
conv("conv2d large windows", nn.Conv2d(1, 2, 9, padding=4, groups=1), 1, 6, 6)
conv("conv2d large depthwise", nn.Conv2d(2, 2, 9, padding=4, groups=2), 2, 6, 6)
conv("conv3d", nn.Conv3d(2, 2, 2, padding=1), 2, 2, 3, 3)
conv("conv_transpose2d", nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), 2, 3, 4)
conv("conv_transpose2d groups", nn.ConvTranspose2d(4, 6, (2, 3), stride=(1, 2), groups=2, dilation=(2, 1)), 4, 3, 4)
conv("conv_transpose2d cut", nn.ConvTranspose2d(2, 3, 2, padding=2, stride=2), 2, 4, 5)
conv("conv_transpose1d", nn.ConvTranspose1d(2, 3, 4, stride=2, padding=1), 2, 4)


def norm(m):
    for b in m.buffers():
        if b.is_floating_point():
            b.uniform_(0.5, 1.5)
    return m


class Images(nn.Module):
    """Operations that keep images in one layout."""
    def __init__(s):
        super().__init__()
        s.a, s.b, s.c, s.d = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 2, stride=2), nn.Conv2d(4, 8, 3, groups=4, padding=1), nn.Conv2d(12, 3, 1, stride=2)
        s.e, s.f, s.bn = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, stride=2, padding=1), norm(nn.BatchNorm2d(4))

    def forward(s, x):
        y = F.relu(s.bn(s.a(x)), inplace=True)
        y = y + s.e(y) * y.mean((2, 3), keepdim=True).sigmoid()
        z = F.max_pool2d(y, 3, 2, 1) + s.f(y)
        w = torch.cat([s.c(z), F.silu(s.b(y) * 2)], 1)
        w = F.avg_pool2d(w, 3, 1, 1, count_include_pad=False) + w.amax((2, 3), keepdim=True)
        return s.d(w).flatten(1)


# Pools.
add("max_pool1d", lambda x: F.max_pool1d(x, 2) ** 2, 2, 5)
add("max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1) ** 2, 2, 6, 7)
add("max_pool2d ceil", lambda x: F.max_pool2d(x, 2, 3, ceil_mode=True) ** 2, 2, 6, 7)
add("max_pool2d dilation", lambda x: F.max_pool2d(x, (2, 3), 1, 1, dilation=(2, 1)) ** 2, 2, 6, 5)
case("max_pool2d ties", lambda x, p: F.max_pool2d(p * x.unsqueeze(1), 2) ** 2, (2, 4, 4), torch.ones(1, 4, 4))
add("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2, 1) ** 2, 2, 6)
add("avg_pool2d", lambda x: F.avg_pool2d(x, 2) ** 2, 2, 6, 7)
add("avg_pool2d ceil", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True) ** 2, 2, 6, 6)
add("avg_pool2d ceil without padding", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False) ** 2, 2, 6, 6)
add("avg_pool2d divisor", lambda x: F.avg_pool2d(x, (2, 3), 2, divisor_override=5) ** 2, 2, 6, 6)
add("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, 1) ** 2, 2, 3, 4)
add("adaptive_avg_pool2d uneven", lambda x: F.adaptive_avg_pool2d(x, (3, 2)) ** 2, 2, 5, 7)
add("adaptive_avg_pool2d larger", lambda x: F.adaptive_avg_pool2d(x, (3, 4)) ** 2, 2, 2, 3)
add("adaptive_avg_pool1d", lambda x: F.adaptive_avg_pool1d(x, 2) ** 2, 2, 5)
add("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (2, 1)) ** 2, 2, 4, 3)
add("upsample nearest", lambda x: F.interpolate(x, scale_factor=2) ** 2, 2, 2, 3)
add("upsample nearest size", lambda x: F.interpolate(x, size=(5, 4)) ** 2, 2, 2, 3)
add("upsample bilinear", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear") ** 2, 2, 2, 3)
add("upsample bicubic", lambda x: F.interpolate(x, size=(5, 4), mode="bicubic") ** 2 + F.interpolate(x, size=(5, 4), mode="bicubic", align_corners=True), 2, 3, 3)
add("upsample bilinear aligned", lambda x: F.interpolate(x, size=(5, 4), mode="bilinear", align_corners=True) ** 2, 2, 2, 3)

# Normalizations.
module("images", Images(), 2, 8, 8)
module("batch_norm", norm(nn.BatchNorm2d(3)), 3, 2, 2)
module("batch_norm flat", nn.Sequential(nn.Linear(3, 3), norm(nn.BatchNorm1d(3, affine=False))), 3, f=lambda m, x: m(x) ** 2)
module("batch_norm of the batch", nn.BatchNorm2d(3, track_running_stats=False), 3, 2, 2)
module("layer_norm", nn.LayerNorm((2, 3)), 2, 3)
case("layer_norm without weights", lambda x, p: F.layer_norm(x * p, (3,)) ** 3, (2, 2, 3), (3,))
case("rms_norm", lambda x, p: F.rms_norm(x * p, (3,), p, 1e-5) ** 2, (2, 2, 3), (3,))
module("group_norm", nn.GroupNorm(2, 4), 4, 3)
module("instance_norm", nn.InstanceNorm2d(3, affine=True), 3, 2, 3)
case("local_response_norm", lambda x, p: F.local_response_norm(x * p, 3), (2, 5, 2, 2), (1, 2, 2))

# Attention and recurrent networks.
def qkv(x, p): return [t.unflatten(-1, (2, 3)).transpose(1, 2) for t in (x @ p).split(6, -1)]
case("attention", lambda x, p: F.scaled_dot_product_attention(*qkv(x, p)), (2, 4, 5), (5, 18))
case("attention causal", lambda x, p: F.scaled_dot_product_attention(*qkv(x, p), is_causal=True, scale=0.7), (2, 4, 5), (5, 18))
case("attention mask", lambda x, p, m: F.scaled_dot_product_attention(*qkv(x, p), attn_mask=m > 0), (2, 4, 5), (5, 18), buffers=(torch.tensor([[1., 1, 0, 1], [0, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1]]),))
case("attention hidden row", lambda x, p, m: F.scaled_dot_product_attention(*qkv(x, p), attn_mask=m > 0), (2, 4, 5), (5, 18), buffers=(torch.tensor([[1., 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]]),))
case("attention bias", lambda x, p, b: F.scaled_dot_product_attention(*qkv(x, p), attn_mask=b), (2, 4, 5), (5, 18), (4, 4))
module("multihead", nn.MultiheadAttention(4, 2, batch_first=True), 3, 4, f=lambda m, x: m(x, x, x, need_weights=False)[0])
module("multihead with weights", nn.MultiheadAttention(4, 2, batch_first=True), 3, 4, f=lambda m, x: m(x, x, x)[1])
module("transformer layer", nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, batch_first=True), 3, 4)
for name, m in {"lstm": nn.LSTM(3, 2, batch_first=True), "lstm two layers": nn.LSTM(3, 2, 2, batch_first=True, bidirectional=True), "gru": nn.GRU(3, 2, batch_first=True),
                "gru two sides": nn.GRU(3, 2, bidirectional=True, bias=False, batch_first=True), "rnn": nn.RNN(3, 2, batch_first=True), "rnn relu": nn.RNN(3, 2, nonlinearity="relu", batch_first=True)}.items():
    module(name, m, 4, 3, f=lambda m, x: m(x)[0])
module("lstm state", nn.LSTM(3, 2, batch_first=True), 4, 3, f=lambda m, x: torch.cat(m(x)[1], 0).transpose(0, 1))
module("gru state", nn.GRU(3, 2, batch_first=True), 4, 3, f=lambda m, x: m(x)[1].transpose(0, 1) ** 2)

# Indices and new tensors.
ids = torch.tensor([[1, 0, 1], [3, 3, 2]])
case("embedding", lambda x, p: F.embedding(x, p) ** 2, ids, (4, 3))
case("embedding of a sum", lambda x, p: F.embedding(x, p) ** 2 + torch.arange(3), ids, (4, 3))
case("index_select", lambda x, p, i: (x * p).index_select(1, i.long()) ** 2, (2, 4), (4,), buffers=(torch.tensor([1., 3, 1]),))
case("index", lambda x, p: (x * p)[:, torch.tensor([2, 0, -1]), torch.tensor([[1], [0]])] ** 2, (2, 3, 2), (3, 2))
case("index first", lambda x, p: p[torch.tensor([2, 0, 0, 1])] * x, (2, 4, 2), (3, 2))
case("index with mask", lambda x, p: x @ p[torch.tensor([[0, 2], [1, 0]])].reshape(4, 2).t(), (2, 2), (3, 2))
case("gather", lambda x, p: (x * p).gather(1, torch.tensor([[0, 2, 2]]).expand(x.shape[0], -1)) ** 2, (2, 4), (4,))
case("positions", lambda x, p: p[torch.arange(x.shape[1])] * x + torch.arange(0, 1.5, 0.5), (2, 3), (4,))
case("new tensors", lambda x, p: x * p + torch.zeros(3) + torch.ones_like(x) + torch.full((3,), 2.) * torch.eye(3)[0] + x.new_zeros(x.shape[0], 3) + torch.linspace(0, 1, 3), (2, 3), (3,))
case("types", lambda x, p: (x * p).to(torch.float64).float() * (x > 0).to(torch.int64) + x.type_as(p) * p.long(), (2, 3), (3,))
case("integers", lambda x, p: F.embedding((x * 2 + 1) % 4 - (x // 2 > 0).long() * 0, p) * (x.unsqueeze(-1) / 2), ids, (4, 3))


def numbers(t):
    return {"shape": list(t.shape), "data": t.detach().double().flatten().tolist()}


def packed(ep):
    """The file of an exported program without sample inputs and stack traces."""
    buffer, out = io.BytesIO(), io.BytesIO()
    torch.export.save(ep, buffer)
    with zipfile.ZipFile(buffer) as z, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as w:
        for n in z.namelist():
            if "sample_inputs" in n:
                continue
            b = z.read(n)
            if n.endswith("models/model.json"):
                m = json.loads(b)
                x = m["graph_module"]["graph"]["tensor_values"][ep.graph_signature.user_inputs[0]]
                if "as_int" in x["sizes"][0]:  # a decomposition fixed the batch
                    return None
                for node in m["graph_module"]["graph"]["nodes"]:
                    node["metadata"].pop("stack_trace", None)
                m["graph_module"].pop("module_call_graph", None)
                b = json.dumps(m, separators=(",", ":"))
            w.writestr(zipfile.ZipInfo("case/" + n.split("/", 1)[1]), b)
    return out.getvalue()


def reference(m, x, g):
    """Output, gradient and H*v in float64 of the loss sum(w*y + y*y/2)."""
    m = m.double()
    plain, F.hardsigmoid = F.hardsigmoid, lambda x: F.relu6(x + 3) / 6  # PyTorch has no second derivative of it
    ps = list(m.parameters())
    vs = [torch.randn(p.shape, generator=g).double() for p in ps]
    m_x = x.double() if x.is_floating_point() else x
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        y = m(m_x).double()
    F.hardsigmoid = plain
    w = torch.sin(torch.arange(1, y.numel() + 1).double()).reshape(y.shape)
    loss = (w * y + y * y / 2).sum()
    grads = torch.autograd.grad(loss, ps, create_graph=True, allow_unused=True)
    grads = [torch.zeros_like(p) if gr is None else gr for gr, p in zip(grads, ps)]
    s = sum((gr * v).sum() for gr, v in zip(grads, vs))
    hv = torch.autograd.grad(s, ps, allow_unused=True) if s.requires_grad else [None] * len(ps)
    hv = [torch.zeros_like(p) if h is None else h for h, p in zip(hv, ps)]
    flat = lambda ts: torch.cat([t.detach().flatten() for t in ts]).tolist()
    return {"names": [n for n, _ in m.named_parameters()], "x": {**numbers(x), "integers": not x.is_floating_point()}, "y": numbers(y), "v": flat(vs), "gradient": flat(grads), "hv": flat(hv)}


def write(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


with tarfile.open(sys.argv[1], "w:gz", compresslevel=9) as tar:
    for name, (f, x, params, buffers) in cases.items():
        g = torch.Generator().manual_seed(7)
        torch.manual_seed(7)
        try:
            if not torch.is_tensor(x):
                x = torch.randn(x, generator=g)
            if " at " in name or "ties" in name:
                x = torch.ones_like(x)
            if params is None:
                m = f
                with torch.no_grad():
                    for p in m.parameters():
                        p.copy_(torch.randn(p.shape, generator=g) * 0.6 + (1 if p.dim() == 1 and "norm" in name else 0))
            else:
                m = M(f, [p if torch.is_tensor(p) else torch.randn(p, generator=g) for p in params], buffers)
            m.eval()
            batch = torch.export.Dim("batch", min=2, max=1024)
            ep = torch.export.export(m, (x,), dynamic_shapes=({0: batch},))
            files = {"traced": packed(ep)}
            ep = ep.run_decompositions()
            files["decomposed"] = packed(ep)
            ref = reference(m, x, g)
        except Exception as e:
            print("FAIL", name, type(e).__name__, str(e)[:300])
            continue
        for kind, b in files.items():
            if b:
                write(tar, f"{name}/{kind}.pt2", b)
        write(tar, f"{name}/values.json", json.dumps(ref, separators=(",", ":")).encode())
    print(len(cases), "cases")
