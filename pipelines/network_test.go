package pipelines

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
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
			var typed struct{ Net Network }
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
		{"{bn: bn1}", "{kernel: 3}", `6:7: networks.plain[1]: want a layer`},
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
	cat.CheckNetwork = func(Network) (int, error) { return 4, errors.New("it does not fit") }
	if _, err := Parse("own.yaml", []byte(written), cat, ""); err == nil || !strings.Contains(err.Error(), "9:7: networks.plain: it does not fit") {
		t.Errorf("a layer that does not fit: %v", err)
	}
}
