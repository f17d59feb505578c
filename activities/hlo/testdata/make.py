"""Makes the folder convnet, the same network as portable bytecode, data, and what JAX computes with them in float64.

    python make.py      (pip install jax)

The network has what Flax gives names to: a kernel in the order HWIO, scale and bias of a normalization with running mean and
variance as buffers, an embedding whose filters are its rows, and a dense kernel in the order IO.
"""
import json, os
import jax, jax.flatten_util, jax.numpy as jnp, numpy as np
from jax import export

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_hlo_source_file_canonicalization_regex", ".*/")  # no paths of this machine in bytecode
BATCH, N, CLASSES = 8, 21, 3


def sums(p, s, x, y, mask):
    h = jax.lax.conv_general_dilated(x, p["conv"]["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    h = (h - s["bn"]["mean"]) / jnp.sqrt(s["bn"]["var"] + 1e-5) * p["bn"]["scale"] + p["bn"]["bias"]
    h = jax.nn.gelu(h, approximate=False).mean((1, 2)) + p["embed"]["embedding"][(x[:, 0, 0, 0] > 0).astype(jnp.int32)]
    logits = (jnp.tanh(h) @ p["dense"]["kernel"] + p["dense"]["bias"]) * p["temperature"]
    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)[:, 0]
    return jnp.sum(losses * mask), jnp.sum((logits.argmax(-1) == y) * mask)


def loss(p, s, x, y, mask):
    return sums(p, s, x, y, mask)[0]


def hvp(p, s, x, y, mask, v):
    return jax.jvp(lambda q: jax.grad(loss)(q, s, x, y, mask), (p,), (v,))[1]


def named(tree):
    return {jax.tree_util.keystr(k, simple=True, separator="."): v for k, v in jax.tree_util.tree_flatten_with_path(tree)[0]}


r = np.random.default_rng(0)
f = lambda *shape: r.normal(size=shape).astype(np.float32)
params = {"conv": {"kernel": f(3, 3, 2, 4) * 0.5}, "bn": {"scale": 1 + 0.2 * f(4), "bias": 0.2 * f(4)}, "embed": {"embedding": f(2, 4)},
          "dense": {"kernel": f(4, CLASSES), "bias": f(CLASSES)}, "temperature": np.float32(1.5)}
stats = {"bn": {"mean": 0.3 * f(4), "var": (1 + 0.5 * r.random(4)).astype(np.float32)}}
x, y = f(N, 5, 4, 2), r.integers(0, CLASSES, N).astype(np.int32)
v = jax.tree.map(lambda a: f(*np.shape(a)), params)

args = (params, stats, x[:BATCH], y[:BATCH], np.ones(BATCH, np.float32))
os.makedirs("convnet", exist_ok=True)
with jax.enable_x64(False):
    for name, g, a in ("loss", lambda *a: jax.tree.map(lambda t: t.astype(jnp.float32), sums(*a)), args), ("gradient", jax.grad(loss), args), ("hvp", hvp, args + (v,)):
        jitted = jax.jit(g, keep_unused=True)
        open(f"convnet/{name}.mlir", "w").write(jitted.lower(*a).as_text())
        if name == "loss":
            open("loss-portable.mlir", "wb").write(export.export(jitted)(*a).mlir_module_serialized)
np.savez("convnet/weights.npz", **named(params), **named(stats))
manifest = {"version": 1, "batch": BATCH, "score": True, "x": {"shape": list(x.shape[1:]), "dtype": str(x.dtype)}, "y": {"shape": [], "dtype": str(y.dtype)},
            "params": [{"name": n, "filters": "first"} if n == "embed.embedding" else n for n in named(params)], "buffers": list(named(stats))}
json.dump(manifest, open("convnet/model.json", "w"), indent=1)
np.savez("data.npz", x=x, y=y)

wide = lambda tree: jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), tree)
flat = lambda tree: np.concatenate([np.ravel(t) for t in jax.tree.leaves(tree)])
p64, s64, v64, x64, one = wide(params), wide(stats), wide(v), jnp.asarray(x, jnp.float64), jnp.ones(N)
total, right = sums(p64, s64, x64, y, one)
theta, unravel = jax.flatten_util.ravel_pytree(p64)
eigenvalues = np.linalg.eigvalsh(jax.hessian(lambda t: loss(unravel(t), s64, x64, y, one) / N)(theta))
along = lambda t: jax.tree.map(lambda a, b: a + t * b, p64, v64)
json.dump({"loss": float(total) / N, "accuracy": 100 * float(right) / N, "v": flat(v64).tolist(), "gradient": (flat(jax.grad(loss)(p64, s64, x64, y, one)) / N).tolist(),
           "hv": (flat(hvp(p64, s64, x64, y, one, v64)) / N).tolist(), "eigenvalues": eigenvalues.tolist(),
           "line": {str(t): float(loss(along(t), s64, x64, y, one)) / N for t in (-1.0, -0.5, 0.5, 1.0)}}, open("reference.json", "w"))
