package weights

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// format is what a file is.
type format string

// Formats that are read, and those that can be converted.
const (
	isSafetensors format = "safetensors"
	isZip         format = "zip"

	isPickle format = "a PyTorch checkpoint"
	isScript format = "a TorchScript program"
	isExport format = "an exported PyTorch program"
	isONNX   format = "an ONNX model"
	isKeras  format = "a Keras or HDF5 file"
	isArray  format = "a single NumPy array"
	unknown  format = "in no format that is known here"
)

// byExtension is what files are whose first bytes don't say so.
var byExtension = map[string]format{
	".safetensors": isSafetensors, ".npz": isZip,
	".pth": isPickle, ".pt": isPickle, ".th": isPickle, ".t7": isPickle, ".ckpt": isPickle, ".bin": isPickle, ".pkl": isPickle, ".tar": isPickle,
	".pt2": isExport, ".onnx": isONNX, ".h5": isKeras, ".hdf5": isKeras, ".keras": isKeras,
}

// recognize tells a file's format by its first 16 bytes, else by its extension.
func recognize(start, extension string) format {
	switch {
	case len(start) > 8 && start[4:9] == "\x00\x00\x00\x00{":
		return isSafetensors
	case strings.HasPrefix(start, "PK\x03\x04"), strings.HasPrefix(start, "PK\x05\x06"):
		return isZip
	case len(start) > 1 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5: // the protocol of a pickle
		return isPickle
	case strings.HasPrefix(start, "\x89HDF\r\n\x1a\n"):
		return isKeras
	case strings.HasPrefix(start, "\x93NUMPY"):
		return isArray
	}
	if f, ok := byExtension[extension]; ok {
		return f
	}
	return unknown
}

// archiveOf tells what a zip archive is that holds other things than arrays.
func archiveOf(entries []string) format {
	has := func(ends ...string) bool {
		return slices.ContainsFunc(entries, func(name string) bool {
			return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix("/"+name, "/"+end) })
		})
	}
	switch {
	case has("archive_format", "serialized_exported_program.json"):
		return isExport
	case has("constants.pkl"):
		return isScript
	case has("data.pkl"):
		return isPickle
	case has("model.weights.h5"):
		return isKeras
	}
	return unknown
}

// convert is the error for a file in another format: how it becomes one that is read.
func convert(path string, is format) error {
	stem := strings.TrimSuffix(path, filepath.Ext(path)) + "-weights"
	torch := func(load string) error {
		return fmt.Errorf("it is %s, which only PyTorch reads; two lines of Python convert it (pip install torch safetensors):\n"+
			"  import torch; from safetensors.torch import save_file\n"+
			"  %s; save_file({k: v.detach().contiguous().clone() for k, v in w.items() if torch.is_tensor(v)}, %q)", is, load, stem+".safetensors")
	}
	switch is {
	case isPickle:
		return torch(fmt.Sprintf(`w = torch.load(%q, map_location="cpu"); w = w.get("state_dict", w.get("model", w.get("net", w)))`, path))
	case isScript:
		return torch(fmt.Sprintf(`w = torch.jit.load(%q, map_location="cpu").state_dict()`, path))
	case isExport:
		return torch(fmt.Sprintf(`w = torch.export.load(%q).state_dict`, path))
	case isONNX:
		return fmt.Errorf("it is %s; two lines of Python convert it (pip install onnx):\n"+
			"  import numpy, onnx, onnx.numpy_helper\n"+
			"  numpy.savez(%q, **{t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(%q).graph.initializer})", is, stem+".npz", path)
	case isKeras:
		return fmt.Errorf("it is %s, with other names and layouts than PyTorch's: load it in Python, transpose kernels to [out, in, height, width] and "+
			"linear weights to [out, in], and write all arrays under PyTorch's names with numpy.savez", is)
	case isArray:
		return fmt.Errorf("it is %s: write all tensors of the network under PyTorch's names with numpy.savez", is)
	}
	return fmt.Errorf("it is %s: weights are read from .safetensors and .npz files with the names of PyTorch's state_dict", is)
}
