package launch

import (
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/onnx"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

// TestNamesFromWeights: a network of Keras takes names and weights from a file of Keras, and its outputs agree with Keras's.
func TestNamesFromWeights(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join("..", "..", "..", "activities"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }
	for _, file := range []string{"keras.keras", "keras.h5", "keras.weights.h5"} {
		m, err := readModel(at("onnx/testdata/keras-kept.onnx"), at("weights/testdata/"+file))
		if err != nil {
			t.Fatal(err)
		}
		i := sweepfile.Import{
			File: at("weights/testdata/" + file), Net: m.network, Name: "keras-kept.onnx", Expect: at("onnx/testdata/keras-expect.npz"),
			Problem: pipelines.Problem(`{"shape":[4,4,2],"type":"float32","outputs":2,"loss":"cross-entropy"}`),
		}
		_, notes, err := read(folder, i)
		if text := strings.Join(notes, "\n"); err != nil || !strings.Contains(text, "outputs agree with keras-expect.npz to ") {
			t.Errorf("%s: %q, %v", file, notes, err)
		}
	}
	_, err = readModel(at("onnx/testdata/keras-merged.onnx"), at("weights/testdata/keras.h5"))
	if err == nil || !strings.Contains(err.Error(), "compared with keras.h5, the ONNX file lacks parameters of the model") {
		t.Errorf("merged parameters: %v", err)
	}
}

// TestMergedNormalizations: PyTorch's exporter merges a batch normalization into a convolution with a bias and keeps its names. The file's
// notes say so, and the weights of the model are refused, with the export that keeps them.
func TestMergedNormalizations(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join("..", "..", "..", "activities", "onnx", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := readModel(filepath.Join(folder, "merged.onnx"), filepath.Join(folder, "merged.pth"))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := ReadModel(filepath.Join(folder, "merged.onnx"))
	if text := strings.Join(alone.Notes, "\n"); err != nil || !strings.Contains(text, "merged batch normalizations") || !strings.Contains(text, "differ: 0.weight.") {
		t.Errorf("notes %q, %v", alone.Notes, err)
	}
	_, _, err = read(folder, sweepfile.Import{
		File: "merged.pth", Net: m.network, Name: "merged.onnx",
		Problem: pipelines.Problem(`{"shape":[3,4,4],"channels_first":true,"type":"float32","outputs":2,"loss":"cross-entropy"}`),
	})
	for _, want := range []string{"lacks batch normalizations of the file", "1.weight, 1.bias, 1.running_mean, 1.running_var", onnx.KeepLine} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
