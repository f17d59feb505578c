package sweepfile

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/layers"
)

const written = `name: own
dataset: {name: cifar10}
networks:
  plain:
    - {conv: 16, name: conv1}
    - {bn: bn1}
    - relu
    - {maxpool: 2}
    - residual:
        - {conv: 32, kernel: 1, stride: 2, padding: 0}
        - bn
      shortcut: [{conv: 32, kernel: 1, stride: 2, bias: true}]
    - {dense: [{conv: 8}]}
    - avgpool
    - flatten
    - {linear: 10, name: fc}
train: {net: plain, epochs: 1}
sweep: {train.net: [plain, resnet20]}
maps: [{kind: line}]
`

// TestCompact: layers are written as a sweep file has them, and mean the same when they are read again.
func TestCompact(t *testing.T) {
	for _, text := range []string{
		"[{conv: 16, name: conv1}, {bn: bn1}, relu, {maxpool: 2}, {residual: [{conv: 32, kernel: 1, stride: 2}, bn], shortcut: [{conv: 32, kernel: 1, stride: 2, bias: true}]}, {dense: [{conv: 8}]}, avgpool, flatten, {linear: 10, init: 0.3}]",
		"[{conv: 4, kernel: [3, 5], padding: 0, dilation: 2, groups: 3}, {instancenorm: , affine: true}, {groupnorm: 2, affine: false, epsilon: 0.001}, {maxpool: 3, stride: 2, padding: 1, ceil: true}, {residual: [{conv: 8, stride: 2}], shortcut: pad}, {avgpool: 2}, flatten, {linear: 10}]",
		"[{conv: 8, kernel: 8, stride: 8, padding: 0}, {leakyrelu: 0}, leakyrelu, {elu: 2}, elu, {gelu: tanh}, gelu, tokens, classtoken, {positional: pos}, {residual: [layernorm, {attention: 2, causal: true, bias: false}]}, {dropout: 0}, {pick: 0}, {linear: 10}]",
	} {
		read := func(list string) string {
			t.Helper()
			s, err := Parse("s.yaml", []byte(strings.Replace(minimal, "net: resnet20", "net: own", 1)+"networks: {own: "+list+"}\n"), catalog, "")
			if err != nil {
				t.Fatal(err)
			}
			return string(s.experiments[0].config.network())
		}
		var list []pipelines.Layer
		network := read(text)
		if err := json.Unmarshal([]byte(network), &list); err != nil {
			t.Fatal(err)
		}
		if got := layers.Compact(list); got != text || read(got) != network {
			t.Errorf("\n%s is written as\n%s", text, got)
		}
	}
}

// TestWrittenNetwork checks the layers, their defaults and names, and that a step's
// parameters hold them and not the name.
func TestWrittenNetwork(t *testing.T) {
	const want = `[{"kind":"conv","name":"conv1","out":16,"kernel":3,"stride":1,"padding":1},{"kind":"bn","name":"bn1"},{"kind":"relu"},` +
		`{"kind":"maxpool","kernel":2,"stride":2},` +
		`{"kind":"residual","body":[{"kind":"conv","name":"4.0","out":32,"kernel":1,"stride":2},{"kind":"bn","name":"4.1"}],` +
		`"shortcut":[{"kind":"conv","name":"4.shortcut.0","out":32,"kernel":1,"stride":2,"bias":true}]},` +
		`{"kind":"dense","body":[{"kind":"conv","name":"5.0","out":8,"kernel":3,"stride":1,"padding":1}]},` +
		`{"kind":"avgpool"},{"kind":"flatten"},{"kind":"linear","name":"fc","out":10}]`
	g := mustExpand(t, written, "")
	for i, net := range []string{want, `"resnet20"`} {
		for _, s := range g.Experiments[i].Steps[:3] {
			var p struct{ Net json.RawMessage }
			if err := json.Unmarshal(s.Params, &p); err != nil {
				t.Fatal(err)
			}
			if string(p.Net) != net {
				t.Errorf("%s: net is %s\nwant %s", s.ID, p.Net, net)
			}
			var typed struct{ Net pipelines.Network }
			if err := json.Unmarshal(s.Params, &typed); err != nil || typed.Net.Written() != (i == 0) {
				t.Errorf("%s: %v reads as %q", s.ID, err, typed.Net)
			}
		}
	}
	renamed := mustExpand(t, strings.ReplaceAll(written, "plain", "other"), "")
	if string(renamed.Experiments[0].Steps[0].Params) != string(g.Experiments[0].Steps[0].Params) {
		t.Error("another name for the same layers makes another training")
	}
}

