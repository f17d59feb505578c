package weights_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/weights"
)

func byName(t testing.TB, name string) *nets.Net {
	t.Helper()
	net, err := nets.ByName(name, shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// raw is a tensor as the formats spell it: "F32" is "<f4" in an .npz file.
type raw struct {
	name, dtype string
	shape       []int
	bytes       []byte
}

// tensorsOf are the initial weights of a network.
func tensorsOf(net *nets.Net) (out []raw) {
	theta, state := net.Init(1)
	for i, table := range [][]nets.Param{net.Params(), net.State()} {
		for _, p := range table {
			var b []byte
			for _, x := range p.Of([][]float32{theta, state}[i]) {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			out = append(out, raw{p.Name, "F32", p.Shape, b})
		}
	}
	return out
}

func asSafetensors(tensors []raw) []byte {
	var header, body bytes.Buffer
	for i, r := range tensors {
		shape, _ := json.Marshal(slices.Concat([]int{}, r.shape))
		fmt.Fprintf(&header, `%s%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, []string{"{", ","}[min(i, 1)], r.name, r.dtype, shape, body.Len(), body.Len()+len(r.bytes))
		body.Write(r.bytes)
	}
	header.WriteByte('}')
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(header.Len())), header.Bytes(), body.Bytes())
}

func npy(r raw) []byte {
	descr := map[string]string{"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "BOOL": "|b1", "U8": "|u1"}[r.dtype]
	if descr == "" {
		descr = r.dtype
	}
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(r.shape), " ", ", "), "[]")
	if len(r.shape) == 1 {
		shape += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	return slices.Concat([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header))), []byte(header), r.bytes)
}

func asNPZ(t testing.TB, tensors []raw) []byte {
	entries := map[string][]byte{}
	var order []string
	for _, r := range tensors {
		order = append(order, r.name+".npy")
		entries[r.name+".npy"] = npy(r)
	}
	return archive(t, order, entries)
}

func archive(t testing.TB, order []string, entries map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range order {
		h := zip.FileHeader{Name: name}
		if len(entries[name]) > 1<<20 {
			h.Method = zip.Deflate
		}
		w, err := z.CreateHeader(&h)
		if err == nil {
			_, err = w.Write(entries[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// files are the tensors in both formats.
func files(t *testing.T, tensors []raw) map[string]string {
	t.Helper()
	return map[string]string{"safetensors": write(t, "a.safetensors", asSafetensors(tensors)), "npz": write(t, "a.npz", asNPZ(t, tensors))}
}

// TestPyTorchCheckpointsGoInAndComeOut reads the reference's NumPy files of
// state_dicts, batch counters included, and gets the same numbers as the
// reference's own reader; they survive safetensors unchanged.
func TestPyTorchCheckpointsGoInAndComeOut(t *testing.T) {
	for _, name := range []string{"tiny_a", "resnet20", "vgg9_w16"} {
		c := shared.Open(t, name)
		wantTheta, wantState := c.Weights(t, "weights_a.npz")
		theta, state, notes, err := weights.Read(filepath.Join(shared.Dir(t), "reference", name, "weights_a.npz"), c.Net, nil)
		if err != nil || len(notes) > 0 {
			t.Fatalf("%s: %v, %q", name, err, notes)
		}
		if !cmp.Equal(theta, wantTheta) || !cmp.Equal(state, wantState) {
			t.Errorf("%s: other numbers than in the file", name)
		}
		file, err := c.Net.Encode(theta, state, nil)
		if err != nil {
			t.Fatal(err)
		}
		theta, state, _, err = weights.Read(write(t, "w.safetensors", file), c.Net, nil)
		if err != nil || !cmp.Equal(theta, wantTheta) || !cmp.Equal(state, wantState) {
			t.Errorf("%s: safetensors changed the numbers, %v", name, err)
		}
	}
}

// TestTypes: weights may be of each floating-point type, in both formats; extra
// tensors of any type are ignored, and no weight may be of another type.
func TestTypes(t *testing.T) {
	net := byName(t, "small")
	theta, state := net.Init(1)
	for _, dtype := range []string{"F16", "F64"} {
		tensors := tensorsOf(net)
		for i := range tensors {
			if tensors[i].name != "bn1.weight" {
				continue
			}
			tensors[i].dtype, tensors[i].bytes = dtype, nil
			for range tensors[i].shape[0] {
				if dtype == "F16" {
					tensors[i].bytes = append(tensors[i].bytes, 0, 0x3c)
				} else {
					tensors[i].bytes = binary.LittleEndian.AppendUint64(tensors[i].bytes, math.Float64bits(1))
				}
			}
		}
		tensors = append(tensors, raw{"epoch", "I64", nil, make([]byte, 8)}, raw{"bn1.num_batches_tracked", "I64", nil, make([]byte, 8)},
			raw{"mask", "BOOL", []int{2}, make([]byte, 2)}, raw{"conv1.total_ops", "F64", []int{1}, make([]byte, 8)}, raw{"code", "|V3", nil, make([]byte, 3)})
		for format, path := range files(t, tensors) {
			gotTheta, gotState, notes, err := weights.Read(path, net, nil)
			if err != nil || !cmp.Equal(theta, gotTheta) || !cmp.Equal(state, gotState) {
				t.Errorf("%s, %s: other numbers, or %v", dtype, format, err)
			}
			converted := map[string]string{"F16": "1 tensor of float16 was widened to float32", "F64": "1 tensor of float64 was rounded to float32"}[dtype]
			if want := []string{converted, "4 tensors have no place in the network and were ignored: epoch, mask, conv1.total_ops, code"}; !cmp.Equal(notes, want) {
				t.Errorf("%s, %s: notes %q, want %q", dtype, format, notes, want)
			}
		}
	}
	tensors := tensorsOf(net)
	tensors[1].shape, tensors[1].bytes = []int{2}, tensors[1].bytes[:8]
	for format, path := range files(t, tensors) {
		if _, _, _, err := weights.Read(path, net, nil); err == nil || !strings.Contains(err.Error(), "1 tensor has another shape: bn1.weight [2] instead of [16]") {
			t.Errorf("%s: a wrong shape: %v", format, err)
		}
	}
	tensors = tensorsOf(net) // a head for other classes, whose bias alone fits
	for i := range tensors {
		if tensors[i].name == "linear.weight" {
			tensors[i] = raw{"fc.weight", "F32", []int{10, 1}, make([]byte, 40)}
		} else if tensors[i].name == "linear.bias" {
			tensors[i].name = "fc.bias"
		}
	}
	for format, path := range files(t, tensors) {
		if _, _, _, err := weights.Read(path, net, nil); err == nil || !strings.Contains(err.Error(), "fc.bias fits linear.bias: if they are meant, add --rename fc.bias=linear.bias ") {
			t.Errorf("%s: half a head: %v", format, err)
		}
	}
	tensors = tensorsOf(net)
	tensors[0].dtype, tensors[0].bytes = "I64", make([]byte, 2*len(tensors[0].bytes))
	for format, path := range files(t, tensors) {
		if _, _, _, err := weights.Read(path, net, nil); err == nil || !strings.Contains(err.Error(), "does not hold floating-point numbers: conv1.weight (") {
			t.Errorf("%s: whole numbers as weights: %v", format, err)
		}
	}
}

// TestExtraNormalizations: batch normalizations that only the file has are an error, but those of heads and copies are ignored.
func TestExtraNormalizations(t *testing.T) {
	net := byName(t, "small")
	for name, c := range map[string]struct {
		extra string
		error bool
	}{
		"merged":             {"bn0.weight bn0.bias bn0.running_mean bn0.running_var bn0.num_batches_tracked", true},
		"of Keras":           {"norm.gamma norm.beta norm.moving_mean norm.moving_variance", true},
		"without scales":     {"0.running_mean 0.running_var", true},
		"in a list":          {"norms.0.weight norms.0.running_mean norms.1.weight norms.1.running_mean", true},
		"within a block":     {"layer1.0.bn9.weight layer1.0.bn9.running_mean", true},
		"next to a head":     {"bn0.running_mean head.weight", true},
		"auxiliary":          {"aux.conv0.conv.weight aux.conv0.bn.weight aux.conv0.bn.running_mean aux.fc.weight", false},
		"a projection":       {"projector.0.weight projector.1.weight projector.1.running_mean", false},
		"a copy":             {"ema.conv1.weight ema.bn1.weight ema.bn1.running_mean", false},
		"a layer, no bn":     {"head.weight head.bias", false},
		"counters and flops": {"bn0.num_batches_tracked conv0.total_ops", false},
	} {
		t.Run(name, func(t *testing.T) {
			tensors := tensorsOf(net)
			for extra := range strings.FieldsSeq(c.extra) {
				tensors = append(tensors, raw{extra, "F32", []int{1}, make([]byte, 4)})
			}
			_, _, _, err := weights.Read(write(t, "w.npz", asNPZ(t, tensors)), net, nil)
			if errors.Is(err, weights.ErrNormalizations) != c.error || !c.error && err != nil {
				t.Errorf("error %v, want one of batch normalizations: %v", err, c.error)
			}
		})
	}
}

// TestNotFinite: whatever is not finite as float32 is refused by its name and place,
// also where the file has it in another type.
func TestNotFinite(t *testing.T) {
	net := byName(t, "small")
	for what, c := range map[string]struct {
		dtype string
		bytes []byte
		want  string
	}{
		"half":     {"F16", []byte{0, 0x3c, 0, 0xfc}, "first at [1] (-Inf)"},
		"NaN":      {"F32", []byte{0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f}, "first at [1] (NaN)"},
		"overflow": {"F64", binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(1e39)), "first at [1] (+Inf)"},
	} {
		tensors := tensorsOf(net)
		i := slices.IndexFunc(tensors, func(r raw) bool { return r.name == "bn1.bias" })
		n := len(c.bytes) / 2
		tensors[i].dtype, tensors[i].bytes = c.dtype, append(c.bytes, make([]byte, 14*n)...)
		i = slices.IndexFunc(tensors, func(r raw) bool { return r.name == "bn1.running_var" })
		binary.LittleEndian.PutUint32(tensors[i].bytes[12:], math.Float32bits(-1))
		for format, path := range files(t, tensors) {
			_, _, _, err := weights.Read(path, net, nil)
			for _, want := range []string{"bn1.bias is not finite as float32 in 1 of 16 elements, " + c.want, "bn1.running_var is negative, as no variance can be, in 1 of 16 elements, first at [3] (-1)"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %s: %v, want %q", what, format, err, want)
				}
			}
		}
	}
}

// TestOtherNames: what differs is grouped by kind, long lists keep both ends, and
// where shapes leave one choice the error says by which renames the file would fit.
func TestOtherNames(t *testing.T) {
	net := byName(t, "resnet20")
	for _, c := range []struct {
		name   string
		change func(string) string // "" leaves a tensor out
		says   []string
		rename string // that makes the file fit
	}{
		{"head", func(n string) string { return strings.Replace(n, "linear.", "fc.", 1) }, []string{
			"2 of its 107 tensors are missing: linear.weight [10 64], linear.bias [10]\n",
			"2 tensors of the file have no place in it: fc.weight [10 64], fc.bias [10]\n", "--rename fc=linear ", "rename: {fc: linear}"}, "fc=linear"},
		{"below a prefix", func(n string) string { return "model.module." + strings.Replace(n, "linear.", "head.1.", 1) }, []string{
			`the prefix "model.module." was taken off`, "--rename head.1=linear "}, "head.1=linear"},
		{"shortcuts", func(n string) string { return strings.Replace(n, "shortcut", "downsample", 1) }, []string{"--rename downsample=shortcut "}, "downsample=shortcut"},
		{"numbers", func(n string) string { return strings.Replace(n, "linear.", "0.", 1) }, []string{"by shape, 0.weight fits linear.weight, 0.bias fits linear.bias"}, ""},
		{"conv1", func(n string) string {
			if n == "conv1.weight" {
				return "stem.kernel"
			}
			return n
		}, []string{"by shape, stem.kernel fits conv1.weight", "--rename stem.kernel=conv1.weight "}, "stem.kernel=conv1.weight"},
		{"other parts", func(n string) string {
			return strings.Replace(strings.Replace(n, "linear.weight", "fc.w", 1), "linear.bias", "fc.b", 1)
		}, []string{"--rename fc.b=linear.bias,fc.w=linear.weight "}, "fc.b=linear.bias,fc.w=linear.weight"},
		{"stem", func(n string) string {
			if strings.HasPrefix(n, "bn1.") {
				return "norm" + n[3:]
			}
			return n
		}, []string{"--rename norm=bn1 "}, "norm=bn1"},
		{"none of them", func(n string) string { return "my" + strings.ReplaceAll(n, ".", "_") }, []string{
			"107 of its 107 tensors are missing: conv1.weight [16 3 3 3], bn1.weight [16], bn1.bias [16], layer1.0.conv1.weight [16 16 3 3], … 101 more …, ",
			"107 tensors of the file have no place in it: myconv1_weight [16 3 3 3]", "no tensor of the file has a name of this network"}, ""},
		{"of a larger network", func(n string) string { return n }, []string{"1 tensor belongs to a layer that the network does not have: layer1.7.conv1.weight"}, ""},
		{"half of it", func(n string) string {
			if strings.HasPrefix(n, "layer3") {
				return ""
			}
			return n
		}, []string{"of its 107 tensors are missing: layer3.0.conv1.weight [64 32 3 3]"}, ""},
	} {
		var tensors []raw
		for _, r := range tensorsOf(net) {
			if r.name = c.change(r.name); r.name != "" {
				tensors = append(tensors, r)
			}
		}
		if c.name == "of a larger network" {
			tensors = append(tensors, raw{"layer1.7.conv1.weight", "F32", []int{1}, make([]byte, 4)})
		}
		for format, path := range files(t, tensors) {
			_, _, _, err := weights.Read(path, net, nil)
			for _, part := range c.says {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s, %s: %v; want %q", c.name, format, err, part)
				}
			}
			if c.rename == "" {
				continue
			}
			rename, err := weights.ParseRename(c.rename)
			if err != nil || rename.String() != c.rename {
				t.Fatalf("%q is read as %q, %v", c.rename, rename, err)
			}
			theta, state, _, err := weights.Read(path, net, rename)
			wantTheta, wantState := net.Init(1)
			if err != nil || !cmp.Equal(theta, wantTheta) || !cmp.Equal(state, wantState) {
				t.Errorf("%s, %s: with the renames: other numbers, or %v", c.name, format, err)
			}
		}
	}
}

// TestPrefixes: what PyTorch's wrappers put before names is taken off, other tensors
// or not; where two prefixes would do, the user chooses.
func TestPrefixes(t *testing.T) {
	net := byName(t, "small")
	wantTheta, wantState := net.Init(1)
	below := func(prefix string) (out []raw) {
		for _, r := range tensorsOf(net) {
			r.name = prefix + r.name
			out = append(out, r)
		}
		return out
	}
	for _, prefix := range []string{"module.", "model.", "_orig_mod.module.", "state/net/"} {
		tensors := append(below(prefix), raw{prefix + "bn1.num_batches_tracked", "I64", nil, make([]byte, 8)}, raw{"step", "I64", nil, make([]byte, 8)})
		for format, path := range files(t, tensors) {
			theta, state, notes, err := weights.Read(path, net, nil)
			if err != nil || !cmp.Equal(theta, wantTheta) || !cmp.Equal(state, wantState) {
				t.Errorf("%s, %s: other numbers, or %v", prefix, format, err)
			}
			want := []string{fmt.Sprintf("the prefix %q was taken off all names", strings.ReplaceAll(prefix, "/", ".")), "1 tensor has no place in the network and was ignored: step"}
			if !cmp.Equal(notes, want) {
				t.Errorf("%s, %s: notes %q, want %q", prefix, format, notes, want)
			}
		}
	}
	twice := write(t, "a.npz", asNPZ(t, append(below("model."), below("ema.")...)))
	if _, _, notes, err := weights.Read(twice, net, nil); err != nil || !strings.Contains(strings.Join(notes, "\n"), `the first were taken; --rename ema= takes the others`) {
		t.Errorf("weights and their averages: %q, %v", notes, err)
	}
	_, _, notes, err := weights.Read(twice, net, weights.Rename{"ema": ""})
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0], "ignored: model.conv1.weight") {
		t.Errorf("one of two networks: %v, %q", err, notes)
	}
	equals := write(t, "a.npz", asNPZ(t, append(below("a."), below("b.")...)))
	if _, _, _, err := weights.Read(equals, net, nil); err == nil || !strings.Contains(err.Error(), "--rename b= does") {
		t.Errorf("two networks in a file: %v", err)
	}
	same := write(t, "a.npz", asNPZ(t, append(below("a."), below("b.")...)))
	if _, _, _, err := weights.Read(same, net, weights.Rename{"a": "b"}); err == nil || !strings.Contains(err.Error(), "two tensors are called") {
		t.Errorf("two tensors under one name: %v", err)
	}
}

// TestForeignFilesCostLittle: what the network does not need is not read, however much
// there is of it, and a list of tensors that is too long for the network isn't either.
func TestForeignFilesCostLittle(t *testing.T) {
	net := byName(t, "small")
	const megabytes = 32
	zeros := raw{"huge", "F32", []int{megabytes << 18}, make([]byte, megabytes<<20)}
	shaped := raw{"conv1.weight", "F32", []int{16, 3, 3, 3}, make([]byte, megabytes<<20)}
	many := func(n int) (out []raw) {
		for i := range n {
			out = append(out, raw{fmt.Sprintf("n%06d", i), "U8", []int{1}, []byte{0}})
		}
		return out
	}
	for _, c := range []struct {
		name string
		file []byte
		says string // "" for a file that fits
	}{
		{"zeros.npz", asNPZ(t, append(tensorsOf(net), zeros)), ""},
		{"only.npz", asNPZ(t, []raw{zeros}), "tensors are missing: conv1.weight"},
		{"long.npz", asNPZ(t, append(tensorsOf(net)[1:], shaped)), "more than allowed"},
		{"extra.safetensors", asSafetensors(append(tensorsOf(net), zeros)), ""},
		{"many.npz", asNPZ(t, many(30_000)), "list of entries is too long"},
		{"many.safetensors", asSafetensors(many(30_000)), "more than the 1081344 that are allowed here"},
		{"some.npz", asNPZ(t, many(5_000)), "5000 tensors of the file have no place in it"},
		{"some.safetensors", asSafetensors(many(5_000)), "5000 tensors of the file have no place in it"},
	} {
		path := write(t, c.name, c.file)
		var err error
		used := shared.Allocated(func() { _, _, _, err = weights.Read(path, net, nil) })
		t.Logf("%s of %d bytes: %d bytes allocated", c.name, len(c.file), used)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if used > 16<<20 {
			t.Errorf("%s: %d bytes allocated", c.name, used)
		}
	}
}

// TestOtherFormats: archives of other programs are told by what is in them.
func TestOtherFormats(t *testing.T) {
	net := byName(t, "small")
	for want, entries := range map[string][]string{
		"no usable PyTorch checkpoint: its data.pkl is damaged": {"archive/data.pkl", "archive/data/0"},
		"torch.export.load(": {"m/archive_format", "m/data.pkl"},
		"Keras":              {"config.json", "model.weights.h5"},
		"in no format":       {"readme.txt"},
	} {
		if _, _, _, err := weights.Read(write(t, "a.npz", archive(t, entries, nil)), net, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", entries, err, want)
		}
	}
	for name, want := range map[string]string{
		"a.onnx": "onnx.numpy_helper", "a.h5": "Keras", "a.npy": "single NumPy array", "a.yaml": "in no format", "a.npz": "damaged or cut zip archive, the form of a NumPy archive", "a.safetensors": "not a usable safetensors file",
		"a.pt": "damaged or cut zip archive, the form of a PyTorch checkpoint", "a.ckpt": "no usable PyTorch checkpoint", "a.bin": "it is an empty file", "a.pth": "it is a text file: weights are read from PyTorch's checkpoints (.pt, .pth, ", "a.pt2": "torch.export.load(", "a.keras": "Keras",
	} {
		content := map[string]string{"a.npy": "\x93NUMPY\x01\x00", "a.npz": "PK\x03\x04 cut off", "a.pt": "PK\x03\x04 cut off", "a.ckpt": "\x80\x02 cut off", "a.pth": "hello, these are\nnotes, no weights"}[name]
		if _, _, _, err := weights.Read(write(t, name, []byte(content)), net, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, _, _, err := weights.Read(t.TempDir(), net, nil); err == nil || !strings.Contains(err.Error(), "is a folder; name one file in it") {
		t.Errorf("a folder: %v", err)
	}
	// The name may lie in the other direction too.
	if _, _, _, err := weights.Read(write(t, "a.pth", asNPZ(t, tensorsOf(net))), net, nil); err != nil {
		t.Errorf("an .npz file called .pth: %v", err)
	}
}

// TestDirections: one or two directions are read, whatever stands before the
// parameters' names, and missing parts are named.
func TestDirections(t *testing.T) {
	net := byName(t, "small")
	theta, _ := net.Init(1)
	var tensors []raw
	for _, axis := range []string{"x/module.", "y/module."} {
		for _, r := range tensorsOf(net)[:len(net.Params())] {
			r.name = axis + r.name
			tensors = append(tensors, r)
		}
	}
	for format, path := range files(t, tensors) {
		for axes := 1; axes <= 2; axes++ {
			dirs, notes, err := weights.ReadDirections(path, net, axes)
			if err != nil || len(dirs) != axes || !cmp.Equal(dirs[axes-1], theta) || len(notes) != axes {
				t.Errorf("%s: %d directions, notes %q, %v", format, len(dirs), notes, err)
			}
		}
	}
	for want, tensors := range map[string][]raw{
		"needs y/… as well":       tensors[:len(net.Params())],
		"missing: linear.bias":    tensors[:len(tensors)-1],
		"the direction x/… does ": nil,
	} {
		if _, _, err := weights.ReadDirections(write(t, "a.npz", asNPZ(t, tensors)), net, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzRead: no file and no renames make Read panic, and what is read fits the network.
func FuzzRead(f *testing.F) {
	two := shared.Problem
	two.Outputs = 2
	net, err := nets.New("tiny", []nets.Layer{nets.Convolution{Name: "conv1", Out: 2, Kernel: 1, Stride: 1}, nets.BatchNorm{Name: "bn1"}, nets.AvgPool{}, nets.Flatten{}, nets.FullyConnected{Name: "fc", Out: 2}}, two)
	if err != nil {
		f.Fatal(err)
	}
	tensors := tensorsOf(net)
	saved, err := os.ReadFile(filepath.Join("torch", "testdata", "averages.pt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{saved, asSafetensors(tensors), asNPZ(f, tensors), asSafetensors(tensors[:3]), asNPZ(f, tensors[1:]), []byte("\x80\x02}."), nil} {
		f.Add(b, "")
		f.Add(b, "fc=linear,conv1=,a.b=c")
	}
	path := filepath.Join(f.TempDir(), "w.npz")
	f.Fuzz(func(t *testing.T, b []byte, rules string) {
		rename, err := weights.ParseRename(rules)
		if err != nil {
			return
		}
		if again, err := weights.ParseRename(rename.String()); err != nil || !cmp.Equal(rename, again) {
			t.Fatalf("%q is read as %q, and that as %q, %v", rules, rename, again, err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		theta, state, _, err := weights.Read(path, net, rename)
		if err != nil {
			return
		}
		if err := net.Check(theta, state); err != nil {
			t.Error(err)
		}
		if err := nets.CheckFinite(net.Params(), theta); err != nil {
			t.Error(err)
		}
	})
}
