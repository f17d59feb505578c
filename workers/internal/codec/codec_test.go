package codec_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"lossatlas/workers/internal/codec"
)

// file writes a file of keys.
func file(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, lines ...string) *codec.Codec {
	t.Helper()
	c, err := codec.Read(file(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keyLine is a key of 32 equal bytes.
func keyLine(id string, b byte) string {
	return id + " " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32))
}

func encode(t testing.TB, c *codec.Codec, values ...any) *common.Payloads {
	t.Helper()
	p, err := c.Converters(nil).Data.ToPayloads(values...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRoundTrip: whatever is encrypted comes back, and nothing of it can be seen.
func TestRoundTrip(t *testing.T) {
	c := read(t, "# the keys", "", codec.NewKey())
	type step struct{ Net, Label string }
	in := step{"resnet20-noshort", "depth/train"}
	p := encode(t, c, in, []byte("resnet20"), nil)
	for _, x := range p.GetPayloads() {
		if string(x.GetMetadata()["encoding"]) != "binary/encrypted" || len(x.GetMetadata()["encryption-key-id"]) != 8 || len(x.GetMetadata()) != 2 {
			t.Errorf("metadata %v", x.GetMetadata())
		}
		if strings.Contains(x.String(), "resnet") || bytes.Contains(x.GetData(), []byte("net")) {
			t.Errorf("readable: %v", x)
		}
	}
	var out step
	var raw []byte
	var nothing *step
	if err := c.Converters(nil).Data.FromPayloads(p, &out, &raw, &nothing); err != nil || out != in || string(raw) != "resnet20" || nothing != nil {
		t.Errorf("%+v, %s, %v, %v", out, raw, nothing, err)
	}
	if again := encode(t, c, in); proto.Equal(again.GetPayloads()[0], p.GetPayloads()[0]) {
		t.Error("the same value is encrypted the same way twice")
	}
}

// TestRotation: the first key encrypts, all decrypt; what is not encrypted is read unchanged.
func TestRotation(t *testing.T) {
	older, newer := keyLine("2025", 1), keyLine("2026", 2)
	was := encode(t, read(t, older), "sweep")
	both := read(t, newer, older)
	var got string
	if err := both.Converters(nil).Data.FromPayloads(was, &got); err != nil || got != "sweep" {
		t.Errorf("with both keys: %q, %v", got, err)
	}
	is := encode(t, both, "sweep")
	if id := string(is.GetPayloads()[0].GetMetadata()["encryption-key-id"]); id != "2026" {
		t.Errorf("encrypted with %s, want the first key", id)
	}
	if err := both.Converters(nil).Data.FromPayloads(encode(t, &codec.Codec{}, "plain"), &got); err != nil || got != "plain" {
		t.Errorf("not encrypted: %q, %v", got, err)
	}
}

// TestUnreadable: without the right key, or with anything changed, nothing is read, and the error says what is missing.
func TestUnreadable(t *testing.T) {
	line := keyLine("right", 1)
	p := encode(t, read(t, line), "a text")
	change := func(f func(*common.Payload)) *common.Payloads {
		q := proto.Clone(p).(*common.Payloads)
		f(q.GetPayloads()[0])
		return q
	}
	for _, c := range []struct {
		name string
		with *codec.Codec
		what *common.Payloads
		says []string
	}{
		{"no keys", &codec.Codec{}, p, []string{`"right"`, "no keys are given", "--codec-keys"}},
		{"other keys", read(t, keyLine("a", 1), keyLine("b", 2)), p, []string{`"right"`, "(a, b)", "LOSSATLAS_CODEC_KEYS"}},
		{"another key of this ID", read(t, keyLine("right", 2)), p, []string{`"right"`, "not the one"}},
		{"changed data", read(t, line), change(func(x *common.Payload) { x.Data[20] ^= 1 }), []string{"changed"}},
		{"cut data", read(t, line), change(func(x *common.Payload) { x.Data = x.Data[:5] }), []string{"changed"}},
		{"no data", read(t, line), change(func(x *common.Payload) { x.Data = nil }), []string{"changed"}},
		{"the ID of another key", read(t, line, keyLine("left", 1)), change(func(x *common.Payload) { x.Metadata["encryption-key-id"] = []byte("left") }), []string{`"left"`, "changed"}},
		{"no ID", read(t, line), change(func(x *common.Payload) { delete(x.Metadata, "encryption-key-id") }), []string{`""`}},
	} {
		var got string
		err := c.with.Converters(nil).Data.FromPayloads(c.what, &got)
		var secret *codec.UnreadableError
		if !errors.As(err, &secret) || got != "" {
			t.Errorf("%s: %q, %v", c.name, got, err)
			continue
		}
		for _, w := range c.says {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q doesn't say %q", c.name, err, w)
			}
		}
	}
}

// TestFailures: messages of errors are encrypted with their causes, their types are not; without the key the message says so.
func TestFailures(t *testing.T) {
	c := read(t, keyLine("right", 1))
	cause := temporal.NewApplicationError("no such file: vgg9.npz", "BadData")
	f := c.Converters(nil).Failure.ErrorToFailure(temporal.NewNonRetryableApplicationError("vgg9 failed", "BadStep", cause))
	if s := f.String(); strings.Contains(s, "vgg9") || !strings.Contains(s, "BadStep") {
		t.Errorf("readable, or without its type: %s", s)
	}
	message := func(c *codec.Codec) (messages []string) {
		var app *temporal.ApplicationError
		for err := c.Converters(nil).Failure.FailureToError(f); errors.As(err, &app); err = errors.Unwrap(app) {
			messages = append(messages, app.Message())
		}
		return messages
	}
	if got := message(c); len(got) != 2 || got[0] != "vgg9 failed" || got[1] != "no such file: vgg9.npz" {
		t.Errorf("%q", got)
	}
	for _, m := range message(&codec.Codec{}) {
		if !strings.Contains(m, "no keys are given") {
			t.Errorf("without the key: %q", m)
		}
	}
}

// TestBadKeyFiles: each is refused with the place, and without the secret.
func TestBadKeyFiles(t *testing.T) {
	const secret = "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU="
	good := keyLine("a", 1)
	for name, c := range map[string]struct {
		file string
		want string
	}{
		"absent":          {file(t, good) + "x", "can't be read"},
		"no key":          {file(t, "# nothing"), "has no key"},
		"short":           {file(t, "a "+secret), ":1: key a is not 32 bytes"},
		"no base64":       {file(t, good, "b "+secret+"!"), ":2: key b is not"},
		"no ID":           {file(t, secret), ":1: want the key's ID"},
		"swapped":         {file(t, secret+" a"), ":1: want the key's ID"},
		"twice":           {file(t, good, good), ":2: there are two keys with the ID a"},
		"endless line":    {file(t, "a "+strings.Repeat("A", 1<<20)), "too long"},
		"readable by all": {chmod(t, file(t, good), 0o644), "chmod 600"},
		"a folder":        {t.TempDir(), "chmod 600"},
	} {
		_, err := codec.Read(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret[:10]) {
			t.Errorf("%s: %v, want %q and no secret", name, err, c.want)
		}
	}
	for _, mode := range []os.FileMode{0o400, 0o440, 0o600, 0o640} {
		if _, err := codec.Read(chmod(t, file(t, good), mode)); err != nil {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// FuzzDecode: no payload, whatever it claims, ends in a panic or is taken for one that was encrypted with the key.
func FuzzDecode(f *testing.F) {
	c := read(f, keyLine("a", 1))
	sealed := encode(f, c, "text").GetPayloads()[0]
	f.Add("binary/encrypted", "a", sealed.GetData())
	f.Add("binary/encrypted", "a", []byte{})
	f.Add("binary/encrypted", "b", sealed.GetData())
	f.Add("json/plain", "", []byte(`"text"`))
	f.Fuzz(func(t *testing.T, encoding, id string, data []byte) {
		p := &common.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), "encryption-key-id": []byte(id)}, Data: data}
		out, err := c.Decode([]*common.Payload{p})
		switch {
		case encoding != "binary/encrypted":
			if err != nil || out[0] != p {
				t.Errorf("not encrypted, and not passed on: %v", err)
			}
		case err == nil && !(id == "a" && bytes.Equal(data, sealed.GetData())):
			t.Errorf("forged: %v", p)
		}
	})
}
