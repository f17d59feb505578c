package artifacts

import (
	"crypto/sha256"
	"hash"
	"io"
	"sync"
)

// verifier passes bytes through and compares them, at their end, with what they
// should be. It fails with *DamagedError in place of io.EOF, and as soon as
// there are too many.
type verifier struct {
	body   io.ReadCloser
	hash   hash.Hash
	digest Digest
	want   int64 // size, or -1 when unknown
	size   int64
	object string
	err    error // sticky
}

// newVerifier verifies body against digest and size (-1 when unknown).
func newVerifier(body io.ReadCloser, object string, digest Digest, size int64) *verifier {
	return &verifier{body: body, hash: sha256.New(), digest: digest, want: size, object: object}
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.body.Read(p)
	v.hash.Write(p[:n])
	v.size += int64(n)
	switch {
	case v.want >= 0 && v.size > v.want:
		v.err = &DamagedError{Digest: v.digest, Object: v.object, Size: v.size, Want: v.want}
		return 0, v.err
	case err == io.EOF:
		v.err = v.verdict()
	case err != nil:
		v.err = err
	}
	return n, v.err
}

// verdict judges the whole of the bytes.
func (v *verifier) verdict() error {
	found := Digest(v.hash.Sum(nil))
	if found == v.digest && (v.want < 0 || v.size == v.want) {
		return io.EOF
	}
	return &DamagedError{Digest: v.digest, Object: v.object, Size: v.size, Want: v.want, Found: found}
}

func (v *verifier) Close() error { return v.body.Close() }

// worthAhead is the size in bytes from which hashing while reading is worth it.
const worthAhead = 256 << 10

// aheadHash is a hash that works in the background while more is written: the
// bytes must stay unchanged until Sum.
type aheadHash struct {
	hash.Hash
	parts chan []byte
	done  chan struct{}
	once  sync.Once
}

func hashAhead(h hash.Hash) *aheadHash {
	a := &aheadHash{Hash: h, parts: make(chan []byte, 256), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for p := range a.parts {
			a.Hash.Write(p)
		}
	}()
	return a
}

func (a *aheadHash) Write(p []byte) (int, error) {
	a.parts <- p
	return len(p), nil
}

func (a *aheadHash) Sum(b []byte) []byte {
	a.stop()
	return a.Hash.Sum(b)
}

// stop waits until all that was written is hashed. Nothing may be written after it.
func (a *aheadHash) stop() {
	a.once.Do(func() { close(a.parts) })
	<-a.done
}

// firstRead is how much memory is set aside before a byte has come: what a
// server says about a size is no reason to allocate it.
const firstRead = 1 << 20

// readAll reads r to its end. The hint is the size it probably has; memory
// grows with the bytes received, at most to twice their number.
func readAll(r io.Reader, hint int64) ([]byte, error) {
	// One byte more than hinted, so that the end is seen without growing.
	b := make([]byte, 0, min(max(hint, 511), firstRead)+1)
	for {
		if len(b) == cap(b) {
			grown := 2 * int64(cap(b))
			if hint >= int64(len(b)) {
				grown = min(grown, hint+1)
			}
			b = append(make([]byte, 0, grown), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
