"""Writes the Keras files here and in ../../weights/testdata: pip install keras torch onnx onnxscript h5py."""
import json, os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy as np, onnx, torch

here = os.path.dirname(os.path.abspath(__file__))
to = os.path.join(here, "..", "..", "weights", "testdata", "keras")
keras.utils.set_random_seed(1)
m = keras.Sequential([keras.layers.Input((4, 4, 2)), keras.layers.Conv2D(3, 3, name="stem"), keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(2, name="head")])
m.eval()
r = np.random.RandomState(3)
m.layers[1].set_weights([r.rand(3) + .5, r.randn(3), r.randn(3), r.rand(3) + .5])
m.layers[3].set_weights([m.layers[3].get_weights()[0], r.randn(2)])
x = r.randn(2, 4, 4, 2).astype("f4")
np.savez(os.path.join(here, "keras-expect.npz"), x=x, y=m.predict(x, verbose=0))
m.save(to + ".keras"); m.save(to + ".h5"); m.save_weights(to + ".weights.h5")
json.dump({".".join(v.path.split("/")[-2:]): [list(v.shape), [float(x) for x in np.array(v.numpy()).ravel()]] for v in m.weights}, open(to + ".json", "w"))
torch.onnx.export(m, (torch.tensor(x),), "kept.onnx", dynamo=True, optimize=False, dynamic_shapes=(({0: torch.export.Dim("batch")},),), external_data=False)
m.export("merged.onnx", format="onnx", verbose=False)
for name in ("kept", "merged"):
    o = onnx.load(name + ".onnx"); os.remove(name + ".onnx")
    del o.metadata_props[:], o.graph.metadata_props[:], o.graph.value_info[:]
    for n in o.graph.node: del n.metadata_props[:]; n.doc_string = ""
    onnx.save(o, os.path.join(here, f"keras-{name}.onnx"))
