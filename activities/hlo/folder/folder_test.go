package folder

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/hlo"
)

const testdata = "../testdata/convnet"

// TestRead: names, shapes and roles come from the manifest and the weights, and the encoded program reads as what it was.
func TestRead(t *testing.T) {
	p, values, err := Read(testdata)
	if err != nil {
		t.Fatal(err)
	}
	if p.Batch != 8 || !p.Score || p.X.Type != "float32" || !slices.Equal(p.X.Shape, []int{5, 4, 2}) || p.Y.Type != "int32" || len(p.Params) != 7 || len(p.Buffers) != 2 {
		t.Errorf("read %+v", p)
	}
	for name, want := range map[string]string{"conv.kernel": hlo.Last, "embed.embedding": hlo.First, "bn.scale": hlo.None, "temperature": hlo.None} {
		i := slices.IndexFunc(p.Params, func(t hlo.Tensor) bool { return t.Name == name })
		if i < 0 || p.Params[i].FiltersAt() != want {
			t.Errorf("the filters of %s are %v, want %s", name, p.Params, want)
		}
	}
	for _, c := range []struct {
		tensor hlo.Tensor
		want   string
	}{{hlo.Tensor{Name: "Embed_0.embedding", Shape: []int{5, 3}}, hlo.First}, {hlo.Tensor{Name: "embedding", Shape: []int{5}}, hlo.None}, {hlo.Tensor{Name: "noembedding", Shape: []int{5, 3}}, hlo.Last}} {
		if got := c.tensor.FiltersAt(); got != c.want {
			t.Errorf("the filters of %+v are %s, want %s", c.tensor, got, c.want)
		}
	}
	if v := values["temperature"]; len(v) != 1 || v[0] != 1.5 || len(values["conv.kernel"]) != 72 {
		t.Errorf("read the weights %v", values)
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := hlo.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.Encode(); err != nil || string(second) != string(b) || !hlo.Is(b) {
		t.Errorf("what was encoded reads as another program (%v)", err)
	}
}

// copied is a copy of the folder in testdata.
func copied(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "net")
	if err := os.CopyFS(dir, os.DirFS(testdata)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMistakes: what is wrong in a folder is said with its file and field.
func TestMistakes(t *testing.T) {
	replace := func(file, old, by string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			name := filepath.Join(dir, file)
			b, err := os.ReadFile(name)
			if err != nil || !strings.Contains(string(b), old) {
				t.Fatalf("%s has no %q (%v)", file, old, err)
			}
			if err := os.WriteFile(name, []byte(strings.Replace(string(b), old, by, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(file string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(testing.TB, string)
		want   string
	}{
		"a later version":                    {replace("model.json", `"version": 1`, `"version": 2`), "model.json: version: 2 is not supported; this program reads version 1"},
		"no JSON":                            {replace("model.json", "{", "["), "model.json: "},
		"more text":                          {replace("model.json", "{", "{} {"), "model.json: there is more text"},
		"an unknown field":                   {replace("model.json", `"score"`, `"scores"`), `model.json: unknown field "scores"`},
		"an unknown field inside":            {replace("model.json", `"filters"`, `"filter"`), `model.json: unknown field "filter"`},
		"a text for a number":                {replace("model.json", `"batch": 8`, `"batch": "8"`), "model.json: batch: a JSON value of the type string"},
		"a list for a name":                  {replace("model.json", `"bn.bias"`, `["bn.bias"]`), `model.json: a parameter or buffer is a name, or {"name"`},
		"no batch":                           {replace("model.json", `"batch": 8`, `"batch": 0`), "model.json: batch: 0 examples; allowed are 1 to 1048576"},
		"a huge batch":                       {replace("model.json", `"batch": 8`, `"batch": 4000000000`), "model.json: batch: 4000000000 examples"},
		"a huge example":                     {replace("model.json", "5,", "1000000000, 1000000000,"), "model.json: x.shape: "},
		"a negative size":                    {replace("model.json", "5,", "-5,"), "model.json: x.shape: [-5 4 2]: sizes are at least 1"},
		"another type":                       {replace("model.json", "float32", "float64"), `model.json: x.dtype: "float64" is not supported; choose one of ["float32" "int32" "uint8"]`},
		"another type of labels":             {replace("model.json", "int32", "int64"), `model.json: y.dtype: "int64"`},
		"other filters":                      {replace("model.json", `"first"`, `"middle"`), `model.json: params[5].filters: "middle" is not known`},
		"a name twice":                       {replace("model.json", `"bn.bias"`, `"bn.scale"`), "model.json: params[1]: two tensors are called bn.scale"},
		"a name with brackets":               {replace("model.json", `"bn.bias"`, `"['bn']['bias']"`), "weights.npz: 1 tensor is missing: ['bn']['bias']"},
		"a missing weight":                   {replace("model.json", `"bn.bias"`, `"bn.offset"`), "weights.npz: 1 tensor is missing: bn.offset; the file has "},
		"a shorter list":                     {replace("model.json", `"bn.bias",`, ``), "loss.mlir: argument 1 (conv.kernel) is tensor<4xf32>, and it should be tensor<3x3x2x4xf32>; JAX drops arguments"},
		"fewer arguments":                    {replace("loss.mlir", `, %arg11: tensor<8xf32>`, ``), "loss.mlir: has 11 arguments, and it should have 12: bn.bias, bn.scale, conv.kernel, …, bn.var, x, y, the mask"},
		"no score":                           {replace("model.json", `"score": true`, `"score": false`), "loss.mlir: has 2 results, and it should have 1: the loss"},
		"another batch":                      {replace("model.json", `"batch": 8`, `"batch": 16`), "loss.mlir: argument 9 (x) is tensor<8x5x4x2xf32>, and it should be tensor<16x5x4x2xf32>"},
		"other results":                      {replace("gradient.mlir", `-> (tensor<4xf32>`, `-> (tensor<2x2xf32>`), "gradient.mlir: result 0 (bn.bias) is tensor<2x2xf32>, and it should be tensor<4xf32>"},
		"the wrong program":                  {replace("hvp.mlir", `@main`, `@other`), "hvp.mlir: has no function @main"},
		"no program":                         {replace("loss.mlir", "module", "\x00"), "loss.mlir: is no StableHLO program"},
		"other bytecode":                     {replace("loss.mlir", "module", "ML\xefRmodule"), "loss.mlir: is MLIR bytecode, but no portable StableHLO program"},
		"a foreign function":                 {replace("loss.mlir", "%0 = ", "%0 = stablehlo.custom_call @system(%arg0) : (tensor<4xf32>) -> tensor<f32>\n%0 = "), `loss.mlir: calls the function "system" of another library`},
		"a foreign function, long form":      {replace("loss.mlir", "%0 = ", `%0 = "stablehlo.custom_call"(%arg0) <{call_target_name = "system"}> : (tensor<4xf32>) -> tensor<f32>`+"\n%0 = "), `loss.mlir: calls the function "" of another library (custom_call)`},
		"a foreign function, hidden":         {replace("loss.mlir", "%0 = ", `%0 = "stablehlo.custom\5Fcall"(%arg0) : (tensor<4xf32>) -> tensor<f32>`+"\n%0 = "), `loss.mlir: has the operation "stablehlo.custom\5Fcall"(, whose name can't be checked`},
		"a foreign function behind a remark": {replace("loss.mlir", "%0 = ", `// custom_call @Sharding`+"\n"+`%0 = "stablehlo.custom_call"(%arg0) {call_target_name = #a} : (tensor<4xf32>) -> tensor<f32>`+"\n%0 = "), `loss.mlir: calls the function ""`},
		"no loss":                            {remove("loss.mlir"), "loss.mlir is missing in the folder"},
		"no weights":                         {remove("weights.npz"), "weights.npz is missing in the folder"},
		"damaged weights": {func(t testing.TB, dir string) {
			os.WriteFile(filepath.Join(dir, "weights.npz"), []byte("PK\x03\x04"), 0o600)
		}, "weights.npz: "},
		"a program elsewhere":     {replace("model.json", "{", `{"gradient": "../gradient.mlir",`), `model.json: "../gradient.mlir" is not the name of a file in the folder`},
		"an absolute path":        {replace("model.json", "{", `{"weights": "/etc/passwd",`), `model.json: "/etc/passwd" is not the name of a file in the folder`},
		"a folder for a program":  {replace("model.json", "{", `{"loss": "..",`), `model.json: ".." is not the name`},
		"a named program missing": {replace("model.json", "{", `{"hvp": "second.mlir",`), "second.mlir is missing in the folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t)
			c.change(t, dir)
			if _, _, err := Read(dir); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("the error is\n%v\nand should begin with\n%s", err, c.want)
			}
		})
	}
	if Is(t.TempDir()) || !Is(testdata) {
		t.Error("a folder is known by its manifest")
	}
}

// TestOptionalPrograms: a folder without gradient and products is a network, and one of them says how to add the products.
func TestOptionalPrograms(t *testing.T) {
	dir := copied(t)
	for _, name := range []string{"gradient.mlir", "hvp.mlir"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p, _, err := Read(dir)
	if err != nil || p.Gradient != nil || len(p.Functions()) != 1 {
		t.Fatalf("read %+v (%v)", p, err)
	}
	if err := p.CheckHVP(); err == nil || !strings.Contains(err.Error(), "jax.jvp(") {
		t.Errorf("without hvp.mlir the error is %v", err)
	}
}

// FuzzRead: no manifest and no program make the reader panic or hang.
func FuzzRead(f *testing.F) {
	dir := os.DirFS(testdata)
	manifest, err := fs.ReadFile(dir, Manifest)
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"loss.mlir", "../loss-portable.mlir"} {
		loss, err := os.ReadFile(filepath.Join(testdata, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(manifest, loss)
	}
	f.Add([]byte(`{"version":1,"batch":1,"x":{"shape":[1],"dtype":"uint8"},"y":{"dtype":"float32"},"params":[{"name":"a"}],"weights":"w"}`), []byte("func.func @main(%a: tensor<"))
	work := copied(f) // each worker process has its own
	f.Fuzz(func(t *testing.T, manifest, loss []byte) {
		for name, b := range map[string][]byte{Manifest: manifest, "loss.mlir": loss} {
			if err := os.WriteFile(filepath.Join(work, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, values, err := Read(work)
		if err != nil {
			return
		}
		for _, tensor := range append(slices.Clone(p.Params), p.Buffers...) {
			size := 1
			for _, d := range tensor.Shape {
				size *= d
			}
			if len(values[tensor.Name]) != size {
				t.Errorf("%s has %d numbers for the shape %v", tensor.Name, len(values[tensor.Name]), tensor.Shape)
			}
		}
		b, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hlo.Parse(b); err != nil {
			t.Errorf("what was encoded can't be read: %v", err)
		}
	})
}
