package artifacts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
)

// answering is an HTTP server that answers what a store is opened with
// like an empty bucket, and everything else as told: the answers of S3
// servers that can't be provoked from a real one here.
func answering(t *testing.T, answer http.HandlerFunc) *artifacts.Store {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet && r.URL.Query().Get("max-keys") == "1" {
			fmt.Fprint(w, `<ListBucketResult><Name>b</Name><KeyCount>0</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>`)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/format.json") {
			if r.Method == http.MethodGet {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `<Error><Code>NoSuchKey</Code></Error>`)
			}
			return
		}
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	s, err := artifacts.Open(t.Context(), artifacts.Config{
		Endpoint: strings.TrimPrefix(srv.URL, "http://"), AccessKey: "a", SecretKey: "s", Bucket: "bucket", Region: "us-east-1",
	}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAnswers: what a server says becomes an error that programs can tell apart
// and people can act on.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		kind   error
		advice string
	}{
		{403, "AccessDenied", artifacts.ErrAccessDenied, "permission"},
		{403, "AllAccessDisabled", artifacts.ErrAccessDenied, "permission"},
		{403, "SignatureDoesNotMatch", artifacts.ErrCredentials, "secret key"},
		{403, "InvalidAccessKeyId", artifacts.ErrCredentials, "access key"},
		{400, "InvalidToken", artifacts.ErrCredentials, "new credentials"},
		{401, "Unauthorized", artifacts.ErrCredentials, "access key and secret key"},
		{403, "RequestTimeTooSkewed", artifacts.ErrClockSkew, "clock"},
		{404, "NoSuchBucket", artifacts.ErrNoBucket, "removed"},
		{507, "InsufficientStorage", artifacts.ErrNoSpace, "free space"},
		{507, "XMinioStorageFull", artifacts.ErrNoSpace, "free space"},
		{507, "Whatever", artifacts.ErrNoSpace, "free space"},
		{403, "QuotaExceeded", artifacts.ErrNoSpace, "quota"},
		{501, "NotImplemented", artifacts.ErrUnsupported, "conditional"},
		{418, "Teapot", nil, "Teapot"},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			s := answering(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `<Error><Code>%s</Code><Message>the server's words</Message></Error>`, c.code)
			})
			_, err := s.Put(t.Context(), []byte("x"))
			var failed *artifacts.StoreError
			if !errors.As(err, &failed) || failed.Kind != c.kind || c.kind != nil && !errors.Is(err, c.kind) {
				t.Fatalf("%d %s: %v, want kind %v", c.status, c.code, err, c.kind)
			}
			for _, want := range []string{c.advice, "the server's words", "bucket bucket at 127.0.0.1", "cas/sha256/"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%d %s: the error doesn't say %q: %v", c.status, c.code, want, err)
				}
			}
		})
	}
}

// TestDeniedHead: the answer to a HEAD request has no body, only a status.
func TestDeniedHead(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	if _, err := s.Has(t.Context(), artifacts.BlobOf([]byte("x"))); !errors.Is(err, artifacts.ErrAccessDenied) {
		t.Errorf("Has: %v, want ErrAccessDenied: never an answer about the blob", err)
	}
}

// TestHostileSize: a server that announces a terabyte and sends ten bytes costs
// no memory, and is no damage either: the connection was lost.
func TestHostileSize(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1099511627776")
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		_, _ = w.Write(make([]byte, 10))
	})
	reads := map[string]func() error{
		"Get":     func() error { _, err := s.Get(t.Context(), artifacts.Of(nil)); return err },
		"GetPart": func() error { _, err := s.GetPart(t.Context(), artifacts.Key{1}, "p"); return err },
		"Root":    func() error { _, err := s.Root(t.Context(), "fig3"); return err },
		"Lookup":  func() error { _, err := s.Lookup(t.Context(), artifacts.Key{1}); return err },
	}
	for name, read := range reads {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := read()
		runtime.ReadMemStats(&after)
		if !errors.Is(err, artifacts.ErrUnreachable) {
			t.Errorf("%s: %v, want ErrUnreachable", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
			t.Errorf("%s allocated %d bytes for a body of 10", name, got)
		}
	}
	var harm *artifacts.DamagedError
	if _, err := s.GetBlob(t.Context(), artifacts.BlobOf([]byte("x"))); !errors.As(err, &harm) || harm.Size != 1<<40 {
		t.Errorf("GetBlob of an object announced with another size: %v, want *DamagedError", err)
	}
}

// TestCutListing: a listing that ends in the middle is a lost connection, not a short list.
func TestCutListing(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "<ListBucketResult><Contents><Key>parts/")
	})
	if names, err := s.Parts(t.Context(), artifacts.Key{1}); !errors.Is(err, artifacts.ErrUnreachable) {
		t.Errorf("Parts: %q, %v, want ErrUnreachable", names, err)
	}
}

