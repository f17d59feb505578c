package artifacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/rs/zerolog"
)

// Store is an opened bucket. Its methods may be called concurrently, by any
// number of processes on the same bucket. Requests that fail on the way
// (connection lost, server overloaded) are repeated by the client library, ten
// times in about five seconds; every method is idempotent, so callers may
// repeat further.
type Store struct {
	core        *minio.Core
	connections *http.Transport
	bucket      string
	where       string // for messages
	log         zerolog.Logger
	// under has the results that are read when this store has them not; nil for none.
	under *Store
}

const (
	// openAttempts and openTimeout bound how long Open waits for an endpoint where nobody answers.
	openAttempts = 3
	openTimeout  = 20 * time.Second
	// maxBlob is S3's limit of a single put, which conditional puts need.
	maxBlob = 5 << 30
)

// Open connects to the store and makes the bucket when it is absent. It fails
// with [ErrUnreachable], [ErrCertificate], [ErrCredentials], [ErrAccessDenied], [ErrClockSkew] or
// *[NewerError], each saying what to do.
func Open(ctx context.Context, cfg Config, log zerolog.Logger) (*Store, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Store{
		bucket: cfg.Bucket,
		where:  fmt.Sprintf("bucket %s at %s", cfg.Bucket, cfg.Endpoint),
		log:    log.With().Str("bucket", cfg.Bucket).Logger(),
	}
	var err error
	if s.connections, err = cfg.transport(); err != nil {
		return nil, err
	}
	if err := cfg.checkCredentials(); err != nil {
		return nil, s.fail("open the store", "", err)
	}
	// An endpoint where nobody answers should be reported in a second, not after all retries.
	if s.core, err = cfg.client(openAttempts, s.connections); err != nil {
		return nil, err
	}
	if err := s.ensureBucket(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.checkFormat(ctx); err != nil {
		return nil, err
	}
	if s.core, err = cfg.client(minio.MaxRetry, s.connections); err != nil {
		return nil, err
	}
	return s, nil
}

// Over returns the store with another one under it: blobs and actions that it has
// not are read from there, where nothing is ever written or removed.
func (s *Store) Over(under *Store) *Store {
	over := *s
	over.under = under
	return &over
}

// below is the store to look into for an object that this one has not, nil for none.
func (s *Store) below(object string, err error) *Store {
	if errors.Is(err, ErrNotFound) && (strings.HasPrefix(object, blobPrefix) || strings.HasPrefix(object, actionPrefix)) {
		return s.under
	}
	return nil
}

// Ping asks whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.probe(ctx); err != nil {
		return s.fail("list", "", err)
	}
	return nil
}

// Close gives up idle connections, for which a server that is about to end
// would wait. The store can still be used.
func (s *Store) Close() { s.connections.CloseIdleConnections() }

// ensureBucket makes the bucket when it is absent. It asks with a listing
// rather than a HEAD request, because the answer to the latter has no body, and
// so doesn't tell wrong credentials from missing permission.
func (s *Store) ensureBucket(ctx context.Context, cfg Config) error {
	probe := ctx
	if cfg.Expect == nil {
		var cancel context.CancelFunc
		probe, cancel = context.WithTimeout(ctx, openTimeout)
		defer cancel()
	}
	doing := "open the store"
	err := s.probe(probe)
	if minio.ToErrorResponse(err).Code == minio.NoSuchBucket {
		doing = "make the bucket, which is not there"
		err = s.core.MakeBucket(probe, s.bucket, minio.MakeBucketOptions{Region: cfg.Region})
		switch minio.ToErrorResponse(err).Code {
		case minio.BucketAlreadyOwnedByYou, minio.BucketAlreadyExists: // another process was quicker
			err = s.probe(probe)
		}
	}
	if err == nil {
		return nil
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = &net.OpError{Op: "connect", Net: "tcp", Err: fmt.Errorf("no answer within %v", openTimeout)}
	}
	return s.fail(doing, "", err)
}

func (s *Store) probe(ctx context.Context) error {
	for info := range s.core.Client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{MaxKeys: 1}) {
		return info.Err
	}
	return ctx.Err()
}

// condition limits a put to a state of the object.
type condition func(*minio.PutObjectOptions)

func always(*minio.PutObjectOptions)     {}
func ifAbsent(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") }
func ifUnchanged(etag string) condition {
	return func(o *minio.PutObjectOptions) { o.SetMatchETag(etag) }
}
func contentType(object string) string {
	if strings.HasSuffix(object, ".json") {
		return "application/json"
	}
	return "application/octet-stream"
}

// errLost says that the condition of a put didn't hold: another writer was there first.
var errLost = errors.New("another writer was there first")

// put writes an object whole, in one request (as the core client always does):
// only single puts can be conditional. The digest of the body goes into the request's signature, so
// that the server refuses a body damaged on its way; the client library's own
// way on plain http, signing chunk by chunk, costs another digest of the body,
// and some servers answer it wrongly when the body is empty.
func (s *Store) put(ctx context.Context, object string, body []byte, digest Digest, when condition) error {
	opts := minio.PutObjectOptions{ContentType: contentType(object), DisableContentSha256: true}
	when(&opts)
	for try := 1; ; try++ {
		_, err := s.core.PutObject(ctx, s.bucket, object, bytes.NewReader(body), int64(len(body)), "", digest.Hex(), opts)
		if err == nil {
			countBytes(ctx, int64(len(body)), bytesWritten)
			return nil
		}
		response := minio.ToErrorResponse(err)
		if response.Code == folderThere && try < putTries && s.removeFolder(ctx, object) == nil {
			continue
		}
		if lost(response) {
			return errLost
		}
		return s.fail("put", object, err)
	}
}

// folderThere is what a server that keeps objects as files says of a put where a
// folder lies in the object's place, and also of one whose own folder was removed under it, together with the last
// other object in there. Nothing was written then, and the next try makes the folder anew.
const (
	folderThere = "ExistingObjectIsDirectory"
	putTries    = 5
)

// removeFolder removes an empty folder in the place of an object, which no listing shows; that there is none is no error.
func (s *Store) removeFolder(ctx context.Context, object string) error {
	return s.remove(ctx, object+"/")
}
