package objects

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a bucket in this process's memory, for tests.
type Memory struct {
	mu      sync.Mutex
	objects map[string]memoryObject
	puts    int
}

type memoryObject struct {
	body []byte
	info Info
}

var _ Bucket = (*Memory)(nil)

// NewMemory makes an empty bucket.
func NewMemory() *Memory { return &Memory{objects: map[string]memoryObject{}} }

// Put implements [Bucket].
func (m *Memory) Put(ctx context.Context, name string, body []byte, _ [32]byte, when Condition) error {
	if err := ctx.Err(); err != nil {
		return Ended("put", name, m.String(), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old, there := m.objects[name]
	if when.Absent && there || when.Unchanged && when.ETag != old.info.ETag {
		return ErrLost
	}
	m.puts++
	info := Info{Name: name, Size: int64(len(body)), ETag: fmt.Sprint(m.puts), At: time.Now()}
	m.objects[name] = memoryObject{bytes.Clone(body), info}
	return nil
}

// Get implements [Bucket].
func (m *Memory) Get(ctx context.Context, name string) (io.ReadCloser, Info, error) {
	o, err := m.object(ctx, "get", name)
	if err != nil {
		return nil, Info{}, err
	}
	o.info.Served = time.Now()
	return io.NopCloser(&memoryReader{ctx, bytes.NewReader(o.body), m, name}), o.info, nil
}

// memoryReader ends with its request's context, as a connection does.
type memoryReader struct {
	ctx    context.Context
	body   *bytes.Reader
	bucket *Memory
	name   string
}

func (r *memoryReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, Ended("get", r.name, r.bucket.String(), err)
	}
	return r.body.Read(p)
}

// Stat implements [Bucket].
func (m *Memory) Stat(ctx context.Context, name string) (Info, error) {
	o, err := m.object(ctx, "stat", name)
	return o.info, err
}

func (m *Memory) object(ctx context.Context, op, name string) (memoryObject, error) {
	if err := ctx.Err(); err != nil {
		return memoryObject{}, Ended(op, name, m.String(), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[name]
	if !ok {
		return memoryObject{}, &Error{Op: op, Object: name, Where: m.String(), Kind: ErrNotFound}
	}
	return o, nil
}

// List implements [Bucket].
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.Lock()
		objects := maps.Clone(m.objects)
		m.mu.Unlock()
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			if ctx.Err() != nil {
				break
			}
			if strings.HasPrefix(name, prefix) && !yield(objects[name].info, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Info{}, Ended("list", prefix, m.String(), err))
		}
	}
}

// Folders implements [Bucket].
func (m *Memory) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last := ""
		for info, err := range m.List(ctx, prefix) {
			below, _, ok := strings.Cut(strings.TrimPrefix(info.Name, prefix), "/")
			folder := prefix + below + "/"
			if err == nil && (!ok || folder == last) {
				continue
			}
			if last = folder; !yield(folder, err) {
				return
			}
		}
	}
}

// Remove implements [Bucket].
func (m *Memory) Remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return Ended("remove", name, m.String(), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

// Destroy implements [Bucket]: there is nothing but the objects.
func (m *Memory) Destroy(context.Context) error { return nil }

// Close implements [Bucket].
func (m *Memory) Close() {}

// String implements [Bucket].
func (m *Memory) String() string { return "a bucket in memory" }
