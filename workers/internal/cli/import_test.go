package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/exit"
)

// TestImportWeights stores the weights of a file, plans a sweep on the same file,
// and refuses weights of another network with a list of what differs.
func TestImportWeights(t *testing.T) {
	net, err := nets.ByName("small", data.Sets()[0].Problem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(1)
	file, err := net.Encode(theta, state, map[string]string{"from": "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	weights := filepath.Join(dir, "w.safetensors")
	if err := os.WriteFile(weights, file, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(t, "import", "weights", "mine", weights, "--net", "small", "--output", "json")
	var got struct {
		Name, Net string
		Digest    artifacts.Digest
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
	// What the file says of itself is not part of the weights.
	if want := artifacts.Of(bare); got.Digest != want || got.Net != "small" || got.Name != "mine" {
		t.Errorf("imported %+v, want the digest %s that a training gives these weights", got, want)
	}
	sweep := filepath.Join(dir, "sweep.yaml")
	text := "name: s\ndataset: {name: shapes10, train: 64, test: 64}\ntrain: {net: small, import: w.safetensors}\nmaps: [{kind: line, points: 3}]\n"
	if err := os.WriteFile(sweep, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = call(t, "plan", "--backend", "go", "--output", "json", sweep)
	if code != 0 || !strings.Contains(stdout, `"s/import"`) || strings.Contains(stdout, `"s/train"`) {
		t.Errorf("plan: exit code %d: %s%s", code, stdout, stderr)
	}
	// One home for these: what was imported comes out again under its name, and is not overwritten by a mistake.
	home := t.TempDir()
	at := func(args ...string) (exit.Code, string) {
		code, stdout, stderr := call(t, append([]string{"--home", home}, args...)...)
		return code, stdout + stderr
	}
	out := filepath.Join(dir, "out.safetensors")
	if code, said := at("import", "weights", "mine", weights, "--net", "small"); code != 0 {
		t.Fatal(said)
	}
	if code, said := at("import", "weights", "mine", weights, "--net", "small"); code != 0 {
		t.Errorf("importing again: %s", said)
	}
	if code, said := at("export", "weights", "mine", out); code != 0 {
		t.Fatal(said)
	}
	if b, err := os.ReadFile(out); err != nil || !bytes.Equal(b, bare) {
		t.Errorf("other bytes came out than went in, %v", err)
	}
	for _, c := range []struct {
		args []string
		code exit.Code
		want string
	}{
		{[]string{"list"}, 0, "mine   imported weights      -"},
		{[]string{"status"}, 0, "no sweep was run yet"},
		{[]string{"status", "mine"}, exit.Usage, "mine is imported weights, not a sweep"},
		{[]string{"show", "mine"}, exit.Usage, "mine is imported weights, not a sweep"},
		{[]string{"open", "mine"}, exit.Usage, "mine is imported weights, not a sweep"},
	} {
		if code, said := at(c.args...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%v ended with %d: %s", c.args, code, said)
		}
	}
	// Of a network that a sweep file writes out, by the name it has there.
	own := filepath.Join(dir, "own.yaml")
	text = "name: o\ndataset: {name: shapes10}\nnetworks: {tiny: [avgpool, flatten, {linear: 10, name: fc}]}\ntrain: {net: tiny, import: tiny.safetensors}\n"
	if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tiny, err := nets.New("tiny", []nets.Layer{nets.AvgPool{}, nets.Flatten{}, nets.FullyConnected{Name: "fc", Out: 10}}, data.Sets()[0].Problem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state = tiny.Init(1)
	if file, err = tiny.Encode(theta, state, nil); err != nil {
		t.Fatal(err)
	}
	written := filepath.Join(dir, "tiny.safetensors")
	if err := os.WriteFile(written, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := at("import", "weights", "written", written, "--net", "tiny", "--sweep", own); code != 0 || !strings.Contains(said, "written of tiny") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if code, stdout, stderr := call(t, "nets", own, "--output", "json"); code != 0 || !strings.Contains(stdout, `"name": "tiny"`) || !strings.Contains(stdout, `"parameters": 40`) {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := call(t, "plan", "--backend", "go", own); code != 0 || !strings.Contains(stdout, "\n\no\n") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if err := os.WriteFile(written, bare, 0o600); err != nil { // of another network
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "plan", "--backend", "go", own); code != exit.Usage || !strings.Contains(stderr, "do not belong to the network tiny:\n  2 of its 2 tensors are missing: fc.weight [10 3]") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"mine", weights, "--net", "tini", "--sweep", own}, "has no network \"tini\": choose one of tiny"},
		{[]string{"mine", weights, "--net", "vgg9"}, "do not belong to the network vgg9:\n  50 of its 50 tensors are missing: features.0.weight [64 3 3 3]"},
		{[]string{"mine", weights}, "--net is missing"},
		{[]string{"a/b", weights, "--net", "small"}, "is not a name"},
		{[]string{"mine", sweep, "--net", "small"}, ".safetensors and .npz"},
		{[]string{"mine", weights + "x.npz", "--net", "small"}, "there is no such file"},
	} {
		code, _, stderr := call(t, append([]string{"import", "weights"}, c.args...)...)
		if code != exit.Usage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q; want %d and %q", c.args, code, stderr, exit.Usage, c.want)
		}
	}
}
