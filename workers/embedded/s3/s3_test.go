package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"lossatlas/workers/embedded/s3"
)

const (
	access = "test-access"
	secret = "test-secret-of-some-length"
)

func start(t *testing.T, opts s3.Options) *s3.Server {
	t.Helper()
	opts.AccessKey, opts.SecretKey = access, secret
	srv, err := s3.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return srv
}

func client(t *testing.T, addr, secret string) *minio.Client {
	t.Helper()
	transport, err := minio.DefaultTransport(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := minio.New(addr, &minio.Options{Creds: credentials.NewStaticV4(access, secret, ""), Region: s3.Region, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(ctx context.Context, c *minio.Client, key string, data []byte, once bool) error {
	opts := minio.PutObjectOptions{DisableMultipart: true}
	if once {
		opts.SetMatchETagExcept("*")
	}
	_, err := c.PutObject(ctx, "atlas", key, bytes.NewReader(data), int64(len(data)), opts)
	return err
}

func get(t *testing.T, c *minio.Client, key string) []byte {
	t.Helper()
	o, err := c.GetObject(t.Context(), "atlas", key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return b
}

func TestObjectsOutliveTheServer(t *testing.T) {
	for _, sidecar := range []bool{false, true} {
		t.Run(map[bool]string{false: "detected", true: "sidecar"}[sidecar], func(t *testing.T) {
			before, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "objects")
			srv := start(t, s3.Options{Dir: dir, Sidecar: sidecar})
			if sidecar && !srv.Sidecar() {
				t.Error("asked for a sidecar, got extended attributes")
			}
			c := client(t, srv.Addr(), secret)
			if err := c.MakeBucket(t.Context(), "atlas", minio.MakeBucketOptions{}); err != nil {
				t.Fatal(err)
			}
			want := bytes.Repeat([]byte("landscape"), 100_000)
			if err := put(t.Context(), c, "cas/sha256/ab/abcd", want, true); err != nil {
				t.Fatal(err)
			}
			if err := srv.Stop(); err != nil {
				t.Fatal(err)
			}
			if after, _ := os.Getwd(); after != before {
				t.Errorf("working directory after Stop is %s, was %s", after, before)
			}

			again := start(t, s3.Options{Dir: dir})
			if again.Sidecar() != srv.Sidecar() {
				t.Error("the place of the attributes changed between two starts")
			}
			if got := get(t, client(t, again.Addr(), secret), "cas/sha256/ab/abcd"); !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back, want the %d that were put", len(got), len(want))
			}
		})
	}
}

func TestOneWinnerAmongConditionalPuts(t *testing.T) {
	srv := start(t, s3.Options{Dir: t.TempDir()})
	c := client(t, srv.Addr(), secret)
	if err := c.MakeBucket(t.Context(), "atlas", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var winner atomic.Int32
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			err := put(t.Context(), c, "action", []byte{byte(i)}, true)
			switch code := minio.ToErrorResponse(err).Code; {
			case err == nil:
				won.Add(1)
				winner.Store(int32(i))
			case code != "PreconditionFailed":
				t.Errorf("put %d: %v, want PreconditionFailed", i, err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d puts won, want 1", won.Load())
	}
	if got := get(t, c, "action"); len(got) != 1 || got[0] != byte(winner.Load()) {
		t.Errorf("stored %v, but put %d won", got, winner.Load())
	}
}

func TestAWrongSecretIsRefused(t *testing.T) {
	srv := start(t, s3.Options{Dir: t.TempDir()})
	_, err := client(t, srv.Addr(), secret+"x").ListBuckets(t.Context())
	if code := minio.ToErrorResponse(err).Code; code != "SignatureDoesNotMatch" {
		t.Errorf("got %v, want SignatureDoesNotMatch", err)
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	before, _ := os.Getwd()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = s3.Start(t.Context(), s3.Options{Dir: t.TempDir(), Addr: l.Addr().String(), AccessKey: access, SecretKey: secret})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v, want EADDRINUSE with the address", err)
	}
	if after, _ := os.Getwd(); after != before {
		t.Errorf("a failed start left the process in %s", after)
	}
	start(t, s3.Options{Dir: t.TempDir()}) // and does not block the next one
}

func TestStopDoesNotWaitForIdleClients(t *testing.T) {
	srv := start(t, s3.Options{Dir: t.TempDir()})
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := srv.Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("Stop took %v with an idle client", took)
	}
	if c, err := net.Dial("tcp", srv.Addr()); err == nil {
		c.Close()
		t.Error("the endpoint still takes connections after Stop")
	}
	conn.Close()
	start(t, s3.Options{Dir: t.TempDir()}) // waits for the first to be gone
}

func TestOneGatewayPerProcess(t *testing.T) {
	start(t, s3.Options{Dir: t.TempDir()})
	_, err := s3.Start(t.Context(), s3.Options{Dir: t.TempDir(), AccessKey: access, SecretKey: secret})
	if !errors.Is(err, s3.ErrRunning) {
		t.Errorf("got %v, want ErrRunning", err)
	}
}

func TestBadOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := s3.Options{Dir: t.TempDir(), AccessKey: access, SecretKey: secret}
	for name, change := range map[string]func(*s3.Options){
		"no folder":  func(o *s3.Options) { o.Dir = "" },
		"a file":     func(o *s3.Options) { o.Dir = file },
		"no access":  func(o *s3.Options) { o.AccessKey = "" },
		"no secret":  func(o *s3.Options) { o.SecretKey = "" },
		"no port":    func(o *s3.Options) { o.Addr = "127.0.0.1" },
		"wrong port": func(o *s3.Options) { o.Addr = "127.0.0.1:http-but-not-really" },
	} {
		t.Run(name, func(t *testing.T) {
			opts := good
			change(&opts)
			srv, err := s3.Start(t.Context(), opts)
			if err == nil {
				srv.Stop()
				t.Fatal("no error")
			}
		})
	}
	start(t, good)
}
