package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/loopback"
)

// The Temporal and the S3 server of the chaos run are processes of their own:
// this test binary, started again with these in its environment.
const (
	serveRole = "LOSSATLAS_TEST_SERVE"
	serveDir  = "LOSSATLAS_TEST_SERVE_DIR"
	servePort = "LOSSATLAS_TEST_SERVE_PORT"

	roleTemporal = "temporal"
	roleS3       = "s3"
	roleS3Users  = "s3 of several users"

	accessKey, secretKey = "chaos", "chaos-secret"
)

// init makes a server of a process that was started as one.
func init() {
	if role := os.Getenv(serveRole); role != "" {
		if err := runServer(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// runServer runs a server until its standard input is closed.
func runServer(role string) error {
	if role == roleWorkers {
		return runWorkers()
	}
	number, err := strconv.Atoi(os.Getenv(servePort))
	if err != nil {
		return err
	}
	dir := os.Getenv(serveDir)
	failed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	if role == roleS3Users {
		go func() { failed <- serveUsers(filepath.Join(dir, "objects"), loopback.Address(number)) }()
		return <-failed
	}
	if role == roleS3 {
		srv, err := s3.Start(context.Background(), s3.Options{Dir: filepath.Join(dir, "objects"), Addr: loopback.Address(number), AccessKey: accessKey, SecretKey: secretKey})
		if err != nil {
			return err
		}
		go func() { <-srv.Done(); failed <- errors.New("the S3 server ended by itself") }()
		return <-failed
	}
	srv, err := embedded.StartTemporal(context.Background(), embedded.Options{
		DBPath: filepath.Join(dir, "temporal.db"), FrontendPort: number, Log: zerolog.New(os.Stderr).Level(zerolog.WarnLevel).With().Timestamp().Logger(),
	})
	if err != nil {
		return err
	}
	go func() { <-srv.Failed(); failed <- srv.Err() }()
	return <-failed
}

// serverCommand is the command of a server process.
func serverCommand(role, dir string, number int) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), serveRole+"="+role, serveDir+"="+dir, servePort+"="+strconv.Itoa(number))
	return cmd
}

// serverPort is a port that no one listens on and that no outgoing connection is
// given while its server is down: from below the range of those.
func serverPort(t testing.TB) int {
	t.Helper()
	for range 100 {
		n := 20_000 + rand.IntN(10_000)
		if loopback.CheckPort("a server", loopback.Address(n)) == nil {
			return n
		}
	}
	t.Fatal("no free port from 20000 to 29999")
	return 0
}

// member is one program of the chaos run. It is started again whenever it ends,
// as a service manager would, or a user.
type member struct {
	name    string
	command func() *exec.Cmd
	dir     string // of its logs

	mu    sync.Mutex
	lives []*life
	stop  bool
	over  chan struct{} // closed when it is not started again
}

// life is one run of a process.
type life struct {
	cmd            *exec.Cmd
	stdout, stderr string // files
	began, ended   time.Time
	killed         bool
	down           time.Duration // to stay down after the kill
	code           int
}

// start begins the first life; done says, at the end of each, that it was the last.
func start(t testing.TB, name, dir string, command func() *exec.Cmd, done func(*life) bool) *member {
	t.Helper()
	p := &member{name: name, command: command, dir: dir, over: make(chan struct{})}
	first, err := p.begin()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.over)
		for l := first; !p.await(l, done); {
			if l, err = p.begin(); err != nil {
				t.Errorf("start %s again: %v", name, err)
				return
			}
		}
	}()
	t.Cleanup(p.end)
	return p
}

func (p *member) begin() (*life, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	base := filepath.Join(p.dir, fmt.Sprintf("%s-%03d", strings.ReplaceAll(p.name, " ", "-"), len(p.lives)+1))
	l := &life{cmd: p.command(), stdout: base + ".out", stderr: base + ".log", began: time.Now()}
	if p.stop {
		return l, nil // await sees it
	}
	out, err := os.Create(l.stdout)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	errs, err := os.Create(l.stderr)
	if err != nil {
		return nil, err
	}
	defer errs.Close()
	l.cmd.Stdout, l.cmd.Stderr = out, errs
	if _, err := l.cmd.StdinPipe(); err != nil { // closed at the latest by the end of this process
		return nil, err
	}
	if l.cmd.SysProcAttr == nil {
		l.cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	l.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	p.lives = append(p.lives, l)
	return l, nil
}

// await waits for the end of a life, and then until the next may begin; true if there is no next life.
func (p *member) await(l *life, done func(*life) bool) bool {
	if l.cmd.Process != nil {
		_ = l.cmd.Wait() // how it ended is in its state
	}
	p.mu.Lock()
	stop, down := p.stop, time.Second
	if l.killed {
		down = l.down
	}
	if l.cmd.ProcessState != nil {
		l.ended, l.code = time.Now(), l.cmd.ProcessState.ExitCode()
	}
	p.mu.Unlock()
	if stop || done != nil && done(l) {
		return true
	}
	time.Sleep(down)
	return false
}

// kill ends the process wherever it is, to stay down for a while; false if it is down already.
func (p *member) kill(down time.Duration) bool { return p.fell(syscall.SIGKILL, down) }

// fell is kill by some signal.
func (p *member) fell(by syscall.Signal, down time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lives[len(p.lives)-1]
	if l.killed || !l.ended.IsZero() {
		return false
	}
	l.killed, l.down = true, down
	return l.cmd.Process.Signal(by) == nil
}

// end kills the process for good.
func (p *member) end() {
	p.mu.Lock()
	p.stop = true
	_ = p.lives[len(p.lives)-1].cmd.Process.Kill() // it may have ended
	p.mu.Unlock()
	<-p.over
}

// last is the latest life.
func (p *member) last() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lives[len(p.lives)-1]
}

// awaitWord waits until the process has said something.
func (p *member) awaitWord(t testing.TB, word string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(p.last().stderr)
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Contains(b, []byte(word)):
			return
		case time.Now().After(end):
			t.Fatalf("%s does not say %q, but: %s", p.name, word, b)
		}
	}
}

// kills is how often the process was killed.
func (p *member) kills() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lives {
		if l.killed {
			n++
		}
	}
	return n
}

// gaveUp lists the lives that ended by themselves and with an error.
func (p *member) gaveUp() (out []*life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lives {
		if !l.killed && l.code > 0 {
			out = append(out, l)
		}
	}
	return out
}

// said counts the lines in all its logs that have a word.
func (p *member) said(word string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lives {
		b, err := os.ReadFile(l.stderr)
		if err != nil {
			continue // it has not said anything
		}
		for line := range bytes.Lines(b) {
			if bytes.Contains(line, []byte(word)) {
				n++
			}
		}
	}
	return n
}

// lastLine is the last line of a file that has something in it.
func lastLine(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	b = bytes.TrimSpace(b)
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}
