"""Makes operators.json: one model for each operator and form of it, with the outputs
of ONNX's reference evaluator in double precision.

    python operators.py        (onnx 1.23, numpy 2.4)
"""
import base64, json, os
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

rng = np.random.default_rng(0)
cases = []


def model(nodes, shape, inits, outputs, opset, double, integer):
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    tensors = []
    for name, v in inits.items():
        if v.dtype == np.float32 and double:
            v = v.astype(np.float64)
        tensors.append(numpy_helper.from_array(v, name))
    nodes = [helper.make_node(*n[:3], name=f"node{i}", **as_type(n[3] if len(n) > 3 else {}, double)) for i, n in enumerate(nodes)]
    x = helper.make_tensor_value_info("x", TensorProto.INT64 if integer else kind, ["N"] + shape[1:])
    y = helper.make_tensor_value_info(outputs[0], kind, None)
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def as_type(attributes, double):
    """Constants as attributes in the type of the model."""
    out = {}
    for k, v in attributes.items():
        if isinstance(v, np.ndarray):
            if v.dtype == np.float32 and double:
                v = v.astype(np.float64)
            v = numpy_helper.from_array(v)
        if k == "to" and v == TensorProto.FLOAT and double:
            v = TensorProto.DOUBLE
        out[k] = v
    return out


def case(name, nodes, shape, inits=None, opset=17, x=None, expect=None):
    """A model of nodes (type, inputs, outputs, attributes) on an input x of a shape. expect stands in where the evaluator lacks something."""
    inits = inits or {}
    if x is None:
        x = rng.normal(size=shape).astype(np.float32)
    integer = x.dtype == np.int64
    stored = model(nodes, list(x.shape), inits, ["y"], opset, False, integer)
    exact = model(nodes, list(x.shape), inits, ["y"], opset, True, integer)
    out = expect(x.astype(np.float64)) if expect else ReferenceEvaluator(exact).run(None, {"x": x if integer else x.astype(np.float64)})[0]
    add(name, stored.SerializeToString(), x, out)


def add(name, stored, x, out):
    cases.append({
        "name": name, "model": base64.b64encode(stored).decode(), "batch": int(x.shape[0]),
        "x": [float(f"{v:.9g}") for v in x.flatten()], "y": [float(f"{v:.12g}") for v in np.asarray(out, dtype=np.float64).flatten()],
    })


def w(*shape):
    return rng.normal(size=shape).astype(np.float32)


def ints(*v):
    return np.array(v, dtype=np.int64)


def scalar(v):
    return np.array(v, dtype=np.float32)


def one(op, ins=("x",), **attributes):
    return [(op, list(ins), ["y"], attributes)]


# elementwise
for op in ["Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Floor", "Ceil", "Round", "Erf", "Sin", "Cos", "Sign", "Reciprocal",
           "Softplus", "Softsign", "HardSwish", "Elu", "Selu", "Celu", "LeakyRelu", "HardSigmoid", "ThresholdedRelu"]:
    case(op, one(op), [3, 5], x=(rng.normal(size=(3, 5)) * 2).astype(np.float32))
case("Mish", one("Mish"), [3, 5], opset=18)
for op in ["Sqrt", "Log"]:
    case(op, one(op), [3, 5], x=rng.uniform(.5, 3, size=(3, 5)).astype(np.float32))
case("Elu alpha", one("Elu", alpha=0.7), [3, 5])
case("Celu alpha", one("Celu", alpha=2.0), [3, 5])
case("Selu parameters", one("Selu", alpha=1.5, gamma=1.2), [3, 5])
case("LeakyRelu alpha", one("LeakyRelu", alpha=0.3), [3, 5])
case("HardSigmoid parameters", one("HardSigmoid", alpha=1 / 6, beta=0.5), [3, 5])
case("ThresholdedRelu alpha", one("ThresholdedRelu", alpha=0.4), [3, 5])
case("Gelu erf", one("Gelu"), [3, 5], opset=20)
case("Gelu tanh", one("Gelu", approximate="tanh"), [3, 5], opset=20)
case("PRelu by channel", one("PRelu", ["x", "w"]), [3, 4, 2, 2], {"w": w(4, 1, 1)})
case("PRelu by one", one("PRelu", ["x", "w"]), [3, 4], {"w": w(1)})
for op in ["Add", "Sub", "Mul", "Div"]:
    case(op + " vector", one(op, ["x", "w"]), [3, 5], {"w": w(5)})
    case(op + " from left", one(op, ["w", "x"]), [3, 5], {"w": w(1, 5)})
    case(op + " number", one(op, ["x", "val_1"]), [3, 5], {"val_1": scalar(1.7)})
    case(op + " number from left", one(op, ["val_1", "x"]), [3, 5], {"val_1": scalar(1.7)})
