package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"lossatlas/workers/internal/loopback"
)

// intrusion is the variable that makes this test binary an intruder, a process of another user. It has a home and ports as JSON.
const intrusion = "LOSSATLAS_TEST_INTRUSION"

// target is what an intruder attacks, and attempts is what came of it.
type (
	target struct {
		Home  string
		Ports []int
	}
	outcomes struct {
		Tried     int
		Succeeded []string
	}
)

func init() {
	if text := os.Getenv(intrusion); text != "" {
		var at target
		if err := json.Unmarshal([]byte(text), &at); err != nil {
			panic(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(at.attack()); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
}

// attack tries everything that another user can try without any secret.
func (a target) attack() (out outcomes) {
	try := func(what string, succeeded bool) {
		out.Tried++
		if succeeded {
			out.Succeeded = append(out.Succeeded, what)
		}
	}
	_ = filepath.WalkDir(a.Home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		_, err = os.ReadFile(path)
		try("read "+path, err == nil)
		return nil
	})
	for _, n := range a.Ports {
		for _, c := range []struct{ method, path string }{
			{http.MethodGet, "/"}, {http.MethodGet, "/sweeps.json"}, {http.MethodGet, "/healthz"}, {http.MethodGet, "/api/v1/namespaces/lossatlas/workflows"}, {http.MethodGet, "/debug/pprof/"},
			{http.MethodGet, "/metrics"}, {http.MethodPost, "/api/v1/namespaces/lossatlas/workflows/victim/terminate"}, {http.MethodGet, "/?token="}, {http.MethodGet, "/?token=x"},
		} {
			req, err := http.NewRequest(c.method, "http://"+loopback.Address(n)+c.path, strings.NewReader("{}"))
			if err != nil {
				panic(err)
			}
			req.Header.Set("Cookie", "_csrf=x; lossatlas=x")
			req.Header.Set("X-CSRF-Token", "x")
			resp, err := http.DefaultTransport.RoundTrip(req)
			try(fmt.Sprintf("%s %s at port %d", c.method, c.path, n), err == nil && resp.StatusCode < 400)
			if err == nil {
				_ = resp.Body.Close()
			}
		}
		for name, how := range map[string]credentials.TransportCredentials{"plain": insecure.NewCredentials(), "TLS": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})} {
			for _, method := range []string{"/grpc.health.v1.Health/Check", "/temporal.api.workflowservice.v1.WorkflowService/ListNamespaces", "/temporal.server.api.historyservice.v1.HistoryService/DescribeHistoryHost"} {
				err := call(loopback.Address(n), how, method)
				try(fmt.Sprintf("%s with gRPC (%s) at port %d", method, name, n), status.Code(err) != codes.Unavailable)
			}
		}
	}
	return out
}

// call calls a method with an empty message. Unavailable is the answer of what doesn't let a client in; any other comes from the service.
func call(address string, how credentials.TransportCredentials, method string) error {
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(how))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return c.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{})
}

// listening are the TCP ports that a process listens on, and the addresses that aren't loopback.
func listening(t *testing.T, pid int) (ports []int, elsewhere []string) {
	t.Helper()
	own := map[string]bool{}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			own[to] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue // no IPv6
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			const listen = "0A"
			if len(f) < 10 || f[3] != listen || !own["socket:["+f[9]+"]"] {
				continue
			}
			address, number, _ := strings.Cut(f[1], ":")
			n, err := strconv.ParseInt(number, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			ports = append(ports, int(n))
			if address != "0100007F" { // 127.0.0.1, the last byte first
				elsewhere = append(elsewhere, f[1])
			}
		}
	}
	return ports, elsewhere
}

// visitor is a browser that has opened a link.
func visitor(t *testing.T, link string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	resp, err := c.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the link %s: %s, %v", link, resp.Status, err)
	}
	if resp.Request.URL.Query().Has("token") {
		t.Errorf("the address that remains in the browser has the token: %s", resp.Request.URL)
	}
	return c
}

// temporalTool is a client with the settings of Temporal's own command line that the documentation names.
func temporalTool(t *testing.T, home, address string) (client.Client, error) {
	t.Helper()
	for _, name := range []string{"TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH"} {
		t.Setenv(name, filepath.Join(home, "tls.pem"))
	}
	opts, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{})
	if err != nil {
		return nil, err
	}
	opts.HostPort, opts.Namespace = address, "lossatlas"
	return client.Dial(opts)
}

