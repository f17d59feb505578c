package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"lossatlas/activities/engine"
	"lossatlas/workers/internal/loopback"
)

// servers are those of an installation: a Temporal server of release form with PostgreSQL, and an S3 server, each a process
// of its own, and reached through TLS; Temporal wants its clients' certificates.
type servers struct {
	dir      string
	programs string // folder of the servers' programs
	certs    certificates

	temporalPort, s3Port   int
	postgresPort           int
	postgres, temporal, s3 *member
}

// newServers builds the servers from their modules and starts them. s3 makes the command of the S3 server.
func newServers(t testing.TB, s3 func(*servers) *exec.Cmd) *servers {
	t.Helper()
	s := &servers{dir: t.TempDir(), programs: t.TempDir(), temporalPort: serverPort(t), s3Port: serverPort(t)}
	build := exec.Command("go", "build", "-ldflags=-w", "-o", s.programs, "go.temporal.io/server/cmd/server", "go.temporal.io/server/cmd/tools/sql", "github.com/versity/versitygw/cmd/versitygw")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the servers: %v\n%s", err, out)
	}
	s.certs = newCertificates(t, filepath.Join(s.dir, "certs"))
	s.startPostgres(t)
	s.startTemporal(t)
	s.s3 = start(t, "S3 server", s.dir, func() *exec.Cmd { return s3(s) }, nil)
	s.await(t)
	return s
}

// versitygw is the command of an S3 server.
func versitygw(s *servers) *exec.Cmd {
	objects := filepath.Join(s.dir, "objects")
	_ = os.MkdirAll(objects, 0o700) // else the server says that it is missing
	cmd := exec.Command(filepath.Join(s.programs, "versitygw"), "--port", loopback.Address(s.s3Port), "--cert", s.certs.path("server.crt"), "--key", s.certs.path("server.key"), "--quiet", "posix", objects)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	return cmd
}

// settings are a user's or a worker's for these servers, as environment.
func (s *servers) settings() []string {
	return []string{
		"LOSSATLAS_TEMPORAL_ADDRESS=" + loopback.Address(s.temporalPort), "LOSSATLAS_S3_ENDPOINT=https://" + loopback.Address(s.s3Port), "LOSSATLAS_S3_CA=" + s.certs.path("ca.crt"),
		"LOSSATLAS_S3_ACCESS_KEY=" + accessKey, "LOSSATLAS_S3_SECRET_KEY=" + secretKey,
		"TEMPORAL_TLS=true", "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + s.certs.path("ca.crt"),
		"TEMPORAL_TLS_CLIENT_CERT_PATH=" + s.certs.path("client.crt"), "TEMPORAL_TLS_CLIENT_KEY_PATH=" + s.certs.path("client.key"),
	}
}

// client is a client's way to the Temporal server.
func (s *servers) client(t testing.TB) client.Options {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(s.certs.path("client.crt"), s.certs.path("client.key"))
	if err != nil {
		t.Fatal(err)
	}
	return client.Options{
		HostPort: loopback.Address(s.temporalPort), Namespace: "lossatlas",
		ConnectionOptions: client.ConnectionOptions{TLS: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: s.certs.pool}},
	}
}

// await waits until both servers answer, and makes the namespace.
func (s *servers) await(t testing.TB) {
	t.Helper()
	ns, err := client.NewNamespaceClient(s.client(t))
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if err == nil {
			err = ns.Register(t.Context(), &workflowservice.RegisterNamespaceRequest{Namespace: "lossatlas", WorkflowExecutionRetentionPeriod: durationpb.New(90 * 24 * time.Hour)})
			if err == nil {
				break
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the Temporal server does not answer: %v; it says %s", err, lastLine(s.temporal.last().stdout))
		}
		ns, err = client.NewNamespaceClient(s.client(t))
	}
	ns.Close()
	time.Sleep(12 * time.Second) // until all of the server has heard of the namespace
	if err := awaitPort(s.s3Port); err != nil {
		t.Fatalf("the S3 server does not answer: %v; it says %s", err, lastLine(s.s3.last().stderr))
	}
}

