// Package s3 keeps objects in a bucket of an S3-compatible server. All that is
// particular to such servers is in here.
package s3

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"lossatlas/artifacts/objects"
)

// Bucket is an opened bucket. Requests that fail on the way (connection lost,
// server overloaded) are repeated by the client library, ten times in about
// five seconds.
type Bucket struct {
	core        *minio.Core
	connections *http.Transport
	name        string
	where       string // for messages
}

var _ objects.Bucket = (*Bucket)(nil)

// openAttempts and openTimeout bound how long Open waits for an endpoint that does not answer.
const (
	openAttempts = 3
	openTimeout  = 20 * time.Second
)

// Open connects to the server and makes the bucket when it is absent. It fails
// with the sentinels of package objects, each saying what to do.
func Open(ctx context.Context, cfg Config) (*Bucket, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	b := &Bucket{name: cfg.Bucket, where: fmt.Sprintf("bucket %s at %s", cfg.Bucket, cfg.Endpoint)}
	var err error
	if b.connections, err = cfg.transport(); err != nil {
		return nil, err
	}
	if err := cfg.checkCredentials(); err != nil {
		return nil, b.fail("open the store", "", err)
	}
	// An endpoint that does not answer should be reported in a second, not after all retries.
	if b.core, err = cfg.client(openAttempts, b.connections); err != nil {
		return nil, err
	}
	if err := b.ensure(ctx, cfg); err != nil {
		return nil, err
	}
	if b.core, err = cfg.client(minio.MaxRetry, b.connections); err != nil {
		return nil, err
	}
	return b, nil
}

// ensure makes the bucket when it is absent. It asks with a listing
// rather than a HEAD request, because the answer to the latter has no body, and
// so doesn't distinguish wrong credentials from missing permission.
func (b *Bucket) ensure(ctx context.Context, cfg Config) error {
	probe := ctx
	if cfg.Expect == nil {
		var cancel context.CancelFunc
		probe, cancel = context.WithTimeout(ctx, openTimeout)
		defer cancel()
	}
	doing := "open the store"
	err := b.probe(probe)
	if minio.ToErrorResponse(err).Code == minio.NoSuchBucket {
		doing = "make the bucket, which does not exist"
		err = b.core.MakeBucket(probe, b.name, minio.MakeBucketOptions{Region: cfg.Region})
		switch minio.ToErrorResponse(err).Code {
		case minio.BucketAlreadyOwnedByYou, minio.BucketAlreadyExists: // another process was quicker
			err = b.probe(probe)
		}
	}
	if err == nil {
		return nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = &net.OpError{Op: "connect", Net: "tcp", Err: fmt.Errorf("no answer within %v", openTimeout)}
	}
	return b.fail(doing, "", err)
}

func (b *Bucket) probe(ctx context.Context) error {
	for info := range b.core.Client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{MaxKeys: 1}) {
		return info.Err
	}
	return ctx.Err()
}

// Put implements [objects.Bucket] in one request (as the core client always
// does): only single puts can be conditional. The digest of the body goes into
// the request's signature, so that the server refuses a body damaged on its
// way; the client library's own way on plain http, signing chunk by chunk,
// costs another digest of the body, and some servers answer it wrongly when the
// body is empty.
func (b *Bucket) Put(ctx context.Context, name string, body []byte, digest [32]byte, when objects.Condition) error {
	opts := minio.PutObjectOptions{ContentType: contentType(name), DisableContentSha256: true}
	if when.Absent {
		opts.SetMatchETagExcept("*")
	}
	if when.Unchanged {
		opts.SetMatchETag(when.ETag)
	}
	for try := 1; ; try++ {
		_, err := b.core.PutObject(ctx, b.name, name, bytes.NewReader(body), int64(len(body)), "", hex.EncodeToString(digest[:]), opts)
		if err == nil {
			return nil
		}
		response := minio.ToErrorResponse(err)
		if response.Code == folderThere && try < putTries && b.Remove(ctx, name+"/") == nil {
			continue
		}
		if lost(response) {
			return objects.ErrLost
		}
		return b.fail("put", name, err)
	}
}

func contentType(name string) string {
	if strings.HasSuffix(name, ".json") {
		return "application/json"
	}
	return "application/octet-stream"
}

// folderThere is what a server that keeps objects as files says of a put where a
// folder lies in the object's place, and also of one whose own folder was removed under it, together with the last
// other object in there. Nothing was written then, and the next try makes the folder anew.
const (
	folderThere = "ExistingObjectIsDirectory"
	putTries    = 5
)

// Get implements [objects.Bucket].
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, objects.Info, error) {
	r, o, header, err := b.core.GetObject(ctx, b.name, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, objects.Info{}, b.fail("get", name, err)
	}
	info := infoOf(o)
	info.Name = name
	info.Served, _ = time.Parse(time.RFC1123, header.Get("Date")) // zero without a date
	return &body{r, b, name}, info, nil
}

// body turns errors of a stream into errors of its bucket.
type body struct {
	io.ReadCloser
	bucket *Bucket
	name   string
}

func (r *body) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = r.bucket.fail("get", r.name, err)
	}
	return n, err
}

// Stat implements [objects.Bucket].
func (b *Bucket) Stat(ctx context.Context, name string) (objects.Info, error) {
	o, err := b.core.StatObject(ctx, b.name, name, minio.StatObjectOptions{})
	if err != nil {
		return objects.Info{}, b.fail("stat", name, err)
	}
	return infoOf(o), nil
}

func infoOf(o minio.ObjectInfo) objects.Info {
	return objects.Info{Name: o.Key, Size: o.Size, ETag: o.ETag, At: o.LastModified}
}

// List implements [objects.Bucket].
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[objects.Info, error] {
	return b.list(ctx, minio.ListObjectsOptions{Prefix: prefix, Recursive: true})
}

// Folders implements [objects.Bucket].
func (b *Bucket) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o, err := range b.list(ctx, minio.ListObjectsOptions{Prefix: prefix}) {
			if (err != nil || strings.HasSuffix(o.Name, "/")) && !yield(o.Name, err) {
				return
			}
		}
	}
}

func (b *Bucket) list(ctx context.Context, opts minio.ListObjectsOptions) iter.Seq2[objects.Info, error] {
	return func(yield func(objects.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the request when the caller has seen enough
		defer cancel()
		for o := range b.core.Client.ListObjectsIter(ctx, b.name, opts) {
			if o.Err != nil {
				yield(objects.Info{}, b.fail("list", opts.Prefix, o.Err))
				return
			}
			if !yield(infoOf(o), nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // the iterator ends in silence then
			yield(objects.Info{}, b.fail("list", opts.Prefix, err))
		}
	}
}

// Remove implements [objects.Bucket].
func (b *Bucket) Remove(ctx context.Context, name string) error {
	err := b.core.RemoveObject(ctx, b.name, name, minio.RemoveObjectOptions{})
	if err == nil {
		return nil
	}
	if err = b.fail("remove", name, err); errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	return err
}

// Destroy implements [objects.Bucket].
func (b *Bucket) Destroy(ctx context.Context) error {
	if err := b.core.RemoveBucket(ctx, b.name); err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchBucket {
		return b.fail("remove the bucket", "", err)
	}
	return nil
}

// Close implements [objects.Bucket]. A server that is about to end would wait for idle connections.
func (b *Bucket) Close() { b.connections.CloseIdleConnections() }

// String implements [objects.Bucket].
func (b *Bucket) String() string { return b.where }
