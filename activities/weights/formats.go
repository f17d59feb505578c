package weights

import (
	"archive/zip"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// format is a file format.
type format string

// Formats of weights files, and others that can be converted. Callers read .pt2 and .onnx files of weights with packages pt2
// and onnx; here they occur as files of directions, and .pt2 archives under other extensions.
const (
	isSafetensors format = "safetensors"
	isZip         format = "a NumPy archive"
	isPickle      format = "a PyTorch checkpoint"

	isExport format = "an exported PyTorch program"
	isONNX   format = "an ONNX model"
	isKeras  format = "a Keras or HDF5 file"
	isArray  format = "a single NumPy array"
	isText   format = "a text file"
	isEmpty  format = "an empty file"
	unknown  format = "in no format that is known here"
)

// byExtension is the format of files whose first bytes don't identify one.
var byExtension = map[string]format{
	".safetensors": isSafetensors, ".npz": isZip,
	".pth": isPickle, ".pt": isPickle, ".th": isPickle, ".t7": isPickle, ".ckpt": isPickle, ".bin": isPickle, ".pkl": isPickle, ".tar": isPickle,
	".pt2": isExport, ".onnx": isONNX, ".h5": isKeras, ".hdf5": isKeras, ".keras": isKeras,
}

// recognize identifies a format by the first 16 bytes of a file, else by its extension.
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

// archiveOf identifies the format of a zip archive by its entries.
func archiveOf(archive *zip.Reader) format {
	has := func(ends ...string) bool {
		return slices.ContainsFunc(archive.File, func(entry *zip.File) bool {
			return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix("/"+entry.Name, "/"+end) })
		})
	}
	switch {
	case has("archive_format", "serialized_exported_program.json"):
		return isExport
	case has("data.pkl"):
		return isPickle
	case has(kerasEntry):
		return isKeras
	case len(archive.File) > 0 && !strings.HasSuffix(archive.File[0].Name, ".npy"):
		return unknown
	}
	return isZip
}

// convert is the error for a file in another format. It says how to convert the file.
func convert(path string, is format) error {
	stem := strings.TrimSuffix(path, filepath.Ext(path)) + "-weights"
	switch is {
	case isExport:
		return fmt.Errorf("it is %s, which is read as weights under the extension .pt2 only; two lines of Python convert it (pip install torch safetensors):\n"+
			"  import torch; from safetensors.torch import save_file\n"+
			"  save_file({k: v.detach().contiguous().clone() for k, v in torch.export.load(%q).state_dict.items()}, %q)", is, path, stem+".safetensors")
	case isONNX:
		return fmt.Errorf("it is %s; two lines of Python convert it (pip install onnx):\n"+
			"  import numpy, onnx, onnx.numpy_helper\n"+
			"  numpy.savez(%q, **{t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(%q).graph.initializer})", is, stem+".npz", path)
	case isArray:
		return fmt.Errorf("it is %s: write all tensors of the network under PyTorch's names with numpy.savez", is)
	}
	return fmt.Errorf("it is %s: %s", is, readFrom)
}

// readFrom says which files weights are read from.
const readFrom = "weights are read from PyTorch's checkpoints (.pt, .pth, .ckpt, .bin), from .safetensors and .npz files with the names of its state_dict, and from Keras's .keras and .h5 files"

// notPickle is the format of a file that has the extension of a PyTorch checkpoint but not its form, by its start.
func notPickle(start string) format {
	if start == "" {
		return isEmpty
	}
	if !strings.ContainsFunc(start, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) }) {
		return isText
	}
	return unknown
}