// awaitPort waits until something listens on a port.
func awaitPort(number int) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.Dial("tcp", loopback.Address(number))
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(end) {
			return err
		}
	}
}

// postgresPrograms is the folder of PostgreSQL's programs, "" where it is not installed.
func postgresPrograms() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // where Debian has them; the only error is a malformed pattern
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.Max(found))
}

// startPostgres starts a database server, which must not run as root, and makes Temporal's databases in it.
func (s *servers) startPostgres(t testing.TB) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lossatlas-postgres-") // apart from the test's own folder, which other users can't enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(postgresPrograms(), name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{}
		if nobody, err := user.Lookup("nobody"); err == nil && os.Geteuid() == 0 {
			uid, gid := number(t, nobody.Uid), number(t, nobody.Gid)
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
			if err := os.Chown(dir, uid, gid); err != nil {
				t.Error(err)
			}
		}
		return cmd
	}
	data, listen := filepath.Join(dir, "data"), serverPort(t)
	s.postgresPort = listen
	if out, err := as("initdb", "-D", data, "-U", "temporal", "--auth", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.postgres = start(t, "PostgreSQL", s.dir, func() *exec.Cmd {
		return as("postgres", "-D", data, "-k", dir, "-p", strconv.Itoa(listen), "-c", "listen_addresses=127.0.0.1")
	}, nil)
	if err := awaitPort(listen); err != nil {
		t.Fatal(err)
	}
	sql := func(args ...string) {
		t.Helper()
		var out []byte
		var err error
		for range 20 { // it may still be starting
			cmd := exec.Command(filepath.Join(s.programs, "sql"), append([]string{"--plugin", "postgres12", "--endpoint", "127.0.0.1", "--port", strconv.Itoa(listen), "--user", "temporal", "--password", "temporal"}, args...)...)
			if out, err = cmd.CombinedOutput(); err == nil {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	for database, schema := range map[string]string{"temporal": "temporal", "temporal_visibility": "visibility"} {
		sql("--database", database, "create-database")
		sql("--database", database, "setup-schema", "--version", "0.0")
		sql("--database", database, "update-schema", "--schema-name", "postgresql/v12/"+schema)
	}
	s.configure(t, listen)
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// temporalConfig is that of a server whose four services are one process, with TLS between all and each client's certificate wanted.
var temporalConfig = template.Must(template.New("").Parse(`
log: {stdout: true, level: warn}
persistence:
  defaultStore: default
  visibilityStore: visibility
  numHistoryShards: {{.Shards}}
  datastores:
    default:
      sql: {pluginName: postgres12, databaseName: temporal, connectAddr: "127.0.0.1:{{.Postgres}}", connectProtocol: tcp, user: temporal, password: temporal, maxConns: 20, maxIdleConns: 20}
    visibility:
      sql: {pluginName: postgres12, databaseName: temporal_visibility, connectAddr: "127.0.0.1:{{.Postgres}}", connectProtocol: tcp, user: temporal, password: temporal, maxConns: 5, maxIdleConns: 5}
global:
  membership: {maxJoinDuration: 30s, broadcastAddress: 127.0.0.1}
  tls:
    internode:
      server: {certFile: {{.Certs}}/server.crt, keyFile: {{.Certs}}/server.key, requireClientAuth: true, clientCaFiles: [{{.Certs}}/ca.crt]}
      client: {serverName: localhost, rootCaFiles: [{{.Certs}}/ca.crt]}
    frontend:
      server: {certFile: {{.Certs}}/server.crt, keyFile: {{.Certs}}/server.key, requireClientAuth: true, clientCaFiles: [{{.Certs}}/ca.crt]}
      client: {serverName: localhost, rootCaFiles: [{{.Certs}}/ca.crt]}
    systemWorker:
      certFile: {{.Certs}}/client.crt
      keyFile: {{.Certs}}/client.key
      client: {serverName: localhost, rootCaFiles: [{{.Certs}}/ca.crt]}
services:
  frontend: {rpc: {grpcPort: {{.Frontend}}, membershipPort: {{index .Ports 0}}, bindOnLocalHost: true}}
  matching: {rpc: {grpcPort: {{index .Ports 1}}, membershipPort: {{index .Ports 2}}, bindOnLocalHost: true}}
  history: {rpc: {grpcPort: {{index .Ports 3}}, membershipPort: {{index .Ports 4}}, bindOnLocalHost: true}}
  worker: {rpc: {grpcPort: {{index .Ports 5}}, membershipPort: {{index .Ports 6}}, bindOnLocalHost: true}}
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation:
    active: {enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: "localhost:{{.Frontend}}"}
dcRedirectionPolicy: {policy: noop}
publicClient: {hostPort: "127.0.0.1:{{.Frontend}}"}
dynamicConfigClient: {filepath: {{.Dynamic}}, pollInterval: 10s}
`))

// configure writes the Temporal server's configuration.
func (s *servers) configure(t testing.TB, postgres int) {
	t.Helper()
	dynamic := filepath.Join(s.dir, "dynamic.yaml")
	if err := os.WriteFile(dynamic, []byte("{}\n"), 0o600); err != nil { // everything as a new installation has it
		t.Fatal(err)
	}
	var text strings.Builder
	var ports []int
	for len(ports) < 7 {
		if p := serverPort(t); !slices.Contains(ports, p) && p != s.temporalPort && p != s.s3Port {
			ports = append(ports, p)
		}
	}
	err := temporalConfig.Execute(&text, map[string]any{"Shards": *simulationShards, "Postgres": postgres, "Certs": s.certs.dir, "Frontend": s.temporalPort, "Ports": ports, "Dynamic": dynamic})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "temporal.yaml"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *servers) startTemporal(t testing.TB) {
	t.Helper()
	s.temporal = start(t, "Temporal server", s.dir, func() *exec.Cmd {
		return exec.Command(filepath.Join(s.programs, "server"), "--config-file", filepath.Join(s.dir, "temporal.yaml"), "--allow-no-auth", "start")
	}, nil)
}

// program is the program without embedded services, in a home of its own, for these servers.
func (s *servers) program(ctx context.Context, binary, home string, args ...string) *exec.Cmd {
	cmd := command(ctx, filepath.Join(s.dir, home), args...)
	cmd.Path, cmd.Args[0] = binary, binary
	// In this environment it does not start itself again, and so ends with the test whatever becomes of that.
	cmd.Env = append(engine.Environ(cmd.Env), s.settings()...)
	return cmd
}

// certificates are those of an installation: of an authority, a server and a client.
type certificates struct {
	dir  string
	pool *x509.CertPool
}

func (c certificates) path(name string) string { return filepath.Join(c.dir, name) }

// newCertificates writes ca.crt, server.crt, server.key, client.crt and client.key.
func newCertificates(t testing.TB, dir string) certificates {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c, a := certificates{dir: dir, pool: x509.NewCertPool()}, newAuthority(t, "installation")
	c.pool.AddCert(a.cert)
	writePEM(t, c.path("ca.crt"), "CERTIFICATE", a.cert.Raw)
	for _, name := range []string{"server", "client"} {
		cert, key := a.sign(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, NotAfter: a.cert.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, // the servers are clients of each other
		})
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, c.path(name+".crt"), "CERTIFICATE", cert.Raw)
		writePEM(t, c.path(name+".key"), "PRIVATE KEY", secret)
	}
	return c
}

// minio is the command of another S3 server, whose program -cluster.minio names.
func minio(s *servers) *exec.Cmd {
	certs := filepath.Join(s.dir, "minio-certs")
	_ = os.MkdirAll(certs, 0o700) // else the server says what is missing
	for from, to := range map[string]string{"server.crt": "public.crt", "server.key": "private.key"} {
		_ = os.Symlink(s.certs.path(from), filepath.Join(certs, to)) // there from the second start on
	}
	cmd := exec.Command(*clusterMinIO, "server", filepath.Join(s.dir, "objects"), "--address", loopback.Address(s.s3Port), "--certs-dir", certs, "--quiet")
	cmd.Env = append(os.Environ(), "MINIO_ROOT_USER="+accessKey, "MINIO_ROOT_PASSWORD="+secretKey, "MINIO_UPDATE=off", "MINIO_BROWSER=off")
	return cmd
}
