package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	minioclient "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"go.temporal.io/api/workflowservice/v1"

	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/loopback"
)

// withReader serves an S3 store, next to a Temporal server, which has a bucket that the reader may only read.
func withReader(t *testing.T) *apart {
	t.Helper()
	a := &apart{dir: t.TempDir(), temporalPort: serverPort(t), s3Port: serverPort(t)}
	start(t, "S3 server", a.dir, func() *exec.Cmd { return serverCommand(roleS3Users, filepath.Join(a.dir, "store"), a.s3Port) }, nil)
	start(t, "Temporal server", a.dir, func() *exec.Cmd { return serverCommand(roleTemporal, a.dir, a.temporalPort) }, nil)
	c, err := minioclient.New(loopback.Address(a.s3Port), &minioclient.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: s3.Region})
	if err != nil {
		t.Fatal(err)
	}
	const readOnly = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["` + readerKey + `"]},
		"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::lossatlas", "arn:aws:s3:::lossatlas/*"]}]}`
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for { // until it answers
		if err = c.MakeBucket(ctx, "lossatlas", minioclient.MakeBucketOptions{}); err == nil || ctx.Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		logs, _ := filepath.Glob(filepath.Join(a.dir, "S3-server-*.log"))
		t.Fatalf("%v; the server says: %s", err, lastLine(logs[0]))
	}
	if err := c.SetBucketPolicy(ctx, "lossatlas", readOnly); err != nil {
		t.Fatal(err)
	}
	for { // likewise
		conn, err := net.Dial("tcp", loopback.Address(a.temporalPort))
		if err == nil {
			conn.Close()
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return a
}

// objects lists what is in the store, beside what the server keeps for itself and the version of the store, which is made with the bucket.
func (a *apart) objects(t *testing.T) (list []string) {
	t.Helper()
	dir := filepath.Join(a.dir, "store", "objects", "buckets")
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), ".") {
			return fs.SkipDir
		}
		if err == nil && e.Type().IsRegular() && e.Name() != "format.json" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRefused: a connection that can't be is refused before anything is done, by `run` and by `worker`, with a message
// that says what is wrong, where that is set and what to do.
func TestRefused(t *testing.T) {
	a := withReader(t)
	known, stranger := newAuthority(t, "known"), newAuthority(t, "stranger")
	good := known.server(t, "127.0.0.1", time.Hour)
	secure := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	mutual := secure(good)
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	mutual.ClientCAs.AddCert(known.cert)

	store, temporal := loopback.Address(a.s3Port), loopback.Address(a.temporalPort)
	https := func(c tls.Certificate) string { return "https://" + front(t, toStore(store, nil), secure(c)) }
	expired := front(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // as Amazon answers; no server here has keys for a time
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`)
	}), nil)
	toKey := toTemporal(temporal, func(r *http.Request) bool { return r.Header.Get("Authorization") != "Bearer right-api-key" })
	trust := "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + known.file
	trusted := front(t, toTemporal(temporal, nil), secure(good))
	wants := front(t, toTemporal(temporal, nil), mutual)
	guarded := front(t, toKey, secure(good))
	unsearchable := front(t, toTemporal(temporal, func(r *http.Request) bool { return strings.Contains(r.URL.Path, "OperatorService") }), secure(good))

	file := writeSweep(t, storeSweep+"numerics: any\n")
	call := func(env []string, args ...string) (stderr string, code int) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := command(ctx, filepath.Join(a.dir, "user"), append(append([]string{}, args[0]), append(a.flags(), args[1:]...)...)...)
		cmd.Env = append(cmd.Env, env...)
		var errs strings.Builder
		cmd.Stderr = &errs
		_ = cmd.Run() // how it ended is in its state
		return errs.String(), cmd.ProcessState.ExitCode()
	}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		says []string
	}{
		{"S3: certificate of an unknown authority", nil, []string{"--s3-endpoint", https(stranger.server(t, "127.0.0.1", time.Hour)), "--s3-ca", known.file}, []string{"unknown authority", "name the certificates", "--s3-ca"}},
		{"S3: no authority named", nil, []string{"--s3-endpoint", https(good)}, []string{"unknown authority", "--s3-ca", "LOSSATLAS_S3_CA"}},
		{"S3: certificate for another name", nil, []string{"--s3-endpoint", https(known.server(t, "elsewhere.example.com", time.Hour)), "--s3-ca", known.file}, []string{"use the name that", "--s3-endpoint"}},
		{"S3: expired certificate", nil, []string{"--s3-endpoint", https(known.server(t, "127.0.0.1", -time.Hour)), "--s3-ca", known.file}, []string{"expired", "renewed"}},
		{"S3: https to http", nil, []string{"--s3-endpoint", "https://" + store}, []string{"write http://", "--s3-endpoint"}},
		{"S3: http to https", nil, []string{"--s3-endpoint", "http" + strings.TrimPrefix(https(good), "https")}, []string{"write https://", "--s3-endpoint"}},
		{"S3: unknown access key", nil, []string{"--s3-access-key", "nobody"}, []string{"check the access key", "LOSSATLAS_S3_ACCESS_KEY"}},
		{"S3: wrong secret key", nil, []string{"--s3-secret-key", "not-it"}, []string{"check the secret key", "LOSSATLAS_S3_SECRET_KEY"}},
		{"S3: expired token", nil, []string{"--s3-endpoint", "http://" + expired, "--s3-session-token", "old-token"}, []string{"expired", "get new credentials", "LOSSATLAS_S3_SESSION_TOKEN"}},
		{"S3: bucket that may only be read", nil, []string{"--s3-access-key", readerKey, "--s3-secret-key", readerSecret}, []string{"may not put objects, nor delete objects", "--s3-bucket"}},
		{"S3: no bucket, and none may be made", nil, []string{"--s3-access-key", readerKey, "--s3-secret-key", readerSecret, "--s3-bucket", "absent"}, []string{"make the bucket, which does not exist", "access denied", "absent", "--s3-bucket"}},
		{"S3: clock two hours slow", nil, []string{"--s3-endpoint", "http://" + front(t, toStore(store, func(r *http.Request) { sign(r, 2*time.Hour) }), nil)}, []string{"clocks differ", "set this machine's clock"}},

		{"Temporal: certificate of an unknown authority", []string{"TEMPORAL_TLS=true"}, []string{"--temporal-address", trusted}, []string{"signed by an authority that this machine does not trust", "TEMPORAL_TLS_SERVER_CA_CERT_PATH"}},
		{"Temporal: certificate for another name", []string{trust}, []string{"--temporal-address", front(t, toKey, secure(known.server(t, "elsewhere.example.com", time.Hour)))}, []string{"another host name", "TEMPORAL_TLS_SERVER_NAME"}},
		{"Temporal: expired certificate", []string{trust}, []string{"--temporal-address", front(t, toKey, secure(known.server(t, "127.0.0.1", -time.Hour)))}, []string{"expired", "renew it"}},
		{"Temporal: plain to TLS", nil, []string{"--temporal-address", trusted}, []string{"requires TLS, but TLS is not enabled", "TEMPORAL_TLS=true"}},
		{"Temporal: TLS to plain", []string{"TEMPORAL_TLS=true"}, nil, []string{"does not speak TLS", "TEMPORAL_TLS=false"}},
		{"Temporal: no client certificate", []string{trust}, []string{"--temporal-address", wants}, []string{"requires a client certificate", "TEMPORAL_TLS_CLIENT_CERT_PATH"}},
		{"Temporal: client certificate of another authority", append(stranger.client(t), trust), []string{"--temporal-address", wants}, []string{"does not accept this client's certificate", "TEMPORAL_TLS_CLIENT_CERT_PATH"}},
		{"Temporal: wrong API key", []string{trust, "TEMPORAL_API_KEY=wrong-api-key"}, []string{"--temporal-address", guarded}, []string{"does not let this client use namespace lossatlas", "TEMPORAL_API_KEY"}},
		{"Temporal: no API key", []string{trust}, []string{"--temporal-address", guarded}, []string{"does not let this client use namespace lossatlas", "TEMPORAL_API_KEY"}},
		{"Temporal: no such namespace", nil, []string{"--temporal-namespace", "nowhere"}, []string{`no namespace "nowhere"`, "create it", "--temporal-namespace"}},
		{"Temporal: no right to search attributes", []string{trust}, []string{"--temporal-address", unsearchable}, []string{"search attributes of namespace lossatlas", "Request unauthorized"}},
		{"Temporal: something else answers", nil, []string{"--temporal-address", store}, []string{"no Temporal server", "--temporal-address"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, args := range [][]string{{"run", file, "--backend", "go"}, {"worker", "--backend", "go"}} {
				began := time.Now()
				stderr, code := call(c.env, append(args, c.args...)...)
				if code != 1 {
					t.Errorf("%s ended with %d, want 1: %s", args[0], code, stderr)
				}
				for _, w := range c.says {
					if !strings.Contains(stderr, w) {
						t.Errorf("%s doesn't say %q, but: %s", args[0], w, stderr)
					}
				}
				for _, secret := range []string{secretKey, readerSecret, "not-it", "old-token", "wrong-api-key", "PRIVATE KEY"} {
					if strings.Contains(stderr, secret) {
						t.Errorf("%s tells the secret %q: %s", args[0], secret, stderr)
					}
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("%s took %v", args[0], took)
				}
				if args[0] == "run" {
					t.Log(strings.TrimSpace(stderr))
				}
			}
			if left := a.objects(t); len(left) > 0 {
				t.Errorf("left in the store: %v", left)
			}
		})
	}
	if list, err := a.dial(t).ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{}); err != nil || len(list.GetExecutions()) > 0 {
		t.Errorf("left in Temporal: %v, %v", list.GetExecutions(), err)
	}

	// The same servers, asked rightly.
	for _, args := range [][]string{
		{"--s3-endpoint", https(good), "--s3-ca", known.file, "--temporal-address", wants},
		{"--temporal-address", guarded},
	} {
		if stderr, code := call(append(known.client(t), trust, "TEMPORAL_API_KEY=right-api-key"), append([]string{"status"}, args...)...); code != 0 {
			t.Errorf("%v: status ended with %d: %s", args, code, stderr)
		}
	}
}
