package cli_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/activities/npz"
	"lossatlas/activities/safetensors"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/exit"
)

// smallWeights are the tensors of the network small, under PyTorch's names.
func smallWeights(t *testing.T) []safetensors.Tensor {
	t.Helper()
	net, err := nets.ByName("small", data.Sets()[0].Problem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(1)
	b, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	tensors, _, err := safetensors.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return tensors
}

// weightsFile writes tensors into a folder, in the format that the name ends with.
func weightsFile(t *testing.T, dir, name string, tensors []safetensors.Tensor) string {
	t.Helper()
	b, err := safetensors.Encode(tensors, nil)
	if strings.HasSuffix(name, ".npz") {
		var arrays []npz.Array
		for _, x := range tensors {
			arrays = append(arrays, npz.Array{Name: x.Name, Shape: x.Shape, Data: x.Data})
		}
		b, err = npz.Encode(arrays)
	}
	if err != nil {
		t.Fatal(err)
	}
	return textFile(t, dir, name, string(b))
}

func textFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// renamed gives tensors other names.
func renamed(tensors []safetensors.Tensor, name func(string) string) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, x := range tensors {
		x.Name = name(x.Name)
		out = append(out, x)
	}
	return out
}

const importingSweep = "name: s\ndataset: {name: shapes10, train: 64, test: 64}\ntrain: {net: small, import: %FILE}\nmaps: [{kind: line, points: 3}]\n"

// TestImportRefusesNumbersThatAreNone: weights and directions that are not finite are
// refused by the tensor's name before anything is stored, in a sweep as well.
func TestImportRefusesNumbersThatAreNone(t *testing.T) {
	dir := t.TempDir()
	w := smallWeights(t)
	w[0].Data[5], w[0].Data[7] = float32(math.NaN()), float32(math.Inf(1))
	weightsFile(t, dir, "bad.npz", w)
	w[0].Data[5], w[0].Data[7] = 0, 0
	for i := range w {
		if strings.HasSuffix(w[i].Name, "running_var") {
			w[i].Data[3] = -0.5
		}
	}
	weightsFile(t, dir, "negative.safetensors", w)
	directions := smallWeights(t)
	var x []safetensors.Tensor
	for _, d := range directions {
		if !strings.Contains(d.Name, "running_") {
			x = append(x, safetensors.Tensor{Name: "x/" + d.Name, Shape: d.Shape, Data: d.Data})
		}
	}
	x[1].Data[2] = float32(math.Inf(-1))
	weightsFile(t, dir, "dirs.safetensors", x)
	for file, want := range map[string]string{
		"bad.npz":              "conv1.weight is not finite as float32 in 2 of 432 elements, first at [0 0 1 2] (NaN)",
		"negative.safetensors": "bn1.running_var is negative, as no variance can be, in 1 of 16 elements, first at [3] (-0.5)",
	} {
		code, stdout, stderr := call(t, "import", "weights", "mine", filepath.Join(dir, file), "--net", "small")
		if code != exit.Usage || !strings.Contains(stderr, want) {
			t.Errorf("import of %s: exit code %d, %s%s; want %q", file, code, stdout, stderr, want)
		}
		sweep := textFile(t, dir, "sweep.yaml", strings.Replace(importingSweep, "%FILE", file, 1))
		if code, stdout, stderr := call(t, "plan", "--backend", "go", sweep); code != exit.Usage || !strings.Contains(stderr, want) {
			t.Errorf("plan with %s: exit code %d, %s%s; want %q", file, code, stdout, stderr, want)
		}
	}
	sweep := textFile(t, dir, "dirs.yaml", "name: s\ndataset: {name: shapes10, train: 64, test: 64}\ntrain: {net: small, epochs: 1, batch_size: 64}\nmaps: [{kind: line, points: 3, directions: {import: dirs.safetensors}}]\n")
	if code, stdout, stderr := call(t, "plan", "--backend", "go", sweep); code != exit.Usage || !strings.Contains(stderr, "x/bn1.weight is not finite as float32 in 1 of 16 elements, first at [2] (-Inf)") {
		t.Errorf("directions that are not finite: exit code %d, %s%s", code, stdout, stderr)
	}
}