positive = rng.uniform(.5, 2, size=(3, 5)).astype(np.float32)
case("Pow square", one("Pow", ["x", "val_1"]), [3, 5], {"val_1": scalar(2)})
case("Pow vector", one("Pow", ["x", "w"]), [3, 5], {"w": w(5)}, x=positive)
case("Pow number", one("Pow", ["val_1", "x"]), [3, 5], {"val_1": scalar(1.3)})
case("Max of three", one("Max", ["x", "w", "v"]), [3, 5], {"w": w(5), "v": w(3, 1)[:1]})
case("Min", one("Min", ["x", "w"]), [3, 5], {"w": w(5)})
case("Sum", one("Sum", ["x", "w", "x"]), [3, 5], {"w": w(5)})
case("Mod", one("Mod", ["x", "val_1"], fmod=1), [3, 5], {"val_1": scalar(0.7)}, x=positive)
case("Clip", one("Clip", ["x", "val_1", "val_2"]), [3, 5], {"val_1": scalar(-.5), "val_2": scalar(.6)})
case("Clip from below", one("Clip", ["x", "val_1"]), [3, 5], {"val_1": scalar(-.5)})
case("Clip attributes", one("Clip", min=-.3, max=.9), [3, 5], opset=9)
case("Dropout", [("Dropout", ["x"], ["a"]), ("Relu", ["a"], ["y"])], [3, 5])
for op in ["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"]:
    case("Where " + op, [(op, ["x", "val_1"], ["q"]), ("Where", ["q", "x", "w"], ["y"])], [3, 5], {"val_1": scalar(.2), "w": w(5)})
case("And Or Not Xor", [("Less", ["x", "val_1"], ["a"]), ("Greater", ["x", "val_2"], ["b"]), ("And", ["a", "b"], ["c"]), ("Or", ["a", "c"], ["d"]),
                        ("Not", ["d"], ["e"]), ("Xor", ["e", "b"], ["f"]), ("Where", ["f", "x", "val_1"], ["y"])], [3, 9], {"val_1": scalar(.4), "val_2": scalar(-.4)})
case("Cast", [("Cast", ["x"], ["a"], {"to": TensorProto.INT64}), ("Cast", ["a"], ["y"], {"to": TensorProto.FLOAT})], [3, 5], x=(rng.normal(size=(3, 5)) * 3).astype(np.float32))

# shapes
case("Reshape", one("Reshape", ["x", "s"]), [3, 4, 6], {"s": ints(0, -1, 3)})
case("Reshape merges the batch", [("Reshape", ["x", "s"], ["a"]), ("MatMul", ["a", "w"], ["b"]), ("Reshape", ["b", "t"], ["y"])], [3, 4, 6],
     {"s": ints(-1, 6), "t": ints(-1, 4, 5), "w": w(6, 5)})
