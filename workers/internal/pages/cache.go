package pages

import (
	"context"
	"sync"

	"lossatlas/artifacts"
)

// Bounds of what is kept in memory: blobs are small texts and numbers that tables are made of.
const (
	maxCached = 32 << 20
	maxOne    = 1 << 20
	maxDrawn  = 4
)

// cache is the store with small blobs, which never change, kept in memory.
type cache struct {
	*artifacts.Store
	mu    sync.Mutex
	have  map[artifacts.Digest][]byte
	bytes int
}

func newCache(store *artifacts.Store) *cache {
	return &cache{Store: store, have: map[artifacts.Digest][]byte{}}
}

// Get is that of the store, verified once.
func (c *cache) Get(ctx context.Context, d artifacts.Digest) ([]byte, error) {
	c.mu.Lock()
	b, ok := c.have[d]
	c.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := c.Store.Get(ctx, d)
	if err != nil || len(b) > maxOne {
		return b, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes+len(b) > maxCached {
		clear(c.have)
		c.bytes = 0
	}
	c.have[d] = b
	c.bytes += len(b)
	return b, nil
}

// drawn keeps the latest version of a few sweeps' pages, and draws each version once.
type drawn struct {
	mu    sync.Mutex
	pages map[string]*drawing // by sweep
}

type drawing struct {
	version string
	once    sync.Once
	html    []byte
	err     error
}

func newDrawn() *drawn { return &drawn{pages: map[string]*drawing{}} }

// get returns a version of a page. The first caller draws it, others wait and reuse it.
func (d *drawn) get(sweep, version string, draw func() ([]byte, error)) ([]byte, error) {
	d.mu.Lock()
	p, ok := d.pages[sweep]
	if !ok || p.version != version {
		if !ok && len(d.pages) >= maxDrawn {
			clear(d.pages)
		}
		p = &drawing{version: version}
		d.pages[sweep] = p
	}
	d.mu.Unlock()
	p.once.Do(func() { p.html, p.err = draw() })
	if p.err != nil { // the next call tries again
		d.mu.Lock()
		if d.pages[sweep] == p {
			p.version = ""
		}
		d.mu.Unlock()
	}
	return p.html, p.err
}