// TestNoConditions: a server that answers every conditional put with a conflict
// ends in an error, not in a loop.
func TestNoConditions(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	var failed *artifacts.StoreError
	if _, err := s.Put(t.Context(), []byte("x")); !errors.As(err, &failed) || !strings.Contains(err.Error(), "another writer") {
		t.Errorf("Put: %v, want a *StoreError about other writers", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // less than the first pause
	defer cancel()
	if _, err := s.Put(ctx, []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Put: %v, want context.DeadlineExceeded", err)
	}
}

func TestOpenUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // no one listens there now
	cfg := artifacts.Config{Endpoint: addr, AccessKey: "a", SecretKey: "s", Bucket: "bucket"}
	for _, c := range []struct{ region, scheme string }{{"us-east-1", "http"}, {"", "http"}, {"us-east-1", "https"}} {
		cfg.Region, cfg.TLS = c.region, c.scheme == "https"
		begun := time.Now()
		_, err = artifacts.Open(t.Context(), cfg, zerolog.Nop())
		if !errors.Is(err, artifacts.ErrUnreachable) || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "is the server running") {
			t.Errorf("%v: %v, want ErrUnreachable that names %s", c, err, addr)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%v: it took %v to find that nobody listens", c, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := artifacts.Open(ctx, cfg, zerolog.Nop()); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v, want context.Canceled", err)
	}
}

// TestOpenWrongScheme: https spoken to a server of plain http, and the other way round.
func TestOpenWrongScheme(t *testing.T) {
	cfg := serve(t).config()
	cfg.TLS = true
	if _, err := artifacts.Open(t.Context(), cfg, zerolog.Nop()); !errors.Is(err, artifacts.ErrCertificate) || !strings.Contains(err.Error(), "write http://") {
		t.Errorf("https to plain http: %v, want ErrCertificate that says so", err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains, rightly
	srv.StartTLS()
	defer srv.Close()
	cfg.TLS, cfg.Endpoint = false, strings.TrimPrefix(srv.URL, "https://")
	if _, err := artifacts.Open(t.Context(), cfg, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "HTTPS server") {
		t.Errorf("plain http to https: %v, want an error that says so", err)
	}
}

func TestOpenCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*artifacts.Config)
		kind   error
		advice string
	}{
		"secret key": {func(c *artifacts.Config) { c.SecretKey = "wrong" }, artifacts.ErrCredentials, "check the secret key"},
		"access key": {func(c *artifacts.Config) { c.AccessKey = "nobody" }, artifacts.ErrCredentials, "check the access key"},
	} {
		for _, region := range []string{"us-east-1", ""} {
			cfg := serve(t).config()
			cfg.Region = region
			c.spoil(&cfg)
			_, err := artifacts.Open(t.Context(), cfg, zerolog.Nop())
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.advice) || strings.Contains(err.Error(), secretKey) {
				t.Errorf("wrong %s, region %q: %v, want %v with %q", name, region, err, c.kind, c.advice)
			}
		}
	}
}

func TestOpenConfig(t *testing.T) {
	for name, spoil := range map[string]func(*artifacts.Config){
		"without a scheme":     func(c *artifacts.Config) { c.Endpoint = "http://" + c.Endpoint },
		"host:port":            func(c *artifacts.Config) { c.Endpoint = "" },
		"such as 127.0.0.1":    func(c *artifacts.Config) { c.Endpoint += "/bucket" },
		"no access key":        func(c *artifacts.Config) { c.AccessKey = "" },
		"no secret key":        func(c *artifacts.Config) { c.SecretKey = "" },
		"no bucket":            func(c *artifacts.Config) { c.Bucket = "" },
		"Bucket name contains": func(c *artifacts.Config) { c.Bucket = "Not a bucket" },
	} {
		cfg := serve(t).config()
		spoil(&cfg)
		if _, err := artifacts.Open(t.Context(), cfg, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: %v, want an error with %q", cfg, err, name)
		}
	}
}

// TestOpenAgain: opening makes the bucket once, also with many at the same
// time, and when the region has to be asked for.
func TestOpenAgain(t *testing.T) {
	cfg := serve(t).config()
	cfg.Bucket, cfg.Region = "opened-by-many", ""
	errs := make(chan error)
	for range 16 {
		go func() {
			s, err := artifacts.Open(t.Context(), cfg, zerolog.Nop())
			if err == nil {
				_, err = s.Put(t.Context(), []byte("hello"))
			}
			errs <- err
		}()
	}
	for range 16 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