case("Flatten", one("Flatten"), [3, 4, 6])
case("Flatten axis 2", [("Flatten", ["x"], ["a"], {"axis": 2}), ("Reshape", ["a", "s"], ["y"])], [3, 4, 6], {"s": ints(-1, 24)})
case("Transpose", one("Transpose", perm=[0, 2, 1]), [3, 4, 6])
case("Squeeze and Unsqueeze", [("Unsqueeze", ["x", "a"], ["b"]), ("Squeeze", ["b", "c"], ["y"])], [3, 1, 6], {"a": ints(1, -1), "c": ints(2)})
case("Squeeze and Unsqueeze attributes", [("Unsqueeze", ["x"], ["b"], {"axes": [1, 4]}), ("Squeeze", ["b"], ["y"], {"axes": [2]})], [3, 1, 6], opset=11)
case("Concat", [("Relu", ["x"], ["a"]), ("Concat", ["x", "a", "x"], ["y"], {"axis": -1})], [3, 4, 2])
case("Split", [("Split", ["x", "s"], ["a", "b"], {"axis": 1}), ("Concat", ["b", "a"], ["y"], {"axis": 1})], [3, 7, 2], {"s": ints(3, 4)})
case("Split attribute", [("Split", ["x"], ["a", "b"], {"axis": 1, "split": [2, 5]}), ("Concat", ["b", "a"], ["y"], {"axis": 1})], [3, 7, 2], opset=11)
case("Split unequal", [("Split", ["x"], ["a", "b"], {"axis": 1, "num_outputs": 2}), ("Concat", ["b", "a"], ["y"], {"axis": 1})], [3, 7, 2], opset=18)
case("Slice", one("Slice", ["x", "a", "b", "c", "d"]), [3, 7, 9], {"a": ints(1, -1), "b": ints(6, -9223372036854775807), "c": ints(1, 2), "d": ints(2, -1)})
case("Slice negative ends", one("Slice", ["x", "a", "b", "c"]), [3, 7, 9], {"a": ints(-4), "b": ints(-1), "c": ints(2)})
case("Slice attributes", one("Slice", starts=[2], ends=[5], axes=[1]), [3, 7], opset=9)
case("Gather entries", one("Gather", ["x", "i"], axis=1), [3, 5, 2], {"i": ints(4, 0, -2)})
case("Gather rows in order", one("Gather", ["x", "i"], axis=1), [3, 5, 2], {"i": ints(1, 2, 3)})
case("Gather one", one("Gather", ["x", "i"], axis=2), [3, 5, 2], {"i": np.array(-1, dtype=np.int64)})
case("Gather matrix of entries", one("Gather", ["x", "i"], axis=1), [3, 5, 2], {"i": np.array([[0, 3], [2, 2]], dtype=np.int64)})
tokens = rng.integers(0, 9, size=(3, 6))
case("Embedding", one("Gather", ["w", "x"]), None, {"w": w(9, 4)}, x=tokens)
case("Embedding of columns", [("Gather", ["w", "x"], ["a"], {"axis": 1}), ("Transpose", ["a"], ["y"], {"perm": [1, 2, 0]})], None, {"w": w(4, 9)}, x=tokens)
case("GatherElements", one("GatherElements", ["w", "x"], axis=1), None, {"w": w(3, 9)}, x=tokens)
case("Expand", one("Expand", ["x", "s"]), [3, 1, 4], {"s": ints(5, 1)})
case("Tile", one("Tile", ["x", "s"]), [3, 2, 4], {"s": ints(1, 3, 2)})
case("Pad", one("Pad", ["x", "p", "val_1"]), [3, 2, 4], {"p": ints(0, 1, 2, 0, 0, 3), "val_1": scalar(1.5)})
case("Pad crops", one("Pad", ["x", "p"]), [3, 4, 5], {"p": ints(0, -1, 2, 0, -1, -2)},
     expect=lambda x: np.pad(x[:, 1:-1, :-2], ((0, 0), (0, 0), (2, 0))))
case("Pad axes", one("Pad", ["x", "p", "", "a"]), [3, 4, 5], {"p": ints(1, 2), "a": ints(-1)}, opset=18)
case("Pad attributes", one("Pad", pads=[0, 0, 1, 0, 0, 2], value=.5), [3, 4, 5], opset=9)
for mode in ["reflect", "edge"]:
    case("Pad " + mode, one("Pad", ["x", "p"], mode=mode), [3, 2, 4, 5], {"p": ints(0, 0, 1, 2, 0, 0, 2, 1)})
