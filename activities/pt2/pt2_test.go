package pt2_test

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/pt2"
)

// model is what torch.export.save writes for x.relu() @ p, with weights of the test's choice.
const model = `{"graph_module":{"graph":{"inputs":[],"outputs":[{"as_tensor":{"name":"mm"}}],"nodes":[
{"target":"torch.ops.aten.relu.default","inputs":[{"name":"self","arg":{"as_tensor":{"name":"x"}},"kind":1}],"outputs":[{"as_tensor":{"name":"relu"}}],"metadata":{"nn_module_stack":"L__self__,,M;L__self__act,act,torch.nn.ReLU"}},
{"target":"torch.ops.aten.mm.default","inputs":[{"name":"self","arg":{"as_tensor":{"name":"relu"}},"kind":1},{"name":"mat2","arg":{"as_tensor":{"name":"p_w"}},"kind":1}],"outputs":[{"as_tensor":{"name":"mm"}}],"metadata":{}}],
"tensor_values":{"x":{"dtype":7,"sizes":[{"as_expr":{"expr_str":"Symbol('s0', positive=True, integer=True)"}},{"as_int":2}]},
"relu":{"dtype":7,"sizes":[{"as_expr":{"expr_str":"Symbol('s0', positive=True, integer=True)"}},{"as_int":2}]},
"p_w":{"dtype":7,"sizes":[{"as_int":2},{"as_int":3}]},
"mm":{"dtype":7,"sizes":[{"as_expr":{"expr_str":"Symbol('s0', positive=True, integer=True)"}},{"as_int":3}]}},
"sym_int_values":{}},
"signature":{"input_specs":[{"parameter":{"arg":{"name":"p_w"},"parameter_name":"w"}},{"user_input":{"arg":{"as_tensor":{"name":"x"}}}}],"output_specs":[{"user_output":{"arg":{"as_tensor":{"name":"mm"}}}}]}},
"range_constraints":{},"schema_version":{"major":8,"minor":20},"torch_version":"2.15.0"}`

const config = `{"config":{"w":{"path_name":"weight_0","is_param":true,"use_pickle":false,"tensor_meta":{"dtype":7,"sizes":[{"as_int":2},{"as_int":3}],"strides":[{"as_int":3},{"as_int":1}],"storage_offset":{"as_int":0}}}}}`

// weight is 1, 2, … 6 in float32.
var weight = string([]byte{0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64, 0, 0, 192, 64})

// files are the members of the archive of model.
func files() map[string]string {
	return map[string]string{"models/model.json": model, "data/weights/model_weights_config.json": config, "data/weights/weight_0": weight}
}

// packed is a zip archive of members in a folder.
func packed(t testing.TB, folder string, members map[string]string, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: folder + name, Method: method})
		if err == nil {
			_, err = io.WriteString(w, members[name])
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

func decode(b []byte) (*pt2.File, error) { return pt2.Decode(bytes.NewReader(b), int64(len(b))) }

// TestDecode: program and weights are read, from a folder of any name or none.
func TestDecode(t *testing.T) {
	for _, folder := range []string{"", "archive/", "some model/"} {
		f, err := decode(packed(t, folder, files(), zip.Store))
		if err != nil {
			t.Fatalf("folder %q: %v", folder, err)
		}
		p := f.Program
		if len(p.Ops) != 2 || p.Ops[0].At != "act" || p.Output != "mm" || p.Input.Shape[0] != (aten.Dim{Each: 1}) {
			t.Errorf("folder %q: program %+v", folder, p)
		}
		if len(p.Params) != 1 || p.Params[0].Name != "w" || !slices.Equal(f.Params[0], []float32{1, 2, 3, 4, 5, 6}) {
			t.Errorf("folder %q: parameters %+v with values %v", folder, p.Params, f.Params)
		}
	}
}

// TestWeights: storages in other orders and types are brought into C order and float32.
func TestWeights(t *testing.T) {
	for _, c := range []struct {
		name, old, new, data string
		want                 []float32
	}{
		{"transposed", `"strides":[{"as_int":3},{"as_int":1}]`, `"strides":[{"as_int":1},{"as_int":2}]`, weight, []float32{1, 3, 5, 2, 4, 6}},
		{"repeated", `"strides":[{"as_int":3},{"as_int":1}]`, `"strides":[{"as_int":0},{"as_int":1}]`, weight, []float32{1, 2, 3, 1, 2, 3}},
		{"half", `"dtype":7`, `"dtype":6`, "\x00\x3c\x00\xc0\x01\x00\x00\x7c\x00\x00\x55\x35", []float32{1, -2, 0x1p-24, float32(inf()), 0, 0.33325195}},
		{"bfloat16", `"dtype":7`, `"dtype":13`, "\x80\x3f\x00\xc0\x00\x00\x80\x3f\x80\x3f\x80\x3f", []float32{1, -2, 0, 1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := files()
			m["data/weights/model_weights_config.json"] = strings.Replace(config, c.old, c.new, 1)
			m["data/weights/weight_0"] = c.data
			f, err := decode(packed(t, "m/", m, zip.Store))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.Params[0], c.want) {
				t.Errorf("values %v, want %v", f.Params[0], c.want)
			}
			if half := c.name == "half" || c.name == "bfloat16"; half != (len(f.Notes) == 1) {
				t.Errorf("notes %q", f.Notes)
			}
		})
	}
}