// TestWrittenNetworkMistakes checks that each mistake is reported at its place.
func TestWrittenNetworkMistakes(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"relu\n", "rellu\n", `7:7: networks.plain[2]: unknown layer rellu; did you mean relu?`},
		{"{maxpool: 2}", "{maxpool: 2, strid: 1}", `8:20: networks.plain[3]: a maxpool layer has no strid; did you mean stride?; allowed: maxpool, stride, padding`},
		{"{conv: 8}", "{conv: 0}", `13:23: networks.plain[5].dense[0].conv`},
		{"{conv: 8}", "{conv: }", `13:16: networks.plain[5].dense[0]: conv needs a value`},
		{"{bn: bn1}", "{bn: bn1, linear: 4}", `6:17: networks.plain[1]: one layer cannot be bn and linear; write two`},
		{"{bn: bn1}", "{relu: 1}", `6:14: networks.plain[1]: relu takes no value`},
		{"{bn: bn1}", "[relu]", `6:7: networks.plain[1]`},
		{"{bn: bn1}", "{bn: bn1, name: bn2}", `6:23: networks.plain[1]: the bn layer has the name bn1 already`},
		{"- avgpool", "- {avgpool: , stride: 2}", `14:19: networks.plain[6]: stride has no effect on the mean over the whole image`},
		{"- avgpool", "- {avgpool: globl}", `14:17: networks.plain[6].avgpool: want a whole number from 1 to 32, or global, got globl`},
		{"{dense: [{conv: 8}]}", "{dense: []}", `13:15: networks.plain[5].dense: want a list of at least one layer`},
		{"{bn: bn1}", "{kernel: 3}", `6:7: networks.plain[1]: want a layer`},
		{"{maxpool: 2}", "{pool: 2}", `8:7: networks.plain[3]: unknown layer pool; did you mean maxpool?`},
		{"{dense: [{conv: 8}]}", "{dense: 10}", `13:15: networks.plain[5]: dense has a list of layers, whose input is joined to their output; a fully connected layer is {linear: 10}`},
		{"net: plain", "net: [{conv: 8}, relu]", `17:14: train.net: a network that is written out has its place below networks:`},
		{"net: plain", "net: {layers: [{conv: 8}, relu]}", `17:14: train.net: a network that is written out has its place below networks:`},
		{"  plain:\n", "  resnet20:\n", `4:3: networks: resnet20 is the name of a built-in network`},
		{"net: plain", "net: plai", `17:14: train.net: unknown name plai; did you mean plain?`},
	} {
		src := strings.Replace(written, test.old, test.new, 1)
		_, err := Parse("own.yaml", []byte(src), catalog, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v\nwant %s", test.new, err, test.want)
		}
	}
	cat := catalog
	for place, want := range map[string]string{
		"4":            "9:7: networks.plain[4]: it does not fit",
		"4/body/1":     "11:11: networks.plain[4].residual[1]: it",
		"4/shortcut/0": "12:18: networks.plain[4].shortcut[0]: it",
		"5/body/0":     "13:16: networks.plain[5].dense[0]: it",
		"6/body/0":     "14:7: networks.plain[6]: it",
		"99":           "5:5: networks.plain: it",
	} {
		cat.CheckNetwork = func(pipelines.Network, pipelines.Problem) ([]string, error) {
			return strings.Split(place, "/"), errors.New("it does not fit")
		}
		if _, err := Parse("own.yaml", []byte(written), cat, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a layer at %s that does not fit: %v\nwant %s", place, err, want)
		}
	}
}

// TestNetworkIsCheckedOnce checks that experiments share what is known of a network.
func TestNetworkIsCheckedOnce(t *testing.T) {
	cat, calls := catalog, 0
	cat.CheckNetwork = func(pipelines.Network, pipelines.Problem) ([]string, error) { calls++; return nil, nil }
	src := strings.Replace(written, "sweep: {", "sweep: {train.seed: [1, 2, 3], ", 1)
	if _, err := Parse("own.yaml", []byte(src), cat, ""); err != nil || calls != 1 {
		t.Errorf("%v; the network was checked %d times, want once for six experiments", err, calls)
	}
}