case("Shape arithmetic", [("Shape", ["x"], ["s"]), ("Gather", ["s", "i0"], ["n"]), ("Gather", ["s", "i1"], ["c"]), ("Mul", ["n", "c"], ["nc"]), ("Unsqueeze", ["nc", "a"], ["u"]),
     ("Concat", ["u", "m"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["z"]), ("ReduceSum", ["z", "one"], ["r"], {"keepdims": 0}), ("Concat", ["n1", "four"], ["back"], {"axis": 0}),
     ("Reshape", ["r", "back"], ["y"])], [3, 4, 6], {"i0": ints(0)[0], "i1": ints(1)[0], "a": ints(0), "m": ints(-1), "one": ints(1), "n1": ints(-1), "four": ints(4)})
case("ConstantOfShape of the batch", [("Shape", ["x"], ["s"], {}), ("ConstantOfShape", ["s"], ["z"], {"value": np.array([2.5], dtype=np.float32)}), ("Add", ["x", "z"], ["y"])], [3, 4])
case("Range", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "i"], ["n"]), ("Range", ["zero", "n", "step"], ["r"]), ("Cast", ["r"], ["f"], {"to": TensorProto.FLOAT}), ("Mul", ["x", "f"], ["y"])],
     [3, 5], {"i": ints(1)[0], "zero": ints(0)[0], "step": ints(1)[0]})
case("Expand by Where and Equal", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "i"], ["n"]), ("Concat", ["n", "minus", "minus"], ["t"], {"axis": 0}), ("Equal", ["t", "m"], ["q"]), ("Where", ["q", "ones", "t"], ["u"]),
     ("Expand", ["w", "u"], ["e"]), ("Add", ["x", "e"], ["y"])], [3, 2, 4], {"i": ints(0), "minus": ints(-1), "m": ints(-1), "ones": ints(1, 1, 1), "w": w(1, 2, 4)})
