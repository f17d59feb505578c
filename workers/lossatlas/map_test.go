package main_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lossatlas/activities/atlas/browsertest"
	"lossatlas/activities/npz"
)

// ownCases is the folder of networks that PyTorch wrote, next to the repository. Without it the test is skipped, but fails
// under continuous integration.
func ownCases(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOSSATLAS_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "reference", "own"))
	if err == nil {
		_, err = os.Stat(dir)
	}
	switch {
	case err == nil:
		return dir
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return ""
}

// TestMap: one command on files that PyTorch wrote gives a sweep file, results that agree with PyTorch's, and a page. The same
// weights from a checkpoint give the same maps, the same command again runs nothing, and a file that was edited is kept.
func TestMap(t *testing.T) {
	of := filepath.Join(ownCases(t), "lenet")
	var want struct{ Loss float64 }
	text, err := os.ReadFile(filepath.Join(of, "reference.json"))
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	home, folder := t.TempDir(), t.TempDir()
	for from, to := range map[string]string{"model.pt2": "lenet.pt2", "model_dynamo.onnx": "lenet.onnx", "data.npz": "data.npz", "checkpoint.pth": "last.pth"} {
		b, err := os.ReadFile(filepath.Join(of, from))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, to), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	call := func(args ...string) outcome {
		t.Helper()
		stdout, stderr, code := invoke(t, home, append([]string{"map", "--data", at("data.npz"), "--no-open", "--output", "json"}, args...)...)
		if code != 0 {
			t.Fatalf("map %v ended with %d:\n%s\n%s", args, code, stdout, stderr)
		}
		if strings.Count(stderr, "loss: cross-entropy (guessed from the labels; --loss chooses another)") != 1 {
			t.Errorf("map %v does not say once which loss it guessed:\n%s", args, stderr)
		}
		var o outcome
		decode(t, stdout, &o)
		if got := o.Experiments[0].TrainLoss; got == nil || math.Abs(*got-want.Loss) > 1e-6*want.Loss || o.Experiments[0].TestLoss != nil {
			t.Errorf("map %v: training loss %v, test loss %v; PyTorch has %g, and there is no test split", args, got, o.Experiments[0].TestLoss, want.Loss)
		}
		return o
	}
	first := call(at("lenet.pt2"))
	if again := call(at("lenet.pt2")); again.Steps.Ran > 0 || again.Steps.Cached != first.Steps.Total {
		t.Errorf("the same command ran %+v", again.Steps)
	}
	same := call(at("lenet.pt2"), "--weights", at("last.pth"), "--name", "again").digests()
	for name, digest := range first.digests() {
		if !strings.Contains(name, "spectrum") && strings.HasSuffix(name, "/grid") && same[strings.Replace(name, "lenet/", "again/", 1)] != digest {
			t.Errorf("%s differs with the weights of the checkpoint", name)
		}
	}
	call(at("lenet.onnx"), "--name", "onnx")

	file := at("lenet.yaml")
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "guessed from the labels") {
		t.Errorf("the sweep file does not say what was guessed: %v\n%s", err, text)
	}
	if err := os.WriteFile(file, []byte("name: mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := invoke(t, home, "map", at("lenet.pt2"), "--data", at("data.npz"), "--no-open"); code != 2 || !strings.Contains(stderr, "says something else") {
		t.Errorf("map over an edited file ended with %d: %s", code, stderr)
	}

	ctx := browsertest.Start(t)
	complaints := browsertest.Watch(ctx, t, "file://"+first.Report)
	var words string
	if err := chromedp.Run(ctx, chromedp.Navigate("file://"+first.Report), chromedp.Text("body", &words)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lenet", "Surface of the training loss"} {
		if !strings.Contains(words, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// TestMapMistakes: what does not fit is refused before anything runs, with what would.
func TestMapMistakes(t *testing.T) {
	of := ownCases(t)
	folder := t.TempDir()
	model := filepath.Join(folder, "lenet.pt2")
	b, err := os.ReadFile(filepath.Join(of, "lenet", "model.pt2"))
	if err == nil {
		err = os.WriteFile(model, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(of, "lenet", "data.npz"))
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Decode(data, 1<<28)
	if err != nil {
		t.Fatal(err)
	}
	x, outputs := arrays[0], []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	x.Shape, x.Data = []int{1, 1, 28, 28}, x.Data.([]float32)[:28*28]
	other, err := npz.Encode([]npz.Array{x, {Name: "y", Shape: []int{1, 10}, Data: outputs}})
	expect := filepath.Join(t.TempDir(), "expect.npz")
	if err == nil {
		err = os.WriteFile(expect, other, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	floats := filepath.Join(t.TempDir(), "floats.npz")
	x.Shape, x.Data = []int{10, 1, 28, 28}, make([]float32, 10*28*28)
	if other, err = npz.Encode([]npz.Array{x, {Name: "y", Shape: []int{10}, Data: append([]float32{0}, outputs[:9]...)}}); err == nil {
		err = os.WriteFile(floats, other, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"of example 0 is", []string{model, "--data", filepath.Join(of, "lenet", "data.npz"), "--expect", expect}},
		{"map needs --data", []string{model}},
		{"it takes examples of the shape [1 28 28], but the data have [3 16 16]", []string{model, "--data", filepath.Join(of, "vit", "data.npz")}},
		{"--mean: want one number, or one for each channel (1), got 2", []string{model, "--data", filepath.Join(of, "lenet", "data.npz"), "--mean", "1,2"}},
		{"network \"lenet.pt2\": it takes examples", []string{model, "--data", filepath.Join(of, "vit", "data.npz")}},
		{"the loss mse of the data needs [3 1]", []string{model, "--data", filepath.Join(of, "lenet", "data.npz"), "--loss", "mse"}},
		{"as classes: --loss cross-entropy", []string{model, "--data", floats}},
		{"resnet-20 is no built-in network (`" + binary + " nets` lists them) and no file here; did you mean resnet20?", []string{"resnet-20", "--data", "cifar10", "--weights", expect}},
		{"huge is no built-in network (`" + binary + " nets` lists them) and no file here\n", []string{"huge", "--data", "cifar10"}},
		{"nothing.pt2", []string{filepath.Join(folder, "nothing.pt2"), "--data", filepath.Join(of, "lenet", "data.npz")}},
		{"is a checkpoint, which has weights and no network", []string{filepath.Join(of, "lenet", "data.npz"), "--data", filepath.Join(of, "lenet", "data.npz")}},
	} {
		stdout, stderr, code := invoke(t, t.TempDir(), append([]string{"map"}, c.args...)...)
		if code != 2 || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("map %v ended with %d, want 2 and %q:\n%s%s", c.args, code, c.want, stdout, stderr)
		}
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*.yaml")); err != nil || len(left) > 0 {
		t.Errorf("refused commands left %v", left)
	}
}
