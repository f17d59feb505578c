package home_test

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/loopback"
)

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func addresses(t *testing.T) home.Addresses {
	return home.Addresses{
		Temporal:  listen(t, loopback.Address(0)).Addr().String(),
		Namespace: "lossatlas",
		UI:        "http://127.0.0.1:1/",
		S3:        artifacts.Config{Endpoint: listen(t, loopback.Address(0)).Addr().String(), AccessKey: "a", SecretKey: "s", Bucket: "b"},
	}
}

func TestPublishedServicesAreFound(t *testing.T) {
	h := open(t)
	if _, ok := h.Running(); ok {
		t.Fatal("a new home has services")
	}
	want := addresses(t)
	if err := h.Publish(want); err != nil {
		t.Fatal(err)
	}
	got, ok := h.Running()
	if !ok {
		t.Fatal("published services are not found")
	}
	want.PID, want.Host = os.Getpid(), got.Host
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if m := mode(t, h.Path("services.json")); m != 0o600 {
		t.Errorf("mode %o, want 600: it holds a secret", m)
	}
	if err := h.Withdraw(); err != nil {
		t.Fatal(err)
	}
	if _, ok := h.Running(); ok {
		t.Error("withdrawn services are found")
	}
	if err := h.Withdraw(); err != nil {
		t.Errorf("a second Withdraw: %v", err)
	}
}

func TestStaleServicesAreIgnored(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	closed := listen(t, loopback.Address(0))
	closed.Close()
	for name, change := range map[string]func(*home.Addresses){
		"process gone":     func(a *home.Addresses) { a.PID = dead.Process.Pid },
		"no process":       func(a *home.Addresses) { a.PID = 0 },
		"every process":    func(a *home.Addresses) { a.PID = -1 },
		"another machine":  func(a *home.Addresses) { a.Host += "-other" },
		"no Temporal":      func(a *home.Addresses) { a.Temporal = closed.Addr().String() },
		"no S3":            func(a *home.Addresses) { a.S3.Endpoint = closed.Addr().String() },
		"nothing at all":   func(a *home.Addresses) { *a = home.Addresses{} },
		"address unusable": func(a *home.Addresses) { a.Temporal = "::" },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			if err := h.Publish(addresses(t)); err != nil {
				t.Fatal(err)
			}
			a, ok := h.Running()
			if !ok {
				t.Fatal("not found even before the change")
			}
			change(&a)
			data, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(h.Path("services.json"), data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, ok := h.Running(); ok {
				t.Error("stale services are taken for running ones")
			}
		})
	}
}

// TestWatched: a watched folder is known until its process ends.
func TestWatched(t *testing.T) {
	h := open(t)
	done, err := h.Watch("runs", "/folder")
	if err != nil {
		t.Fatal(err)
	}
	if got, other := h.Watched("runs"), h.Watched("others"); got != "/folder" || other != "" {
		t.Errorf("the sweeps watch %q and %q", got, other)
	}
	file := h.Path("watching", "runs.json")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	done()
	if got := h.Watched("runs"); got != "" {
		t.Errorf("after the end it watches %q", got)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(strconv.Itoa(os.Getpid())), []byte(strconv.Itoa(gone.Process.Pid)), 1)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := h.Watched("runs"); got != "" {
		t.Errorf("after its process was killed it watches %q", got)
	}
}

func TestTheLockHasOneOwner(t *testing.T) {
	h := open(t)
	release, ok, err := h.Lock()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := h.Lock(); ok || err != nil {
		t.Errorf("a second owner: %v, %v", ok, err)
	}
	other, ok, err := open(t).Lock()
	if err != nil || !ok {
		t.Errorf("another home is locked too: %v, %v", ok, err)
	}
	other()
	release()
	release()
	again, ok, err := h.Lock()
	if err != nil || !ok {
		t.Fatalf("the lock was not given back: %v, %v", ok, err)
	}
	again()
}

// TestKilledOwnerLeavesNoLock runs this test binary as a second process that
// takes the lock, publishes, and is killed.
func TestKilledOwnerLeavesNoLock(t *testing.T) {
	if dir := os.Getenv("HOME_TEST_OWNER"); dir != "" {
		ownAndHang(t, dir)
	}
	h := open(t)
	child := exec.Command(os.Args[0], "-test.run=^TestKilledOwnerLeavesNoLock$")
	child.Env = append(os.Environ(), "HOME_TEST_OWNER="+h.Dir())
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill()
	a, ok := h.Running()
	for end := time.Now().Add(20 * time.Second); !ok && time.Now().Before(end); a, ok = h.Running() {
		time.Sleep(100 * time.Millisecond)
	}
	if !ok || a.PID != child.Process.Pid {
		t.Fatalf("the child's services did not come up: %+v, %v", a, ok)
	}
	if _, ok, _ := h.Lock(); ok {
		t.Fatal("got the lock that the child holds")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if _, ok := h.Running(); ok {
		t.Error("a killed process is taken for a running one")
	}
	release, ok, err := h.Lock()
	if err != nil || !ok {
		t.Fatalf("a killed process keeps the lock: %v, %v", ok, err)
	}
	release()
}

func ownAndHang(t *testing.T, dir string) {
	h, err := home.Open(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := h.Lock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := h.Publish(addresses(t)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	t.Fatal("nobody killed this process")
}

func TestPortsAreRemembered(t *testing.T) {
	h := open(t)
	log := zerolog.New(zerolog.NewTestWriter(t))
	first, err := h.Ports(log)
	if err != nil {
		t.Fatal(err)
	}
	if first.Temporal == 0 || first.UI == 0 || first.S3 == 0 || first.Temporal == first.S3 || first.UI == first.S3 {
		t.Fatalf("chose %+v", first)
	}
	again, err := h.Ports(log)
	if err != nil || again != first {
		t.Errorf("got %+v (%v), want %+v again", again, err, first)
	}
}

func TestATakenRememberedPortIsReplacedWithAWord(t *testing.T) {
	h := open(t)
	first, err := h.Ports(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	listen(t, loopback.Address(first.UI))
	var said bytes.Buffer
	now, err := h.Ports(zerolog.New(&said))
	if err != nil {
		t.Fatal(err)
	}
	if now.UI == first.UI || now.UI == 0 {
		t.Errorf("UI port %d, was %d and is taken", now.UI, first.UI)
	}
	if now.Temporal != first.Temporal || now.S3 != first.S3 {
		t.Errorf("the other ports changed: %+v, were %+v", now, first)
	}
	if !strings.Contains(said.String(), strconv.Itoa(first.UI)) || !strings.Contains(said.String(), `"level":"warn"`) {
		t.Errorf("said %q", said.String())
	}
	if kept, err := h.Ports(zerolog.Nop()); err != nil || kept != now {
		t.Errorf("got %+v (%v), want %+v kept", kept, err, now)
	}
}

func TestDamagedPortsAreChosenAgain(t *testing.T) {
	h := open(t)
	if err := os.WriteFile(h.Path("ports.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	got, err := h.Ports(zerolog.New(&said))
	if err != nil || got.Temporal == 0 {
		t.Errorf("got %+v (%v)", got, err)
	}
	if !strings.Contains(said.String(), "ports.json") {
		t.Errorf("said %q", said.String())
	}
}