case("Trilu", [("Trilu", ["x", "k"], ["a"], {"upper": 1}), ("Trilu", ["a"], ["y"], {"upper": 0})], [3, 4, 4], {"k": ints(-1)[0]})
case("SplitToSequence", [("SplitToSequence", ["x", "n"], ["l"], {"axis": 1}), ("SequenceAt", ["l", "i"], ["y"])], [3, 7], {"n": ints(3)[0], "i": ints(-1)[0]})
case("DepthToSpace DCR", one("DepthToSpace", blocksize=2), [2, 8, 2, 3])
case("DepthToSpace CRD", one("DepthToSpace", blocksize=2, mode="CRD"), [2, 8, 2, 3])
case("SpaceToDepth", one("SpaceToDepth", blocksize=2), [2, 2, 4, 6])
batch_size = [("Shape", ["x"], ["s"]), ("Slice", ["s", "zero", "two"], ["front"]), ("Concat", ["front", "size"], ["sizes"], {"axis": 0})]
case("Resize nearest", one("Resize", ["x", "", "scales"], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"), [2, 2, 3, 4], {"scales": np.array([1, 1, 2, 3], dtype=np.float32)})
case("Resize linear", batch_size + one("Resize", ["x", "", "", "sizes"], mode="linear", coordinate_transformation_mode="half_pixel"), [2, 2, 3, 4], {"size": ints(6, 8), "zero": ints(0), "two": ints(2)})
case("Resize linear aligned", batch_size + one("Resize", ["x", "", "", "sizes"], mode="linear", coordinate_transformation_mode="align_corners"), [2, 2, 3, 4], {"size": ints(5, 7), "zero": ints(0), "two": ints(2)})
case("If", [("If", ["q"], ["y"], {"then_branch": helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "then", [], [helper.make_tensor_value_info("t", 1, None)]),
                                  "else_branch": helper.make_graph([helper.make_node("Neg", ["x"], ["e"])], "else", [], [helper.make_tensor_value_info("e", 1, None)])})], [3, 5], {"q": np.array(False)})

# products
case("MatMul", one("MatMul", ["x", "w"]), [3, 5], {"w": w(5, 4)})
case("MatMul of a sequence", one("MatMul", ["x", "w"]), [3, 2, 5], {"w": w(5, 4)})
case("MatMul batched", [("Transpose", ["x"], ["t"], {"perm": [0, 2, 1]}), ("MatMul", ["x", "t"], ["y"])], [3, 2, 5])
case("MatMul from left", one("MatMul", ["w", "x"]), [3, 5, 2], {"w": w(4, 5)})
case("MatMul by vector", one("MatMul", ["x", "w"]), [3, 5], {"w": w(5)})
case("MatMul broadcast", one("MatMul", ["x", "w"]), [3, 2, 4, 5], {"w": w(2, 5, 3)})
case("Gemm", one("Gemm", ["x", "w", "b"]), [3, 5], {"w": w(5, 4), "b": w(4)})
case("Gemm transB", one("Gemm", ["x", "w", "b"], transB=1, alpha=.5, beta=2.0), [3, 5], {"w": w(4, 5), "b": w(4)})
case("Gemm without bias", one("Gemm", ["x", "w"], transB=1, alpha=.5), [3, 5], {"w": w(4, 5)})
case("Gemm row bias", one("Gemm", ["x", "w", "b"], beta=.5), [3, 5], {"w": w(5, 4), "b": w(1, 4)})
case("Gemm transA", [("Transpose", ["x"], ["t"], {"perm": [1, 0]}), ("Gemm", ["t", "w"], ["y"], {"transA": 1})], [3, 5], {"w": w(5, 4)})
case("Einsum", one("Einsum", ["x", "w"], equation="bij,jk->bik"), [3, 2, 5], {"w": w(5, 4)})
case("Einsum heads", one("Einsum", ["x", "w"], equation="bti,ihd->bthd"), [3, 2, 5], {"w": w(5, 2, 4)})

# convolutions and pools
conv = lambda name, shape, ws, bias=True, **a: case("Conv " + name, one("Conv", ["x", "w", "b"] if bias else ["x", "w"], **a), shape, {"w": w(*ws), **({"b": w(ws[0])} if bias else {})})
conv("plain", [2, 3, 6, 7], [4, 3, 3, 3], kernel_shape=[3, 3])
conv("without bias", [2, 3, 6, 7], [4, 3, 3, 2], bias=False, pads=[1, 0, 1, 0])
conv("strides and pads", [2, 3, 7, 8], [4, 3, 3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
conv("different pads", [2, 3, 7, 8], [4, 3, 3, 3], strides=[2, 1], pads=[0, 1, 2, 0])
conv("groups", [2, 4, 6, 6], [6, 2, 3, 3], group=2, pads=[1, 1, 1, 1])
conv("depthwise", [2, 4, 6, 6], [4, 1, 3, 3], group=4)
conv("dilations", [2, 3, 8, 9], [4, 3, 3, 3], dilations=[2, 3], pads=[2, 3, 2, 3])
conv("same upper", [2, 3, 6, 7], [4, 3, 3, 2], auto_pad="SAME_UPPER", strides=[2, 2])
conv("same lower", [2, 3, 6, 7], [4, 3, 2, 4], auto_pad="SAME_LOWER", strides=[2, 3])
conv("valid", [2, 3, 6, 7], [4, 3, 3, 2], auto_pad="VALID", strides=[2, 2])
conv("one axis", [2, 3, 9], [4, 3, 3], strides=[2], pads=[1, 1])
conv("even kernel", [2, 3, 6, 6], [4, 3, 2, 2], strides=[2, 2])
case("Conv of a turned kernel", [("Transpose", ["k"], ["w"], {"perm": [3, 2, 0, 1]}), ("Conv", ["x", "w"], ["y"])], [2, 3, 6, 6], {"k": w(3, 3, 3, 4)})
case("ConvTranspose", one("ConvTranspose", ["x", "w", "b"], strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]), [2, 3, 4, 5], {"w": w(3, 4, 3, 3), "b": w(4)})
pool = lambda op, name, shape, **a: case(f"{op} {name}", one(op, **a), shape, opset=a.pop("opset", 17) if "opset" in a else 17)
for op in ["MaxPool", "AveragePool"]:
    pool(op, "plain", [2, 3, 6, 7], kernel_shape=[2, 3], strides=[2, 2])
    pool(op, "pads", [2, 3, 7, 7], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    pool(op, "different pads", [2, 3, 6, 7], kernel_shape=[3, 3], strides=[2, 1], pads=[0, 1, 1, 0])
    pool(op, "same upper", [2, 3, 6, 7], kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")
    pool(op, "ceil", [2, 3, 6, 7], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    pool(op, "one axis", [2, 3, 7], kernel_shape=[3], strides=[2], pads=[1, 1])
pool("AveragePool", "counts pads", [2, 3, 7, 7], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
pool("AveragePool", "counts different pads", [2, 3, 6, 6], kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1], count_include_pad=1)
pool("MaxPool", "dilations", [2, 3, 8, 8], kernel_shape=[2, 2], dilations=[2, 2])
case("GlobalAveragePool", one("GlobalAveragePool"), [2, 3, 4, 5])
case("GlobalMaxPool", one("GlobalMaxPool"), [2, 3, 4, 5])

# normalizations
bn = {"s": w(4), "b": w(4), "m": w(4), "v": rng.uniform(.5, 2, size=4).astype(np.float32)}
case("BatchNormalization", one("BatchNormalization", ["x", "s", "b", "m", "v"], epsilon=1e-3), [2, 4, 3, 3], bn)
case("BatchNormalization of vectors", one("BatchNormalization", ["x", "s", "b", "m", "v"]), [3, 4], bn, opset=9,
     expect=lambda x: (x - bn["m"].astype("d")) / np.sqrt(bn["v"].astype("d") + 1e-5) * bn["s"] + bn["b"])
case("InstanceNormalization", one("InstanceNormalization", ["x", "s", "b"]), [2, 4, 3, 3], {"s": w(4), "b": w(4)})
case("LayerNormalization", one("LayerNormalization", ["x", "s", "b"]), [2, 3, 4], {"s": w(4), "b": w(4)})
case("LayerNormalization axis 1 without shift", one("LayerNormalization", ["x", "s"], axis=1, epsilon=1e-2), [2, 3, 4], {"s": w(3, 4)})
case("GroupNormalization", one("GroupNormalization", ["x", "s", "b"], num_groups=2), [2, 4, 3, 3], {"s": w(4), "b": w(4)}, opset=21)

# reductions
for op in ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"]:
    case(op, one(op, ["x", "a"], keepdims=0), [3, 4, 5], {"a": ints(1, -1)}, opset=18)
case("ReduceMean attributes", one("ReduceMean", axes=[-1], keepdims=1), [3, 4, 5], opset=11)
case("ReduceSum nothing", [("ReduceSum", ["x"], ["a"], {"noop_with_empty_axes": 1}), ("Relu", ["a"], ["y"])], [3, 4])
case("Softmax", one("Softmax", axis=1), [3, 4, 5])
case("Softmax old", one("Softmax"), [3, 4], opset=11)
case("LogSoftmax", one("LogSoftmax"), [3, 4])
case("CumSum", one("CumSum", ["x", "a"]), [3, 4], {"a": ints(1)[0]})
case("ArgMax", [("ArgMax", ["x"], ["i"], {"axis": 1, "keepdims": 0}), ("Gather", ["w", "i"], ["y"])], [3, 4], {"w": w(4, 2)})

# sequences: time, batch, features, so that the batch is brought to the second axis first
swap = ("Transpose", ["x"], ["t"], {"perm": [1, 0, 2]})
last = [("Squeeze", ["h", "zero"], ["y"])]
case("LSTM", [swap, ("LSTM", ["t", "W", "R", "B"], ["o", "h"], {"hidden_size": 3})] + last, [2, 4, 5], {"W": w(1, 12, 5), "R": w(1, 12, 3), "B": w(1, 24), "zero": ints(0)})
case("LSTM outputs", [swap, ("LSTM", ["t", "W", "R"], ["o", "h"], {"hidden_size": 3}), ("Squeeze", ["o", "one"], ["p"]), ("Transpose", ["p"], ["y"], {"perm": [1, 0, 2]})], [2, 4, 5],
     {"W": w(1, 12, 5), "R": w(1, 12, 3), "one": ints(1)})
case("GRU", [swap, ("GRU", ["t", "W", "R", "B"], ["o", "h"], {"hidden_size": 3, "linear_before_reset": 1})] + last, [2, 4, 5], {"W": w(1, 9, 5), "R": w(1, 9, 3), "B": w(1, 18), "zero": ints(0)})
case("RNN", [swap, ("RNN", ["t", "W", "R", "B"], ["o", "h"], {"hidden_size": 3})] + last, [2, 4, 5], {"W": w(1, 3, 5), "R": w(1, 3, 3), "B": w(1, 6), "zero": ints(0)})

with open(os.path.join(os.path.dirname(__file__), "operators.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases), "cases")
