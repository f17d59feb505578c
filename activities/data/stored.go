package data

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Stored opens a data set that Pack has put into a store. manifest is what the
// store has under digest, and get returns what it has under other digests; get must be safe for
// concurrent use. Every chunk is checked by its digest. Splits of more than
// opts.Resident bytes stay in the store, and at most a quarter of that many
// bytes of chunks are kept in memory.
func Stored(digest string, manifest []byte, get func(digest string) ([]byte, error), opts Options) (*Collection, error) {
	if have := digestOf(manifest); have != digest {
		return nil, fmt.Errorf("the manifest of the data set %s has the digest %s: it is damaged or of another data set", digest, have)
	}
	m, err := parseManifest(manifest)
	if err != nil {
		return nil, fmt.Errorf("the manifest of the data set %s: %w", digest, err)
	}
	resident := cmp.Or(opts.Resident, DefaultResident)
	s := &stored{manifest: m, digest: digest, resident: resident, cache: chunkCache{get: get, limit: resident / 4}}
	return &Collection{Source: s, Problem: m.Problem, Names: m.Names}, nil
}

// parseManifest reads a manifest and checks that its parts fit each other.
func parseManifest(text []byte) (m manifest, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return m, err
	}
	if m.Version != manifestVersion {
		return m, fmt.Errorf("it has the version %d; this program reads version %d", m.Version, manifestVersion)
	}
	if err := CheckSize(m.Problem); err != nil {
		return m, err
	}
	if err := m.Problem.Check(); err != nil {
		return m, err
	}
	if len(m.Names) > 0 && len(m.Names) != m.Problem.Outputs {
		return m, fmt.Errorf("it has %d names of %d classes", len(m.Names), m.Problem.Outputs)
	}
	return m, m.checkSplits()
}

func (m manifest) checkSplits() error {
	for i, s := range m.Splits {
		if s.Name != Train && s.Name != Test || i > 0 && s.Name == m.Splits[0].Name || i > 1 {
			return fmt.Errorf("split %d is named %q; expected %s and %s", i, s.Name, Train, Test)
		}
		if s.Size < 1 {
			return fmt.Errorf("the split %s has %d examples; expected at least 1", s.Name, s.Size)
		}
		if err := s.Examples.check(s.Size, m.Problem.Bytes()); err != nil {
			return fmt.Errorf("the examples of %s: %w", s.Name, err)
		}
		if err := s.Labels.check(s.Size, labelBytes(m.Problem)); err != nil {
			return fmt.Errorf("the labels of %s: %w", s.Name, err)
		}
	}
	return nil
}

// stored is a data set in a store.
type stored struct {
	manifest
	digest   string
	resident int
	cache    chunkCache
}

// Digest is that of the manifest.
func (s *stored) Digest() (string, error) { return s.digest, nil }

// Size is 0 for a split that was empty when it was packed.
func (s *stored) Size(split string) (int, error) {
	p, err := s.split(split)
	return p.Size, err
}

func (s *stored) split(name string) (packedSplit, error) {
	if err := checkSplit("the data set "+s.digest, name); err != nil {
		return packedSplit{}, err
	}
	if i := slices.IndexFunc(s.Splits, func(p packedSplit) bool { return p.Name == name }); i >= 0 {
		return s.Splits[i], nil
	}
	return packedSplit{Name: name}, nil
}

// Load reads the chunks of the range; it keeps the chunks of examples only if they fit into memory.
func (s *stored) Load(split string, from, to int) (Split, error) {
	p, err := s.split(split)
	if err != nil {
		return Split{}, err
	}
	if err := checkRange("the data set "+s.digest, split, from, to, p.Size, "in the store", ""); err != nil {
		return Split{}, err
	}
	labels := storedRecords{s, p.Labels, labelBytes(s.Problem), p.Size}
	b := make([]byte, (to-from)*labels.size)
	if err := labels.ReadExamples(b, from); err != nil {
		return Split{}, err
	}
	out := Split{Name: split, Problem: s.Problem}
	if err := out.setLabels(b); err != nil {
		return Split{}, fmt.Errorf("the data set %s: %w", s.digest, err)
	}
	return out.Attach(storedRecords{s, p.Examples, s.Problem.Bytes(), p.Size}, from, s.resident)
}

// setLabels decodes and checks packed labels.
func (s *Split) setLabels(b []byte) (err error) {
	if s.Problem.HasTargets() {
		s.Targets = make([]float32, len(b)/4)
		_, err = binary.Decode(b, binary.LittleEndian, s.Targets)
		return cmp.Or(err, checkTargets(s.Targets))
	}
	s.Classes = make([]int32, len(b)/4)
	_, err = binary.Decode(b, binary.LittleEndian, s.Classes)
	return cmp.Or(err, s.Check())
}

// storedRecords are the examples, or the labels, of a split: n records of a size in chunks.
type storedRecords struct {
	set *stored
	chunks
	size, n int
}

// ReadExamples fills dst with records from the i-th on, chunk by chunk.
func (r storedRecords) ReadExamples(dst []byte, i int) error {
	for len(dst) > 0 {
		k := i / r.Records
		records := min(r.Records, r.n-k*r.Records)
		b, err := r.set.cache.read(r.Digests[k], records*r.size)
		if err != nil {
			return err
		}
		n := copy(dst, b[(i-k*r.Records)*r.size:])
		dst, i = dst[n:], i+n/r.size
	}
	return nil
}

// chunkCache gets chunks from a store and keeps the most recently used.
type chunkCache struct {
	get   func(digest string) ([]byte, error)
	limit int // bytes

	mu    sync.Mutex
	kept  []keptChunk // the one that was used last at the end
	bytes int
}

type keptChunk struct {
	digest string
	b      []byte
}

// read returns a chunk, which has size bytes.
func (c *chunkCache) read(digest string, size int) ([]byte, error) {
	if b := c.use(digest); len(b) == size {
		return b, nil
	}
	b, err := c.get(digest)
	if err != nil {
		return nil, fmt.Errorf("a chunk of the data set: %w", err)
	}
	bad := &FileError{Path: "chunk " + digest + " of the data set", Size: int64(len(b)), Record: -1}
	if len(b) != size {
		bad.Want = fmt.Sprintf("expected %d bytes; pack the data set again", size)
		return nil, bad
	}
	if have := digestOf(b); have != digest {
		bad.Want = fmt.Sprintf("its bytes have the digest %s, so it is damaged; pack the data set again", have)
		return nil, bad
	}
	c.keep(digest, b)
	return b, nil
}

// use returns a kept chunk, nil if it is not kept.
func (c *chunkCache) use(digest string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.kept, func(k keptChunk) bool { return k.digest == digest })
	if i < 0 {
		return nil
	}
	k := c.kept[i]
	c.kept = append(slices.Delete(c.kept, i, i+1), k)
	return k.b
}

// keep adds a chunk and drops the least recently used ones while there are too many bytes.
func (c *chunkCache) keep(digest string, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.bytes = append(c.kept, keptChunk{digest, b}), c.bytes+len(b)
	for c.bytes > c.limit && len(c.kept) > 0 {
		c.bytes -= len(c.kept[0].b)
		c.kept = slices.Delete(c.kept, 0, 1)
	}
}
