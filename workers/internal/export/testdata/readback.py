"""Reads every file of an exported sweep with the tools that researchers use,
and prints what it found as JSON: {path: {name: {"shape": …, "values": […]}}}.
Numbers are written as texts, because JSON has no NaN."""
import csv
import json
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader, vtkXMLStructuredGridReader


def plain(array):
    array = np.asarray(array)
    if array.dtype.kind in "US":
        return {"shape": list(array.shape), "text": str(array)}
    return {"shape": list(array.shape), "values": [repr(float(v)) for v in array.ravel()]}


def vtk(reader, path):
    reader.SetFileName(str(path))
    reader.Update()
    if reader.GetErrorCode():
        sys.exit(f"{path}: VTK says error {reader.GetErrorCode()}")
    data = reader.GetOutput()
    found = {"points": plain(vtk_to_numpy(data.GetPoints().GetData()))}
    for i in range(data.GetPointData().GetNumberOfArrays()):
        found[data.GetPointData().GetArrayName(i)] = plain(vtk_to_numpy(data.GetPointData().GetArray(i)))
    return data, found


def structured(path):
    data, found = vtk(vtkXMLStructuredGridReader(), path)
    dims = [0, 0, 0]
    data.GetDimensions(dims)
    found["dimensions"] = plain(dims)
    return found


def poly(path):
    data, found = vtk(vtkXMLPolyDataReader(), path)
    found["cells"] = plain([data.GetNumberOfVerts(), data.GetNumberOfLines()])
    line = data.GetLines()
    found["line"] = plain(vtk_to_numpy(line.GetConnectivityArray()))
    return found


def table(path):
    with open(path, newline="") as f:
        header = next(csv.reader(f))
    columns = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=str, ndmin=2).T
    found = {}
    for name, column in zip(header, columns, strict=True):
        words = {"true": "1", "false": "0", "": "nan"}
        try:
            found[name] = plain(np.array([words.get(v, v) for v in column]).astype(np.float64))
        except ValueError:
            found[name] = plain(column)  # of words
    return found


readers = {
    ".npz": lambda p: {k: plain(v) for k, v in np.load(p, allow_pickle=False).items()},
    ".csv": table,
    ".safetensors": lambda p: {k: plain(v) for k, v in load_file(p).items()},
    ".vts": structured,
    ".vtp": poly,
}
root = pathlib.Path(sys.argv[1])
json.dump({p.relative_to(root).as_posix(): readers[p.suffix](p) for p in sorted(root.rglob("*")) if p.suffix in readers}, sys.stdout)
