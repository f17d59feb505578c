package weights_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/weights"
)

// TestPublishedCheckpoints reads minimizers as the paper's authors published them, in
// PyTorch's older form. The sums over all parameters and statistics are torch.load's.
func TestPublishedCheckpoints(t *testing.T) {
	for _, c := range []struct {
		file, net   string
		sum         float64
		parameters  int
		first, last float64
		accuracy    float64
		epoch       int
	}{
		{"resnet56.t7", "resnet56", -1132.6727004719223, 855_770, 0.05565467104315758, -0.0479646660387516, 93.66, 300},
		{"resnet56-noshort.t7", "resnet56-noshort", 652.2908308295952, 853_018, 0.2279306799173355, 0.039019420742988586, 86.69, 300},
	} {
		path := filepath.Join(shared.Dir(t), "models", c.file)
		theta, state, notes, err := weights.Read(path, byName(t, c.net), nil)
		if want := []string{`the weights are its entry "state_dict"`}; err != nil || !cmp.Equal(notes, want) {
			t.Errorf("%s: notes %q, %v; want %q", c.file, notes, err, want)
			continue
		}
		sum := 0.0
		for _, x := range slices.Concat(theta, state) {
			sum += float64(x)
		}
		if len(theta) != c.parameters || math.Abs(sum-c.sum) > 1e-9*math.Abs(c.sum) || float64(theta[0]) != c.first || float64(theta[len(theta)-1]) != c.last {
			t.Errorf("%s: %d parameters from %v to %v, sum %v; want %+v", c.file, len(theta), theta[0], theta[len(theta)-1], sum, c)
		}
		m, err := weights.Info(path)
		if err != nil || m.Accuracy == nil || *m.Accuracy != c.accuracy || m.Epoch == nil || *m.Epoch != c.epoch || m.Step != nil {
			t.Errorf("%s says %+v, %v; want accuracy %v, epoch %d", c.file, m, err, c.accuracy, c.epoch)
		}
	}
}

// TestOptionA: the file's parameters are those of another network, whose missing shortcuts are named.
func TestOptionA(t *testing.T) {
	path := filepath.Join(shared.Dir(t), "models", "resnet20-optionA.th")
	_, _, _, err := weights.Read(path, byName(t, "resnet20"), nil)
	for _, part := range []string{"10 of its 107 tensors are missing: layer2.0.shortcut.0.weight [32 16 1 1]", `the prefix "module." was taken off all names`,
		"name resnet20:shortcut=pad in place of resnet20 (in a sweep file, net: {resnet20: {shortcut: pad}})"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v; want %q", err, part)
		}
	}
	m, err := weights.Info(path)
	if err != nil || m.Accuracy == nil || *m.Accuracy != 91.78000183105469 || m.Epoch != nil {
		t.Errorf("it says %+v, %v", m, err)
	}
}

// vector is a network with the parameters fc.weight [2 3] and fc.bias [2].
func vector(t testing.TB) *nets.Net {
	t.Helper()
	p := shared.Problem
	p.Outputs = 2
	net, err := nets.New("vector", []nets.Layer{nets.AvgPool{}, nets.Flatten{}, nets.FullyConnected{Name: "fc", Out: 2}}, p)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// TestWeightsAndAverages: of a checkpoint with weights, their averages and an optimizer the
// weights are taken, with a note; the averages are taken where the user asks for them.
func TestWeightsAndAverages(t *testing.T) {
	path := filepath.Join("torch", "testdata", "averages.pt")
	net := vector(t)
	theta, _, notes, err := weights.Read(path, net, nil)
	want := []string{
		"its entries with other tensors were ignored: optimizer",
		`the prefix "model.module." was taken off all names`,
		`the file has all tensors below "model.module." and below "model_ema.": the first were taken; --rename model_ema= takes the others`,
		"2 tensors of float16 were widened to float32",
		"2 tensors have no place in the network and were ignored: model_ema.fc.weight, model_ema.fc.bias",
	}
	if err != nil || !cmp.Equal(notes, want) || !cmp.Equal(theta, []float32{1, 2, 3, 4, 5, 6, -1, -2}) {
		t.Errorf("%v, %v, notes %q; want %q", theta, err, notes, want)
	}
	theta, _, notes, err = weights.Read(path, net, weights.Rename{"model_ema": ""})
	if err != nil || !cmp.Equal(theta, []float32{8, 8, 8, 8, 8, 8, 9, 9}) || !strings.Contains(strings.Join(notes, "\n"), "2 tensors of float64 were rounded") {
		t.Errorf("the averages: %v, %v, notes %q", theta, err, notes)
	}
}

// TestInfo: numbers and texts next to the weights are read from all formats.
func TestInfo(t *testing.T) {
	check := func(path string, epoch, step int, accuracy float64, scalars map[string]any) {
		t.Helper()
		m, err := weights.Info(path)
		if err != nil || m.Epoch == nil || *m.Epoch != epoch || m.Step == nil || *m.Step != step || m.Accuracy == nil || *m.Accuracy != accuracy {
			t.Errorf("%s: %+v, %v", path, m, err)
		}
		if diff := cmp.Diff(scalars, m.Scalars); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	check(filepath.Join("torch", "testdata", "training.ckpt"), 7, 700, 91.5, map[string]any{
		"epoch": 7.0, "global_step": 700.0, "best_acc1": 91.5, "loss": 0.25, "arch": "tiny", "lr": 0.125, "amp": true,
	})
	arrays := []raw{
		{"weight", "F32", []int{2}, make([]byte, 8)}, {"epoch", "I64", nil, []byte{3, 0, 0, 0, 0, 0, 0, 0}}, {"step", "U8", []int{1}, []byte{9}},
		{"acc", "F16", nil, []byte{0, 0x3c}}, {"bn.num_batches_tracked", "I64", nil, make([]byte, 8)},
	}
	check(write(t, "a.npz", asNPZ(t, arrays)), 3, 9, 1, map[string]any{"epoch": 3.0, "step": 9.0, "acc": 1.0})
	header := `{"__metadata__":{"epoch":"3","step":"9","accuracy":"0.5","format":"pt"}}`
	file := append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)
	check(write(t, "a.safetensors", file), 3, 9, 0.5, map[string]any{"epoch": 3.0, "step": 9.0, "accuracy": 0.5, "format": "pt"})
	if m, err := weights.Info(write(t, "b.npz", asNPZ(t, arrays[:1]))); err != nil || m.Epoch != nil || m.Step != nil || m.Accuracy != nil {
		t.Errorf("a file that says nothing: %+v, %v", m, err)
	}
	if _, err := weights.Info(filepath.Join(t.TempDir(), "missing.pt")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
}

// TestCompareNames: names are ordered by the numbers in them.
func TestCompareNames(t *testing.T) {
	want := []string{
		"", "a.pth", "a_1.pth", "epoch", "epoch_0.pt", "epoch_02.pt", "epoch_2.pt", "epoch_10.pt", "epoch_10_best.pt", "epoch_x",
		"model_300.t7", "run1/epoch_9", "run1/epoch_100000000000000000000000", "run2/epoch_1", "run10/epoch_1",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, weights.CompareNames)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
