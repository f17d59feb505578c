package artifacts_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/workers/embedded/s3"
)

// The S3 server of these tests is a process of its own, started from this test
// binary: it can be killed in mid write, several can run side by side, and the
// working directory of the tests stays where it is.

const (
	serveDir     = "ARTIFACTS_TEST_SERVE_DIR"
	serveAddr    = "ARTIFACTS_TEST_SERVE_ADDR"
	serveSidecar = "ARTIFACTS_TEST_SERVE_SIDECAR"

	accessKey = "tester"
	secretKey = "tester-secret"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		if err := serveStdin(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	shared.stop()
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// serveStdin is the server process: it says its address on stdout and serves
// until stdin is closed, which also happens when the tests die.
func serveStdin(dir string) error {
	server, err := s3.Start(context.Background(), s3.Options{
		Dir: dir, Addr: os.Getenv(serveAddr), AccessKey: accessKey, SecretKey: secretKey, Sidecar: os.Getenv(serveSidecar) != "",
	})
	if err != nil {
		return err
	}
	fmt.Println(server.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return server.Stop()
}

// server is a running server process.
type server struct {
	dir, addr string
	sidecar   bool
	cmd       *exec.Cmd
	stdin     io.Closer
}

// start starts a server on a folder; an empty addr chooses a free port.
func start(dir, addr string, sidecar bool) (*server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), serveDir+"="+dir, serveAddr+"="+addr)
	if sidecar {
		cmd.Env = append(cmd.Env, serveSidecar+"=1")
	}
	var complaints bytes.Buffer // the gateway also prints what it answers properly
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("the server process said %q instead of its address: %s", line, complaints.String())
	}
	return &server{dir: dir, addr: strings.TrimSpace(line), sidecar: sidecar, cmd: cmd, stdin: stdin}, nil
}

// stop ends the process in its own way.
func (s *server) stop() {
	if s.stdin != nil {
		_ = s.stdin.Close()
		_ = s.cmd.Wait()
	}
}

// kill ends the process at once, wherever it is.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) config() artifacts.Config {
	return artifacts.Config{Endpoint: s.addr, AccessKey: accessKey, SecretKey: secretKey, Bucket: "lossatlas", Region: s3.Region}
}

// own starts a server that only this test uses.
func own(t testing.TB, sidecar bool) *server {
	t.Helper()
	s, err := start(t.TempDir(), "", sidecar)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// shared is the server that tests use which neither stop it nor look at its disk.
var shared struct {
	server
	once sync.Once
	err  error
}

func serve(t testing.TB) *server {
	t.Helper()
	shared.once.Do(func() {
		var s *server
		var dir string
		if dir, shared.err = os.MkdirTemp("", "artifacts-test-"); shared.err != nil {
			return
		}
		if s, shared.err = start(dir, "", false); shared.err == nil {
			shared.server = *s
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return &shared.server
}
