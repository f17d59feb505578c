package artifacts

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

// FuzzUnframePart: whatever lies there, reading it never panics, fails only as
// damage, and gives only what framing it again would store.
func FuzzUnframePart(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(partMagic))
	f.Add(framePart(nil))
	f.Add(framePart([]byte("payload")))
	f.Add(append(framePart([]byte("payload")), 0))
	huge := framePart([]byte("payload"))
	huge[8] = 0xff
	f.Add(huge)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, size := range []int64{int64(len(b)), -1} {
			data, err := unframePart(bytes.NewReader(b), size)
			var harm *PartError
			switch {
			case err == nil && !bytes.Equal(framePart(data), b):
				t.Fatalf("accepted %q, which frames nothing like that", b)
			case err != nil && !errors.As(err, &harm):
				t.Fatalf("failed with %T: %v", err, err)
			case err != nil && data != nil:
				t.Fatal("gave data beside an error")
			}
		}
	})
}

// TestPartRoundTrip: every payload comes back, however the reader cuts it, and
// any single changed byte is found.
func TestPartRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		framed := framePart(data)
		got, err := unframePart(iotest.OneByteReader(bytes.NewReader(framed)), int64(len(framed)))
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("got %x, %v, want %x", got, err, data)
		}
		framed[rapid.IntRange(0, len(framed)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if got, err := unframePart(bytes.NewReader(framed), int64(len(framed))); err == nil {
			t.Fatalf("accepted a changed byte: %x", got)
		}
	})
}

// TestPartLostConnection: a body that ends before the announced size is a
// transport error, not damage: the part may be whole.
func TestPartLostConnection(t *testing.T) {
	framed := framePart(make([]byte, 1000))
	for _, n := range []int{1, 20, partHeader, 500} {
		broken := io.MultiReader(bytes.NewReader(framed[:n]), iotest.ErrReader(io.ErrUnexpectedEOF))
		_, err := unframePart(broken, int64(len(framed)))
		var harm *PartError
		if err == nil || errors.As(err, &harm) {
			t.Errorf("connection lost after %d bytes: %v, want a transport error", n, err)
		}
	}
}

// FuzzDecodeRecord: reading a record never panics, and accepts only whole ones.
func FuzzDecodeRecord(f *testing.F) {
	whole, err := encodeRecord(Root{Sweep: "fig3 <&>", State: StateDone, Started: time.Unix(0, 0).UTC()})
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{whole, nil, []byte("{}"), []byte(`{"schema":1}`), []byte(`{"schema":2,"record":{}}`), []byte("null"), whole[:len(whole)/2], append(whole, whole...)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var raw json.RawMessage
		err := DecodeRecord("x", b, &raw)
		var harm *RecordError
		var newer *NewerError
		if err != nil {
			if !errors.As(err, &harm) && !errors.As(err, &newer) {
				t.Fatalf("failed with %T: %v", err, err)
			}
			return
		}
		if !bytes.Contains(b, raw) || !bytes.Contains(b, []byte(Of(raw).Hex())) {
			t.Fatalf("accepted %q, which doesn't hold its record's digest", b)
		}
	})
}

// FuzzKey: recipes have one encoding, which is JSON with the same meaning, and what was
// read from it has the same key.
func FuzzKey(f *testing.F) {
	f.Add("train", 1, `{"lr": 0.1, "net": "a"}`, "weights", "go")
	f.Add("a\xff", 0, `{"a":1,"a":2}`, "", "x")
	f.Add("b", 1<<40, `{"n":1E2,"m":[null,true,"\u00e9\ud83d\ude00"]}`, "i\n", "")
	f.Fuzz(func(t *testing.T, kind string, version int, params, input, numerics string) {
		r := Recipe{Kind: kind, Version: version, Params: json.RawMessage(params), Inputs: map[string]Digest{input: Of([]byte(input))}, Numerics: numerics}
		b, err := r.Canonical()
		if err != nil {
			return
		}
		var back struct {
			Kind     string            `json:"kind"`
			Version  int               `json:"version"`
			Params   json.RawMessage   `json:"params"`
			Inputs   map[string]Digest `json:"inputs"`
			Numerics string            `json:"numerics"`
		}
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		again, err := Recipe{Kind: back.Kind, Version: back.Version, Params: back.Params, Inputs: back.Inputs, Numerics: back.Numerics}.Canonical()
		if err != nil || !bytes.Equal(again, b) || back.Kind != kind || back.Numerics != numerics {
			t.Fatalf("%s is read back as %s, %v", b, again, err)
		}
	})
}

// TestRecordDamage: any single changed byte of a record is found. The record is
// padded so that most changes keep it valid JSON of the right form.
func TestRecordDamage(t *testing.T) {
	want := Root{Sweep: "fig3", State: StateFailed, Steps: map[string]RootStep{"train": {Error: strings.Repeat("loss is not finite ", 20)}}}
	whole, err := encodeRecord(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Root
	if err := DecodeRecord("x", whole, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("read back %+v, %v", got, err)
	}
	for at := range len(whole) - 1 { // the last is a newline, in whose place any white space means the same
		damaged := slices.Clone(whole)
		damaged[at] ^= 1
		if DecodeRecord("x", damaged, &got) == nil {
			t.Errorf("accepted a changed byte %d: …%q…", at, damaged[max(0, at-10):min(at+10, len(damaged))])
		}
	}
}

// TestReadAll: all sizes and hints, true or not, give what was there.
func TestReadAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 511, 512, 513, firstRead - 1, firstRead, firstRead + 1, 3*firstRead + 7}).Draw(t, "n")
		hint := rapid.SampledFrom([]int64{-1, 0, 1, int64(n) - 1, int64(n), int64(n) + 1, 10 * int64(n), 1 << 62}).Draw(t, "hint")
		data := bytes.Repeat([]byte("0123456789abc"), n/13+1)[:n]
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.DataErrReader(bytes.NewReader(data))} {
			got, err := readAll(r, hint)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes with hint %d: got %d bytes, %v", n, hint, len(got), err)
			}
			if int64(cap(got)) > max(2*int64(n)+2, firstRead+1) {
				t.Fatalf("%d bytes with hint %d took %d bytes of memory", n, hint, cap(got))
			}
		}
	})
}

// TestHostileLength: what a header says is no reason to allocate.
func TestHostileLength(t *testing.T) {
	framed := framePart([]byte("short"))
	copy(framed[8:], []byte{0, 0, 0, 1, 0x3f, 0xff, 0xff, 0xff}) // within the limit of 5 GiB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := unframePart(bytes.NewReader(framed), -1); err == nil {
		t.Error("accepted a part that is shorter than its header says")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4*firstRead {
		t.Errorf("allocated %d bytes for a part of %d", got, len(framed))
	}
}