// TestImportOfOtherNames: a prefix of all names is taken off and extra tensors are
// ignored, with a note; other names are matched by shape in the error, whose
// advice can be followed on the command line and in a sweep file.
func TestImportOfOtherNames(t *testing.T) {
	dir := t.TempDir()
	w := smallWeights(t)
	plain := weightsFile(t, dir, "plain.safetensors", w)
	digest := func(args ...string) (string, string) {
		t.Helper()
		code, stdout, stderr := call(t, append([]string{"import", "weights", "mine", "--net", "small", "--output", "json"}, args...)...)
		var got struct {
			Digest artifacts.Digest
			Notes  []string
		}
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
			t.Fatalf("%v: exit code %d, %v: %s%s", args, code, err, stdout, stderr)
		}
		return got.Digest.String(), strings.Join(got.Notes, "\n")
	}
	want, notes := digest(plain)
	if notes != "" {
		t.Errorf("plain weights are noted: %s", notes)
	}
	nested := renamed(w, func(n string) string { return "_orig_mod.module." + n })
	nested = append(nested, safetensors.Tensor{Name: "total_ops", Data: []float32{7}})
	got, notes := digest(weightsFile(t, dir, "nested.npz", nested))
	if got != want || !strings.Contains(notes, `"_orig_mod.module."`) || !strings.Contains(notes, "total_ops") {
		t.Errorf("digest %s, want %s; notes %q", got, want, notes)
	}
	code, _, stderr := call(t, "import", "weights", "mine", "--net", "small", filepath.Join(dir, "nested.npz"))
	if code != 0 || !strings.Contains(stderr, `"_orig_mod.module."`) || !strings.Contains(stderr, "total_ops") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	sweep := textFile(t, dir, "sweep.yaml", strings.Replace(importingSweep, "%FILE", "nested.npz", 1))
	if code, stdout, stderr := call(t, "plan", "--backend", "go", sweep); code != 0 || !strings.Contains(stderr, `"_orig_mod.module."`) {
		t.Errorf("plan: exit code %d: %s%s", code, stdout, stderr)
	}

	head := weightsFile(t, dir, "head.safetensors", renamed(w, func(n string) string { return strings.Replace(n, "linear.", "fc.", 1) }))
	code, _, stderr = call(t, "import", "weights", "mine", "--net", "small", head)
	for _, part := range []string{"linear.weight [10 32]", "fc.weight [10 32]", "--rename fc=linear", "rename: {fc: linear}"} {
		if code != exit.Usage || !strings.Contains(stderr, part) {
			t.Errorf("exit code %d, want %q: %s", code, part, stderr)
		}
	}
	if got, _ := digest(head, "--rename", "fc=linear"); got != want {
		t.Errorf("renamed weights have the digest %s, want %s", got, want)
	}
	sweep = textFile(t, dir, "head.yaml", strings.Replace(importingSweep, "%FILE", "head.safetensors, rename: {fc: linear}", 1))
	if code, stdout, stderr := call(t, "plan", "--backend", "go", sweep); code != 0 {
		t.Errorf("plan: exit code %d: %s%s", code, stdout, stderr)
	}
	sweep = textFile(t, dir, "none.yaml", strings.Replace(importingSweep, "%FILE", "plain.safetensors, rename: {fc: linear}", 1))
	if code, _, stderr := call(t, "plan", "--backend", "go", sweep); code != exit.Usage || !strings.Contains(stderr, "no tensor's name has fc") {
		t.Errorf("a rename of nothing: exit code %d: %s", code, stderr)
	}
	for _, rename := range []string{"fc", "=x", "a=b,a=c"} {
		if code, _, stderr := call(t, "import", "weights", "mine", "--net", "small", head, "--rename", rename); code != exit.Usage || !strings.Contains(stderr, "--rename") {
			t.Errorf("--rename %s: exit code %d: %s", rename, code, stderr)
		}
	}
}

