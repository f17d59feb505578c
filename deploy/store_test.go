package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/rs/zerolog"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
)

// The S3 server of these tests is a process of its own, started from this test binary, since it changes the
// working directory.
const serveDir, serveAddr = "DEPLOY_TEST_SERVE_DIR", "DEPLOY_TEST_SERVE_ADDR"

// The accounts are named as in compose.yaml: one that may do anything, one that may do what the policy says.
const (
	root, user   = "root", "lossatlas"
	secret       = "a-secret-of-the-tests"
	bucket       = "lossatlas"
	startTimeout = 20 * time.Second
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		if err := serveStdin(dir, os.Getenv(serveAddr)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveStdin serves until stdin is closed, which also happens when the tests die.
func serveStdin(dir, addr string) error {
	accounts, err := auth.NewInternal(auth.Account{Access: root, Secret: secret, Role: auth.RoleAdmin}, filepath.Join(dir, "accounts"))
	if err != nil {
		return err
	}
	if err := accounts.CreateAccount(auth.Account{Access: user, Secret: secret, Role: auth.RoleUser}); err != nil {
		return err
	}
	attributes, err := meta.NewSideCar(filepath.Join(dir, "attributes"))
	if err != nil {
		return err
	}
	backend, err := posix.New(filepath.Join(dir, "buckets"), attributes, posix.PosixOpts{SideCarDir: filepath.Join(dir, "attributes")})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess: root, RootUserSecret: secret, Region: "us-east-1", Ports: []string{addr}, IAMService: accounts,
		MaxConnections: 256, MaxRequests: 64, MultipartMaxParts: 10000, Quiet: true,
	})
}

// serve starts the server and returns where it listens, with a client of the account that may do anything.
func serve(t *testing.T) (string, *minio.Client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	for _, name := range []string{"accounts", "buckets", "attributes"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), serveDir+"="+dir, serveAddr+"="+addr)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	c, err := minio.New(addr, &minio.Options{Creds: credentials.NewStaticV4(root, secret, ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(startTimeout); ; time.Sleep(50 * time.Millisecond) {
		if err = c.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err == nil {
			return addr, c
		}
		if time.Now().After(until) {
			t.Fatalf("the S3 server does not answer: %v", err)
		}
	}
}

type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid, Effect string
	Principal   map[string]string
	Action      actions
	Resource    string
}

// actions is one or several.
type actions []string

func (a *actions) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = actions{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// without is the policy with one action less.
func (p policy) without(action string) policy {
	var less []statement
	for _, s := range p.Statement {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == action })
		if len(s.Action) > 0 {
			less = append(less, s)
		}
	}
	p.Statement = less
	return p
}

func (p policy) set(t *testing.T, c *minio.Client) {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetBucketPolicy(t.Context(), bucket, string(b)); err != nil {
		t.Fatal(err)
	}
}

// TestPolicy: with the policy a worker's account can do all that the store takes, without any action of it not, and
// nothing next to it.
func TestPolicy(t *testing.T) {
	b, err := os.ReadFile("s3/policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var p policy
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	addr, c := serve(t)
	cfg := artifacts.Config{Endpoint: addr, AccessKey: user, SecretKey: secret, Bucket: bucket, Region: "us-east-1"}
	open := func() (*artifacts.Store, error) {
		s, err := artifacts.Open(t.Context(), cfg, zerolog.Nop())
		if err != nil {
			return nil, err
		}
		t.Cleanup(s.Close)
		return s, s.CheckAccess(t.Context())
	}
	if _, err := open(); !errors.Is(err, artifacts.ErrAccessDenied) {
		t.Fatalf("without a policy: %v, want that access is denied", err)
	}

	p.set(t, c)
	s, err := open()
	if err != nil {
		t.Fatalf("with the policy: %v", err)
	}
	work(t, s)

	own, err := minio.New(addr, &minio.Options{Creds: credentials.NewStaticV4(user, secret, ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"make a bucket":      own.MakeBucket(t.Context(), "another", minio.MakeBucketOptions{}),
		"remove the bucket":  own.RemoveBucket(t.Context(), bucket),
		"set the policy":     own.SetBucketPolicy(t.Context(), bucket, string(b)),
		"version the bucket": own.EnableVersioning(t.Context(), bucket),
	} {
		if code := minio.ToErrorResponse(err).Code; code != "AccessDenied" {
			t.Errorf("%s: %v, want that it is denied", what, err)
		}
	}

	all := 0
	for _, s := range p.Statement {
		for _, action := range s.Action {
			all++
			p.without(action).set(t, c)
			if _, err := open(); !errors.Is(err, artifacts.ErrAccessDenied) {
				t.Errorf("without %s: %v, want that access is denied", action, err)
			}
		}
	}
	if all == 0 || strings.Contains(string(b), "s3:*") {
		t.Errorf("the policy names %d actions, or all", all)
	}
}

// work does with the store what a sweep, verification and collection of garbage do.
func work(t *testing.T, s *artifacts.Store) {
	t.Helper()
	ctx := t.Context()
	blob, err := s.Put(ctx, []byte("a result"))
	if err != nil {
		t.Fatal(err)
	}
	key := artifacts.Key(artifacts.Of([]byte("a step")))
	if err := s.PutPart(ctx, key, "1", []byte("a part")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.GetPart(ctx, key, "1"); err != nil || string(got) != "a part" {
		t.Errorf("the part: %q, %v", got, err)
	}
	if got, err := s.GetBlob(ctx, blob); err != nil || string(got) != "a result" {
		t.Errorf("the blob: %q, %v", got, err)
	}
	if _, err := s.Lookup(ctx, key); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
	if _, err := maintain.Check(ctx, s, maintain.CheckOptions{}); err != nil {
		t.Error(err)
	}
	if err := s.DropParts(ctx, key); err != nil {
		t.Error(err)
	}
	if _, err := s.SetAside(ctx, blob.Digest); err != nil {
		t.Error(err)
	}
	if _, err := maintain.Collect(ctx, s, maintain.CollectOptions{}); err != nil {
		t.Error(err)
	}
}