// TestNamesForCaptions: a picture has the names in the sweep file of a network and data that keys name by their content, and no others.
func TestNamesForCaptions(t *testing.T) {
	cat := catalog
	cat.NetworkOfFile = func(string, []string) (pipelines.Network, error) { return pipelines.OfProgram(artifacts.Of(nil)), nil }
	cat.Data = func(c DataChoices) (Dataset, error) { return Dataset{Name: c.Name, Train: 1000, Test: 100}, nil }
	file := "name: s\ndataset: {name: some/digits.npz}\ntrain: {net: runs/model.pt2}\nmaps: [{kind: line}]\nfigures: [{kind: lines}]\n"
	for src, want := range map[string]map[string]string{
		file: {pipelines.OfProgram(artifacts.Of(nil)).String(): "model.pt2", "data-01234567": "digits.npz"},
		strings.NewReplacer("some/digits.npz", "cifar10", "runs/model.pt2", "small").Replace(file): nil,
	} {
		s, err := Parse("s.yaml", []byte(src), cat, "")
		if err != nil {
			t.Fatal(err)
		}
		g, err := s.Expand("sha256:" + strings.Repeat("01234567", 8))
		if err != nil {
			t.Fatal(err)
		}
		pictures := 0
		for _, step := range g.All() {
			var p pipelines.RenderParams
			if step.Step.Kind != pipelines.KindRender {
				continue
			}
			pictures++
			if err := json.Unmarshal(step.Step.Params, &p); err != nil || !maps.Equal(p.Names, want) {
				t.Errorf("%s has the names %v, %v; want %v", step.Step.ID, p.Names, err, want)
			}
		}
		if pictures < 2 || len(want) > 0 && !maps.Equal(g.Experiments[0].Names, want) {
			t.Errorf("%d pictures; the experiment has the names %v", pictures, g.Experiments[0].Names)
		}
	}
}

// TestLayerSpellings checks that two ways of writing a layer are one layer.
func TestLayerSpellings(t *testing.T) {
	want := mustExpand(t, written, "").Experiments[0].Steps[0].Params
	for _, c := range [][2]string{
		{"{bn: bn1}", "{bn: , name: bn1}"},
		{"        - bn\n", "        - {bn: 4.1}\n"},
		{"- avgpool", "- {avgpool: global}"},
		{"- avgpool", "- {avgpool: }"},
		{"{maxpool: 2}", "{maxpool: 2, stride: 2, padding: 0}"},
		{"{conv: 16, name: conv1}", "{name: conv1, conv: 16, kernel: 3, stride: 1, padding: 1, bias: false}"},
	} {
		if !strings.Contains(written, c[0]) {
			t.Fatal(c[0])
		}
		g := mustExpand(t, strings.Replace(written, c[0], c[1], 1), "")
		if got := g.Experiments[0].Steps[0].Params; string(got) != string(want) {
			t.Errorf("%s makes another network than %s", c[1], c[0])
		}
	}
}

// TestPresetNetworks checks that a preset replaces one network, adds one, and
// that its names are known where it uses them.
func TestPresetNetworks(t *testing.T) {
	src := written + `presets:
  other:
    networks:
      plain: [avgpool, flatten, {linear: 10}]
      v2.1: [flatten, {linear: 10}]
    sweep: {train.net: [plain, v2.1]}
`
	g := mustExpand(t, src, "other")
	for i, want := range []string{`[{"kind":"avgpool"},{"kind":"flatten"},{"kind":"linear","name":"2","out":10}]`, `[{"kind":"flatten"},{"kind":"linear","name":"1","out":10}]`} {
		var p pipelines.TrainParams
		if err := json.Unmarshal(g.Experiments[i].Steps[0].Params, &p); err != nil || string(p.Net) != want {
			t.Errorf("experiment %d: %v, network %q", i, err, string(p.Net))
		}
	}
	if base := mustExpand(t, src, ""); len(base.Experiments) != 2 || base.Experiments[1].Name != "resnet20" {
		t.Error("the preset changes the file without it")
	}
	bad := strings.Replace(src, "[flatten, {", "[flaten, {", 1)
	if _, err := Parse("own.yaml", []byte(bad), catalog, ""); err == nil || !strings.Contains(err.Error(), "unknown layer flaten; did you mean flatten?") {
		t.Errorf("a mistake in a preset's network: %v", err)
	}
}

// TestNetworkSchema checks what an editor is told of networks.
func TestNetworkSchema(t *testing.T) {
	s := compileSchema(t)
	good := []string{written,
		strings.Replace(written, "- avgpool", "- {avgpool: global}", 1),
		strings.Replace(written, "{bn: bn1}", "{bn: , name: bn1}", 1),
		written + "presets: {p: {networks: {plain: [flatten, {linear: 10}], more: }, train: {net: plain}}}\n",
	}
	for _, src := range good {
		mustExpand(t, src, "")
		if err := validate(t, s, src); err != nil {
			t.Errorf("%s\n%v", src, err)
		}
	}
	for _, c := range [][2]string{
		{"relu\n", "rellu\n"}, {"{maxpool: 2}", "{maxpool: 2, strid: 1}"}, {"{conv: 8}", "{conv: 0}"},
		{"{bn: bn1}", "{bn: bn1, linear: 4}"}, {"{bn: bn1}", "[relu]"}, {"{dense: [{conv: 8}]}", "{dense: []}"},
	} {
		if err := validate(t, s, strings.Replace(written, c[0], c[1], 1)); err == nil {
			t.Errorf("the schema allows %s", c[1])
		}
	}
}

