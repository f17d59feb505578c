"""Writes the files of this folder: pip install h5py numpy keras torch."""
import os
os.environ["KERAS_BACKEND"] = "torch"
import h5py, keras, numpy as np

def fill(f):
    r = np.random.RandomState(1)
    g = f.create_group("layers/dense/vars"); g.attrs["name"] = "head"; g.attrs["count"] = 3
    g["0"] = r.rand(3, 5).astype("f4"); g["1"] = r.rand(5).astype("f8")
    f["half"] = np.array([0.5, -2], "f2"); f["big"] = np.array([1, -2, 3], ">i4"); f["scalar"] = np.float32(7)
    for k in range(20): f[f"many/{k:02d}"] = np.array([k], "u1")
    if f.libver[0] == "earliest":
        f.create_dataset("chunked", data=np.arange(35, dtype="f4").reshape(5, 7), chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
        f.create_dataset("sparse", (4, 4), "f4", chunks=(2, 2))
        f["sparse"][2:, 2:] = 1
    f["text"] = "a text"
    f["alias"] = h5py.SoftLink("/half")

for name, kw in {"v0.h5": {}, "v3.h5": {"libver": ("latest", "latest")}}.items():
    with h5py.File(name, "w", **kw) as f: fill(f) if name == "v0.h5" else [f.create_dataset("w", data=np.array([[1, 2], [3, 4]], "f4")), f.create_group("g").create_dataset("b", data=np.array([5.], "f8")), f["g"].attrs.__setitem__("name", "inner")]
m = keras.Sequential([keras.layers.Input((4, 4, 2)), keras.layers.Conv2D(3, 3, name="stem"), keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(2, name="head")])
m.save_weights("keras.weights.h5")