// checkpoint is what torch.save({"epoch": 7, "state_dict": …}) writes for tensors: an archive
// of a pickle and of one entry per tensor.
func checkpoint(t *testing.T, tensors []safetensors.Tensor) string {
	t.Helper()
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	entry := func(name string, content []byte) {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text := func(s string) string { return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s }
	number := func(n int) string { return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
	pickle := "\x80\x02}(" + text("epoch") + number(7) + text("state_dict") + "}("
	for i, x := range tensors {
		var shape, strides string
		for k, n := range x.Shape {
			step := 1
			for _, d := range x.Shape[k+1:] {
				step *= d
			}
			shape, strides = shape+number(n), strides+number(step)
		}
		pickle += text(x.Name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text(fmt.Sprint(i)) + text("cpu") + number(len(x.Data)) +
			"tQ" + number(0) + "(" + shape + "t(" + strides + "t\x89NtR"
		numbers, _ := binary.Append(nil, binary.LittleEndian, x.Data)
		entry(fmt.Sprintf("data/%d", i), numbers)
	}
	entry("data.pkl", []byte(pickle+"uu."))
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// TestImportOfPyTorchCheckpoints: a checkpoint is read, whatever its name ends with, on the
// command line and in a sweep file, and gives the same bytes as the same tensors in safetensors.
func TestImportOfPyTorchCheckpoints(t *testing.T) {
	dir := t.TempDir()
	w := smallWeights(t)
	weightsFile(t, dir, "plain.safetensors", w)
	content := checkpoint(t, w)
	for _, name := range []string{"a.pth", "b.ckpt", "c.npz", "d"} {
		file := textFile(t, dir, name, content)
		code, stdout, stderr := call(t, "import", "weights", "mine", file, "--net", "small")
		if code != 0 || !strings.Contains(stderr, `the weights are its entry "state_dict"`) {
			t.Errorf("%s: exit code %d: %s", name, code, stderr)
		}
		if _, want, _ := call(t, "import", "weights", "mine", filepath.Join(dir, "plain.safetensors"), "--net", "small"); stdout != want {
			t.Errorf("%s: imported as %s, safetensors as %s", name, stdout, want)
		}
		sweep := textFile(t, dir, "sweep.yaml", strings.Replace(importingSweep, "%FILE", name, 1))
		if code, _, stderr := call(t, "plan", "--backend", "go", sweep); code != 0 || !strings.Contains(stderr, "state_dict") {
			t.Errorf("plan with %s: exit code %d: %s", name, code, stderr)
		}
	}
}

// TestImportOfOtherFormats: files that hold no weights are refused with what is wrong with them, and
// those of other programs with the lines that convert them, whatever their names end with.
func TestImportOfOtherFormats(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"a.pth":         {"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "it ends in the middle of the pickle"},
		"b.npz":         {"\x80\x02}q\x00.", "it holds no tensors"},
		"c.safetensors": {"\x80\x02cos\nsystem\nX\x05\x00\x00\x00false\x85R.", "an object of os.system"},
		"d.t7":          {"", "it is an empty file"},
		"e.npz":         {"\x89HDF\r\n\x1a\n", "Keras or HDF5"},
		"f.onnx":        {"", "it is not an ONNX model"},
	} {
		file := textFile(t, dir, name, c.content)
		if code, _, stderr := call(t, "import", "weights", "mine", file, "--net", "small"); code != exit.Usage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, want %q: %s", name, code, c.want, stderr)
		}
		sweep := textFile(t, dir, "sweep.yaml", strings.Replace(importingSweep, "%FILE", name, 1))
		if code, _, stderr := call(t, "plan", "--backend", "go", sweep); code != exit.Usage || !strings.Contains(stderr, c.want) {
			t.Errorf("plan with %s: exit code %d, want %q: %s", name, code, c.want, stderr)
		}
	}
}
