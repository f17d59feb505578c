package tensorboard_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"testing"
	"time"

	"lossatlas/workers/internal/export/tensorboard"
)

// TestRecords: the file begins as TensorFlow's own writer begins one, and each record has its length and checksums.
func TestRecords(t *testing.T) {
	var b bytes.Buffer
	w, err := tensorboard.NewWriter(&b, time.UnixMilli(1500))
	if err == nil {
		err = w.Scalar("loss", 7, 0.5)
	}
	if err != nil {
		t.Fatal(err)
	}
	// By hand: wall_time 1.5 (field 1, fixed64), step 0 (2, varint), file_version (3, text); then summary (5) of a value (1) with tag (1) and simple_value (2, fixed32).
	want := []string{"09000000000000f83f" + "1000" + "1a0d" + hex.EncodeToString([]byte("brain.Event:2")), "09000000000000f83f" + "1007" + "2a0d0a0b" + "0a04" + hex.EncodeToString([]byte("loss")) + "150000003f"}
	rest := b.Bytes()
	for i, text := range want {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		n := int(binary.LittleEndian.Uint64(rest))
		if n != len(data) || !bytes.Equal(rest[12:12+n], data) {
			t.Fatalf("record %d is %x, want %s", i, rest[12:], text)
		}
		for _, part := range [][2]int{{0, 8}, {12, 12 + n}} {
			sum := crc32.Checksum(rest[part[0]:part[1]], crc32.MakeTable(crc32.Castagnoli))
			if got := binary.LittleEndian.Uint32(rest[part[1]:]); got != (sum>>15|sum<<17)+0xa282ead8 {
				t.Errorf("record %d has the checksum %x", i, got)
			}
		}
		rest = rest[16+n:]
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
	if err := w.Image("picture", 7, "no picture"); err == nil {
		t.Error("a picture that is none is written")
	}
}
