package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"lossatlas/activities/problem"
)

// ChunkSize is how many bytes Pack puts into a chunk, unless one example alone is larger.
const ChunkSize = 4 << 20

// manifest describes a packed data set. Its digest is that of the data set, so
// it has nothing in it that depends on the files from which the data came.
type manifest struct {
	Version int             `json:"version"`
	Problem problem.Problem `json:"problem"`
	Names   []string        `json:"class_names,omitempty"`
	Splits  []packedSplit   `json:"splits"`
}

const manifestVersion = 1

// packedSplit is a split with at least one example.
type packedSplit struct {
	Name string `json:"name"`
	Size int    `json:"size"` // examples
	// Examples are numbers of the problem's type, Labels int32 classes or float32
	// targets; all little-endian, in C order, without gaps.
	Examples chunks `json:"examples"`
	Labels   chunks `json:"labels"`
}

// chunks are the digests of runs of records. Each has Records of them, the last one the rest.
type chunks struct {
	Records int      `json:"records_per_chunk"`
	Digests []string `json:"chunks"`
}

// newChunks says how many records of a size make a chunk.
func newChunks(size int) chunks { return chunks{Records: max(1, ChunkSize/size)} }

// Pack puts the examples and labels of all splits through put in chunks, then
// the manifest that lists them, and returns the digest of the manifest. put
// stores bytes and returns "sha256:" and their SHA-256. Memory does not grow with the data
// set. Equal examples, labels, class names and problems have equal digests.
func Pack(c *Collection, put func([]byte) (digest string, err error)) (digest string, err error) {
	if err := CheckSize(c.Problem); err != nil {
		return "", err
	}
	sizes, err := c.sizes()
	if err != nil {
		return "", err
	}
	m := manifest{Version: manifestVersion, Problem: c.Problem, Names: c.Names, Splits: []packedSplit{}}
	for _, size := range sizes {
		s, err := c.pack(size, put)
		if err != nil {
			return "", err
		}
		m.Splits = append(m.Splits, s)
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return put(encoded)
}

// pack puts one split.
func (c *Collection) pack(size splitSize, put func([]byte) (string, error)) (packedSplit, error) {
	record := labelBytes(c.Problem)
	out := packedSplit{Name: size.name, Size: size.examples, Examples: newChunks(c.Problem.Bytes()), Labels: newChunks(record)}
	var labels []byte
	err := c.eachBlock(size, out.Examples.Records, func(s Split, examples []byte) error {
		if err := out.Examples.put(examples, put); err != nil {
			return err
		}
		labels = s.appendLabels(labels)
		for full := out.Labels.Records * record; len(labels) >= full; labels = labels[full:] {
			if err := out.Labels.put(labels[:full], put); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(labels) > 0 {
		err = out.Labels.put(labels, put)
	}
	return out, err
}

func (c *chunks) put(b []byte, put func([]byte) (string, error)) error {
	digest, err := put(b)
	if err == nil {
		c.Digests = append(c.Digests, digest)
	}
	return err
}

// appendLabels appends the labels in packed form.
func (s Split) appendLabels(b []byte) []byte {
	b, _ = binary.Append(b, binary.LittleEndian, s.Classes) // no error for numbers of fixed size
	b, _ = binary.Append(b, binary.LittleEndian, s.Targets)
	return b
}

// PackedDigest is the digest that Pack returns, without storing anything.
func PackedDigest(c *Collection) (string, error) {
	return Pack(c, func(b []byte) (string, error) { return digestOf(b), nil })
}

// digestOf is "sha256:" and the SHA-256 of b in hexadecimal digits.
func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// check returns an error unless the chunks hold n records of a size.
func (c chunks) check(n, size int) error {
	if c.Records < 1 || c.Records > max(1, maxChunk/size) {
		return fmt.Errorf("chunks have %d records of %d bytes; expected at least one, and at most %d bytes", c.Records, size, maxChunk)
	}
	if want := (n-1)/c.Records + 1; len(c.Digests) != want {
		return fmt.Errorf("%d chunks of %d records hold %d records; expected %d chunks", len(c.Digests), c.Records, n, want)
	}
	return nil
}

// maxChunk bounds the bytes of a chunk of several records.
const maxChunk = 1 << 30

// Part is a chunk of a packed data set.
type Part struct {
	Digest string
	Size   int64 // bytes
}

// Parts lists the chunks of the data set that a manifest describes, in order, each once.
func Parts(manifestText []byte) ([]Part, error) {
	m, err := parseManifest(manifestText)
	if err != nil {
		return nil, err
	}
	var parts []Part
	seen := map[string]bool{}
	add := func(c chunks, records, size int) {
		for i, d := range c.Digests {
			if n := min(c.Records, records-i*c.Records); !seen[d] {
				seen[d] = true
				parts = append(parts, Part{d, int64(n) * int64(size)})
			}
		}
	}
	for _, s := range m.Splits {
		add(s.Examples, s.Size, m.Problem.Bytes())
		add(s.Labels, s.Size, labelBytes(m.Problem))
	}
	return parts, nil
}