func inf() float64 { zero := 0.0; return 1 / zero }

// TestTied: parameters of one storage are one parameter.
func TestTied(t *testing.T) {
	m := files()
	one := config[len(`{"config":{`) : len(config)-len(`}}`)]
	m["data/weights/model_weights_config.json"] = `{"config":{` + one + `,` + strings.Replace(one, `"w"`, `"v"`, 1) + `}}`
	m["models/model.json"] = strings.NewReplacer(`{"user_input"`, `{"parameter":{"arg":{"name":"p_v"},"parameter_name":"v"}},{"user_input"`, `"mat2","arg":{"as_tensor":{"name":"p_w"`, `"mat2","arg":{"as_tensor":{"name":"p_v"`).Replace(model)
	f, err := decode(packed(t, "m/", m, zip.Store))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Program.Params) != 1 || f.Program.Ops[1].Args["mat2"].Value != "p_w" || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "v is tied to w") {
		t.Errorf("parameters %+v, operation %+v, notes %q", f.Program.Params, f.Program.Ops[1], f.Notes)
	}
}

// TestRefuses: what is not supported is said with its name, and what to do.
func TestRefuses(t *testing.T) {
	const json, table, data = "models/model.json", "data/weights/model_weights_config.json", "data/weights/weight_0"
	batch := `{"as_expr":{"expr_str":"Symbol('s0', positive=True, integer=True)"}}`
	for _, c := range []struct{ name, file, old, new, want string }{
		{"fixed batch", json, `"x":{"dtype":7,"sizes":[` + batch, `"x":{"dtype":7,"sizes":[{"as_int":4}`, "dynamic_shapes="},
		{"second dynamic size", json, `"sizes":[` + batch + `,{"as_int":2}]},` + "\n" + `"relu"`, `"sizes":[` + batch + `,{"as_expr":{"expr_str":"s1"}}]},` + "\n" + `"relu"`, "only the batch may be dynamic"},
		{"two inputs", json, `{"user_input"`, `{"user_input":{"arg":{"as_tensor":{"name":"z"}}}},{"user_input"`, "2 inputs (z, x)"},
		{"two outputs", json, `"outputs":[{"as_tensor":{"name":"mm"}}],"nodes"`, `"outputs":[{"as_tensor":{"name":"mm"}},{"as_tensor":{"name":"relu"}}],"nodes"`, "2 outputs"},
		{"training mode", json, `{"user_output"`, `{"buffer_mutation":{}},{"user_output"`, "model.eval()"},
		{"control flow", json, "torch.ops.aten.relu.default", "torch.ops.higher_order.cond", "operation 0, torch.ops.higher_order.cond in act: control flow"},
		{"custom operation", json, "torch.ops.aten.relu.default", "torch.ops.mine.relu.default", "torch.ops.mine.relu.default in act"},
		{"unknown operation", json, "torch.ops.aten.relu.default", "torch.ops.aten.fft_rfft.default", "fft_rfft in act: this operation is not supported"},
		{"other shape", json, `"mm":{"dtype":7,"sizes":[` + batch + `,{"as_int":3}`, `"mm":{"dtype":7,"sizes":[` + batch + `,{"as_int":4}`, "[2 3], but [2 4] in PyTorch"},
		{"other format", json, `"major":8`, `"major":9`, "version 9"},
		{"no JSON", json, model, `{"graph_module":7}`, "not as torch.export.save writes it"},
		{"pickle", table, `"use_pickle":false`, `"use_pickle":true`, "the tensor w: it is stored as a pickle"},
		{"complex weights", table, `"dtype":7`, `"dtype":10`, "number 10"},
		{"huge weights", table, `"sizes":[{"as_int":2}`, `"sizes":[{"as_int":9000000000000000000}`, "too large"},
		{"repeated too often", table, `"sizes":[{"as_int":2},{"as_int":3}],"strides":[{"as_int":3}`, `"sizes":[{"as_int":2000000000},{"as_int":3}],"strides":[{"as_int":0}`, "repeats"},
		{"missing weights", table, `"weight_0"`, `"weight_1"`, "weight_1 is missing"},
		{"short weights", data, weight, weight[:20], "20 bytes are too few"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := files()
			if !strings.Contains(m[c.file], c.old) {
				t.Fatalf("%s does not contain %s", c.file, c.old)
			}
			m[c.file] = strings.Replace(m[c.file], c.old, c.new, 1)
			if _, err := decode(packed(t, "m/", m, zip.Store)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestOtherArchives: other files of PyTorch are told apart.
func TestOtherArchives(t *testing.T) {
	for name, want := range map[string]string{"serialized_exported_program.json": "PyTorch 2.7 or earlier", "m/data.pkl": "a checkpoint", "m/other": "no models/model.json"} {
		if _, err := decode(packed(t, "", map[string]string{name: "{}"}, zip.Store)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
	if _, err := decode([]byte("no zip")); err == nil || !strings.Contains(err.Error(), "no zip archive") {
		t.Errorf("error %v for no zip archive", err)
	}
	if _, err := decode(packed(t, "m/", files(), zip.Deflate)); err == nil || !strings.Contains(err.Error(), "compressed") {
		t.Errorf("error %v for a compressed archive", err)
	}
}

// TestInPlace: a tensor changed in place is replaced by the new one, unless an
// older tensor that shares its memory is still needed.
func TestInPlace(t *testing.T) {
	m := files()
	m["models/model.json"] = strings.NewReplacer("aten.relu.default", "aten.relu_.default", `"self","arg":{"as_tensor":{"name":"relu"}}`, `"self","arg":{"as_tensor":{"name":"x"}}`).Replace(model)
	f, err := decode(packed(t, "m/", m, zip.Store))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Program.Ops; got[0].Name != "relu" || got[1].Args["self"].Value != "relu" {
		t.Errorf("operations %+v", got)
	}
	view := `{"target":"torch.ops.aten.alias.default","inputs":[{"name":"self","arg":{"as_tensor":{"name":"x"}}}],"outputs":[{"as_tensor":{"name":"a"}}],"metadata":{}},`
	m["models/model.json"] = strings.NewReplacer(`"nodes":[`, `"nodes":[`+view, "aten.relu.default", "aten.relu_.default", `"self","arg":{"as_tensor":{"name":"relu"}}`, `"self","arg":{"as_tensor":{"name":"a"}}`).Replace(model)
	if _, err := decode(packed(t, "m/", m, zip.Store)); err == nil || !strings.Contains(err.Error(), "run_decompositions()") {
		t.Errorf("error %v, want one with run_decompositions()", err)
	}
}

// FuzzDecode: no file makes the reader panic, and what it reads can be encoded.
func FuzzDecode(f *testing.F) {
	f.Add(packed(f, "m/", files(), zip.Store))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := decode(b)
		if err != nil {
			return
		}
		if _, err := file.Program.Encode(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzModel: no description of a model makes the reader panic.
func FuzzModel(f *testing.F) {
	f.Add(model, config)
	f.Add(strings.ReplaceAll(model, `{"as_expr":{"expr_str":"Symbol('s0', positive=True, integer=True)"}}`, `{"as_int":4}`), config)
	f.Add(strings.ReplaceAll(model, `Symbol('s0', positive=True, integer=True)`, `s0`), config)
	f.Fuzz(func(t *testing.T, model, config string) {
		m := files()
		m["models/model.json"], m["data/weights/model_weights_config.json"] = model, config
		if file, err := decode(packed(t, "m/", m, zip.Store)); err == nil {
			if _, err := file.Program.Encode(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestVersions: the same model is the same program in files of all supported
// versions of PyTorch, and computes what PyTorch computes.
func TestVersions(t *testing.T) {
	var want struct{ X, Y []float64 }
	readJSON(t, "testdata/version.json", &want)
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	for _, version := range []string{"2.13", "2.14", "2.15"} {
		f, err := pt2.Read("testdata/torch-" + version + ".pt2")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(f.Torch, version) || len(f.Notes) != 2 {
			t.Errorf("version %q with notes %q, want %s and two notes", f.Torch, f.Notes, version)
		}
		n := len(f.Params)
		exec, err := graph.NewExec(b, func(in []*graph.Node) *graph.Node {
			return forward.Add(f.Program, conv.Plain, in[:n], in[n:len(in)-1], in[len(in)-1])
		})
		if err != nil {
			t.Fatal(err)
		}
		c := referenceCase{file: f}
		out, err := exec.Call(append(c.tensors(values(f.Params)), tensors.FromFlatDataAndDimensions(want.X, 3, 3, 6, 6))...)
		if err != nil {
			t.Fatal(err)
		}
		near(t, version, tensors.MustCopyFlatData[float64](out[0]), want.Y, 1e-6)
		exec.Finalize()
	}
}