// TestNetworkVariants: parameters of built-in networks stand where a network is named, in either form, and in networks.
func TestNetworkVariants(t *testing.T) {
	const src = "name: slim\ndataset: {name: cifar10}\nnetworks: {narrow: {resnet20: {shortcut: pad, width: 4}}}\ntrain: {net: {resnet20: {width: 8}}, epochs: 1}\nmaps: [{kind: line}]\n"
	net := func(e pipelines.Experiment) string {
		var p pipelines.TrainParams
		if err := json.Unmarshal(e.Steps[0].Params, &p); err != nil {
			t.Fatal(err)
		}
		return string(p.Net)
	}
	if got := net(mustExpand(t, src, "").Experiments[0]); got != "resnet20:width=8" {
		t.Errorf("the network is %s", got)
	}
	g := mustExpand(t, src+"sweep: {train.net: [resnet20, {resnet20: {width: 8}}, \"resnet20:shortcut=pad,width=8\", narrow]}\n", "")
	for i, want := range [][2]string{{"resnet20", "resnet20"}, {"resnet20:width=8", "resnet20_width_8"}, {"resnet20:width=8,shortcut=pad", "resnet20_width_8_shortcut_pad"}, {"resnet20:width=4,shortcut=pad", "narrow"}} {
		if e := g.Experiments[i]; net(e) != want[0] || e.Name != want[1] {
			t.Errorf("experiment %s trains %s, want %v", e.Name, net(e), want)
		}
	}
	for change, want := range map[string]string{
		"{resnet20: {width: 0}}":            "4:33: train.net.resnet20.width: want a whole number from 1 to 1024, got 0",
		"{resnet20: {widht: 8}}":            "4:26: unknown key widht in train.net.resnet20; did you mean width?; allowed: width, shortcut",
		"{resnet21: {width: 8}}":            "4:15: train.net: unknown name resnet21; did you mean resnet20?",
		"{resnet20: {shortcut: zero}}":      "train.net.resnet20.shortcut: unknown name zero; allowed: conv, pad",
		"{resnet20: 8}":                     "4:14: train.net: want a built-in network with parameters, as {resnet56: {width: 8}}",
		"resnet20:width=x":                  "4:14: train.net.resnet20.width: want a whole number from 1 to 1024, got x",
		"{resnet20: {width: 8}, small: {}}": "4:14: train.net: want a built-in network",
	} {
		_, err := Parse("slim.yaml", []byte(strings.Replace(src, "{resnet20: {width: 8}}", change, 1)), catalog, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %s", change, err, want)
		}
	}
	s := compileSchema(t)
	if err := validate(t, s, src); err != nil {
		t.Error(err)
	}
	if err := validate(t, s, strings.Replace(src, "width: 8", "widht: 8", 1)); err == nil {
		t.Error("the schema allows widht")
	}
}

const writtenTransformer = `name: own
dataset: {name: cifar10}
networks:
  vit:
    - {conv: 32, kernel: [4, 4], stride: 4, padding: 0, bias: true, name: patch}
    - tokens
    - {classtoken: cls}
    - positional
    - {residual: [layernorm, {attention: 4, name: attn}, {dropout: 0.1}]}
    - {residual: [{layernorm: ln2, epsilon: 1e-6}, {linear: 64}, {gelu: tanh}, {linear: 32, init: 0.1}]}
    - {pick: 0}
    - {linear: 10}
  conv:
    - {conv: 3, kernel: [1, 5], stride: [2, 1], dilation: [1, 2], groups: 3}
    - {groupnorm: 3, affine: false}
    - instancenorm
    - {maxpool: [2, 3], padding: [0, 1], ceil: true}
    - {avgpool: [2, 1]}
    - leakyrelu
    - {elu: 0.5}
    - gelu
    - {gelu: exact}
    - {residual: [{conv: 8, stride: 2}], shortcut: pad}
  gpt: [{embedding: 16, entries: 65}, {attention: 2, causal: true, bias: false}, {linear: 65}]
train: {net: vit, epochs: 1}
maps: [{kind: line}]
`