// TestOnlyItsUserGetsIn: while `up` runs, neither another user of the machine nor a page of another site can look at
// workflows, end one, or read a file of the home, and its user can.
func TestOnlyItsUserGetsIn(t *testing.T) {
	home := t.TempDir() // one that was there before, and that others may enter
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	up := command(ctx, home, "up")
	up.Cancel = func() error { return up.Process.Signal(syscall.SIGINT) }
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = up.Wait() }()
	s := awaitUp(t, home)

	if c, err := temporalTool(t, home, s.Temporal); err != nil {
		t.Errorf("Temporal's own tools can't connect: %v", err)
	} else {
		defer c.Close()
		run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "victim", TaskQueue: "nobody"}, "anything")
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			d, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
			if err != nil || d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
				t.Errorf("the workflow is %v, %v", d.GetWorkflowExecutionInfo().GetStatus(), err)
			}
		}()
	}

	ports, elsewhere := listening(t, up.Process.Pid)
	if len(elsewhere) > 0 {
		t.Errorf("it listens at %v", elsewhere)
	}
	t.Run("another user", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("only root can start a process of another user")
		}
		if len(ports) != 7 { // S3, pages, UI, and Temporal's frontend, history, matching and worker
			t.Errorf("it listens at %d ports, want 7", len(ports))
		}
		if err := os.Chmod(filepath.Dir(home), 0o755); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(target{Home: home, Ports: ports})
		if err != nil {
			t.Fatal(err)
		}
		intruder := exec.Command("/proc/self/exe")
		intruder.Env = []string{intrusion + "=" + string(text)}
		intruder.Dir = "/"
		intruder.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		var errs bytes.Buffer
		intruder.Stderr = &errs
		stdout, err := intruder.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		var came outcomes
		decode(t, string(stdout), &came)
		if len(came.Succeeded) > 0 {
			t.Errorf("another user could\n%s", strings.Join(came.Succeeded, "\n"))
		}
		if least := 15 * len(ports); came.Tried < least+5 {
			t.Errorf("%d attempts, want more than %d and some files", came.Tried, least)
		}
	})
	t.Run("other sites", func(t *testing.T) {
		for name, link := range map[string]string{"UI": s.UI, "pages": s.Pages} {
			c := visitor(t, link)
			api := map[string]string{"UI": "/api/v1/namespaces/lossatlas", "pages": "/sweeps.json"}[name]
			for _, r := range []struct {
				what, method, path string
				header             map[string]string
				host               string
				want               []int
			}{
				{"its own page", http.MethodGet, api, map[string]string{"Sec-Fetch-Site": "same-origin"}, "", []int{200}},
				{"a program with the cookie", http.MethodGet, api, nil, "", []int{200}},
				{"a rebound name", http.MethodGet, api, nil, "evil.example", []int{403}},
				{"a rebound name that posts", http.MethodPost, "/api/v1/namespaces/lossatlas/workflows/victim/terminate", map[string]string{"Origin": "http://evil.example"}, "evil.example", []int{403}},
				{"a page elsewhere", http.MethodGet, api, map[string]string{"Sec-Fetch-Site": "cross-site"}, "", []int{403}},
				{"a page of another port", http.MethodGet, api, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, "", []int{403}},
				{"a form elsewhere", http.MethodPost, "/api/v1/namespaces/lossatlas/workflows/victim/terminate", map[string]string{"Origin": "http://evil.example"}, "", []int{403}},
				{"a form in a new tab", http.MethodPost, "/api/v1/namespaces/lossatlas/workflows/victim/terminate", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, "", []int{403}},
				{"a frame elsewhere", http.MethodGet, "/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, "", []int{403}},
			} {
				u, err := url.Parse(at(t, link, r.path))
				if err != nil {
					t.Fatal(err)
				}
				u.RawQuery = ""
				req, err := http.NewRequest(r.method, u.String(), strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				for k, v := range r.header {
					req.Header.Set(k, v)
				}
				for _, cookie := range c.Jar.Cookies(u) { // of 127.0.0.1, also for another Host
					req.AddCookie(cookie)
				}
				if r.host != "" {
					req.Host = r.host + ":" + u.Port()
				}
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || !slices.Contains(r.want, resp.StatusCode) {
					t.Errorf("%s, %s: %s, want %v\n%.300s", name, r.what, resp.Status, r.want, body)
				}
				if resp.StatusCode >= 400 && len(resp.Cookies()) > 0 {
					t.Errorf("%s, %s: sets cookies", name, r.what)
				}
			}
		}
	})
}
