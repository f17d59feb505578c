package artifacts_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/artifacts"
)

const emptyHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of nothing, FIPS 180-4

func TestDigest(t *testing.T) {
	d := artifacts.Of(nil)
	if d.Hex() != emptyHex || d.String() != "sha256:"+emptyHex {
		t.Errorf("digest of nothing is %s, want sha256:%s", d, emptyHex)
	}
	back, err := artifacts.ParseDigest(d.String())
	if err != nil || back != d {
		t.Errorf("ParseDigest(%s) = %v, %v", d, back, err)
	}
	if d.IsZero() || !(artifacts.Digest{}).IsZero() {
		t.Error("IsZero holds for the zero value alone")
	}
}

// spoiled are texts that are nearly 64 lowercase hexadecimal digits.
var spoiled = []string{
	"", emptyHex[1:], emptyHex + "0", strings.ToUpper(emptyHex), emptyHex[:63] + "B", emptyHex[:63] + "g", " " + emptyHex[1:],
	emptyHex + "\n", "0x" + emptyHex[2:], emptyHex[:62] + "é", strings.Repeat(emptyHex, 1000),
}

func TestParseIsStrict(t *testing.T) {
	for _, s := range spoiled {
		if d, err := artifacts.ParseDigest("sha256:" + s); err == nil || !d.IsZero() {
			t.Errorf("ParseDigest accepted sha256:%.80q", s)
		}
		if k, err := artifacts.ParseKey(s); err == nil || !k.IsZero() {
			t.Errorf("ParseKey accepted %.80q", s)
		} else if len(err.Error()) > 400 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	}
	for _, s := range []string{emptyHex, "SHA256:" + emptyHex, "sha256-" + emptyHex, "sha512:" + emptyHex, " sha256:" + emptyHex} {
		if _, err := artifacts.ParseDigest(s); err == nil {
			t.Errorf("ParseDigest accepted %q", s)
		}
	}
}

func TestDigestsAndKeysAsJSON(t *testing.T) {
	type doc struct {
		Digest artifacts.Digest         `json:"digest"`
		Key    artifacts.Key            `json:"key"`
		ByKey  map[artifacts.Key]string `json:"by_key"`
		None   artifacts.Key            `json:"none"`
	}
	k, err := artifacts.ParseKey(emptyHex)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc{Digest: artifacts.Of(nil), Key: k, ByKey: map[artifacts.Key]string{k: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"digest":"sha256:` + emptyHex + `","key":"` + emptyHex + `","by_key":{"` + emptyHex + `":"x"},"none":""}`
	if string(b) != want {
		t.Errorf("JSON is %s, want %s", b, want)
	}
	var back doc
	if err := json.Unmarshal(b, &back); err != nil || back.Digest != artifacts.Of(nil) || back.Key != k || back.ByKey[k] != "x" || !back.None.IsZero() {
		t.Errorf("read back %+v, %v", back, err)
	}
	for _, bad := range []string{`{"digest":"` + emptyHex + `"}`, `{"digest":5}`, `{"key":"sha256:` + emptyHex + `"}`, `{"by_key":{"x":""}}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
	if k.Short() != emptyHex[:8] {
		t.Errorf("Short is %s", k.Short())
	}
}

// FuzzParse: what parses is spelled exactly as it is written again.
func FuzzParse(f *testing.F) {
	f.Add("sha256:" + emptyHex)
	f.Add(emptyHex)
	for _, s := range spoiled {
		f.Add(s)
		f.Add("sha256:" + s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := artifacts.ParseDigest(s); err == nil && d.String() != s {
			t.Errorf("ParseDigest(%q) is written as %q", s, d)
		}
		if k, err := artifacts.ParseKey(s); err == nil && k.String() != s {
			t.Errorf("ParseKey(%q) is written as %q", s, k)
		}
	})
}