// TestWrittenLayers checks fields, defaults and names of the layers of transformers, normalizations and activations.
func TestWrittenLayers(t *testing.T) {
	sweep, err := Parse("own.yaml", []byte(writtenTransformer), catalog, "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"vit": `[{"kind":"conv","name":"patch","out":32,"kernel":4,"stride":4,"bias":true},{"kind":"tokens"},{"kind":"classtoken","name":"cls"},{"kind":"positional","name":"3"},` +
			`{"kind":"residual","body":[{"kind":"layernorm","name":"4.0","affine":true,"epsilon":0.00001},{"kind":"attention","name":"attn","bias":true,"heads":4},{"kind":"dropout","rate":0.1}]},` +
			`{"kind":"residual","body":[{"kind":"layernorm","name":"ln2","affine":true,"epsilon":0.000001},{"kind":"linear","name":"5.1","out":64},{"kind":"gelu","approximate":"tanh"},` +
			`{"kind":"linear","name":"5.3","out":32,"init":0.1}]},{"kind":"pick"},{"kind":"linear","name":"7","out":10}]`,
		"conv": `[{"kind":"conv","name":"0","out":3,"kernel":[1,5],"stride":[2,1],"padding":[0,4],"dilation":[1,2],"groups":3},{"kind":"groupnorm","name":"1","groups":3,"epsilon":0.00001},` +
			`{"kind":"instancenorm","name":"2","epsilon":0.00001},{"kind":"maxpool","kernel":[2,3],"stride":[2,3],"padding":[0,1],"ceil":true},{"kind":"avgpool","kernel":[2,1],"stride":[2,1]},` +
			`{"kind":"leakyrelu","negative_slope":0.01},{"kind":"elu","alpha":0.5},{"kind":"gelu"},{"kind":"gelu"},` +
			`{"kind":"residual","body":[{"kind":"conv","name":"9.0","out":8,"kernel":3,"stride":2,"padding":1}],"pad":true}]`,
		"gpt": `[{"kind":"embedding","name":"0","out":16,"entries":65},{"kind":"attention","name":"1","heads":2,"causal":true},{"kind":"linear","name":"2","out":65}]`,
	}
	for _, n := range sweep.Networks() {
		if string(n.Network) != want[n.Name] {
			t.Errorf("%s is %s\nwant %s", n.Name, n.Network, want[n.Name])
		}
		delete(want, n.Name)
	}
	if len(want) > 0 {
		t.Errorf("there are no networks %v", want)
	}
	s := compileSchema(t)
	if err := validate(t, s, writtenTransformer); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ old, new, want string }{
		{"{dropout: 0.1}", "{dropout: 1}", `9:68: networks.vit[4].residual[2].dropout: want a number from 0 and below 1, got 1`},
		{"{dropout: 0.1}", "dropout", `9:58: networks.vit[4].residual[2]: dropout needs a value, as {dropout: …}`},
		{"{gelu: tanh}", "{gelu: tan}", `10:73: networks.vit[5].residual[2].gelu: unknown name tan; did you mean tanh?; allowed: exact, tanh`},
		{"kernel: [4, 4]", "kernel: [4, 4, 4]", `5:26: networks.vit[0].kernel: want a whole number from 1 to 32, or two for rows and columns, as [3, 1], got a list`},
		{"dilation: [1, 2]", "dilation: [1, 0]", `networks.conv[0].dilation: want a whole number from 1 to 32, got 0`},
		{"{embedding: 16, entries: 65}", "{embedding: 16}", `networks.gpt[0].entries is missing`},
		{"causal: true", "causl: true", `networks.gpt[1]: an attention layer has no causl; did you mean causal?; allowed: attention, name, causal, bias, init`},
		{"shortcut: pad", "shortcut: padd", `networks.conv[9].shortcut: want a list of layers, or pad, got padd`},
		{"{groupnorm: 3, affine: false}", "groupnorm", `networks.conv[1]: groupnorm needs a value, as {groupnorm: …}`},
		{"epsilon: 1e-6", "epsilon: 0", `networks.vit[5].residual[0].epsilon: want a number above 0 and at most 1, got 0`},
		{"- leakyrelu", "- {leakyrelu: steep}", `networks.conv[5].leakyrelu: want a number from -1000 to 1000, got steep`},
	} {
		src := strings.Replace(writtenTransformer, test.old, test.new, 1)
		if _, err := Parse("own.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v\nwant %s", test.new, err, test.want)
		}
		if err := validate(t, s, src); err == nil {
			t.Errorf("the schema allows %s", test.new)
		}
	}
}
