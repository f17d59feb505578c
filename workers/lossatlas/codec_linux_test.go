package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/loopback"
)

// secretSweep has words of its own in the names of its network, its steps and its parameters.
const secretSweep = `name: quiet
dataset: {name: shapes10, train: 256, test: 64}
networks:
  quokkanet: [{conv: 8, stride: 2, name: wombatlayer}, bn, relu, avgpool, flatten, {linear: 10}]
  numbatnet: [{conv: 4, stride: 2}, bn, relu, avgpool, flatten, {linear: 10}]
train: {net: quokkanet, epochs: 2, batch_size: 64, optimizer: {lr: 0.05}}
sweep: {train.net: [quokkanet, numbatnet]}
maps: [{kind: surface, resolution: 3, images: 64}]
plots: [contour]
`

// spoken are words of that sweep which a server without the key is not to see in payloads.
var spoken = []string{"quokkanet", "wombatlayer", "numbatnet", "shapes10", "batch_size", "contour", "/train", "sha256:"}

// dial connects to a server as someone without any key.
func (a *apart) dial(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: loopback.Address(a.temporalPort), Namespace: embedded.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// kept is everything that a Temporal server gives away, message by message: of histories, and of workflows while they run.
type kept struct {
	mu       sync.Mutex
	messages []proto.Message
}

func (k *kept) add(m proto.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.messages = append(k.messages, m)
}

// look keeps what the server says of the workflows that a query finds, with their histories if asked.
func (k *kept) look(ctx context.Context, c client.Client, query string, histories bool) error {
	list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return err
	}
	for _, w := range list.GetExecutions() {
		k.add(w)
		id, run := w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId()
		if d, err := c.DescribeWorkflowExecution(ctx, id, run); err == nil { // else it is gone
			k.add(d)
		}
		if !histories {
			continue
		}
		for events := c.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
			e, err := events.Next()
			if err != nil {
				return err
			}
			k.add(e)
		}
	}
	return nil
}

// visit calls f with every message inside m.
func visit(m protoreflect.Message, f func(protoreflect.Message)) {
	f(m)
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool { visit(v.Message(), f); return true })
		case fd.IsList() && fd.Message() != nil:
			for i := range v.List().Len() {
				visit(v.List().Get(i).Message(), f)
			}
		case fd.Message() != nil && !fd.IsMap():
			visit(v.Message(), f)
		}
		return true
	})
}

// words are those of spoken that can be read in the messages, apart from what is readable by design: search
// attributes, workflow IDs, and the sweep's name by which workers are shared.
func (k *kept) words(apart bool) (found []string) {
	for _, m := range k.messages {
		m := proto.Clone(m)
		visit(m.ProtoReflect(), func(m protoreflect.Message) {
			fields := m.Descriptor().Fields()
			for i := range fields.Len() {
				name := string(fields.Get(i).Name())
				if apart && (name == "search_attributes" || strings.HasSuffix(name, "workflow_id") || name == "fairness_key") {
					m.Clear(fields.Get(i))
				}
			}
		})
		b, err := proto.Marshal(m)
		if err != nil {
			panic(err)
		}
		for _, w := range spoken {
			if bytes.Contains(b, []byte(w)) && !slices.Contains(found, w) {
				found = append(found, w)
			}
		}
	}
	return found
}

// payloads are all that are in the messages.
func (k *kept) payloads() (out []*common.Payload) {
	for _, m := range k.messages {
		visit(m.ProtoReflect(), func(m protoreflect.Message) {
			if p, ok := m.Interface().(*common.Payload); ok && len(p.GetMetadata()["type"]) == 0 { // else a search attribute's
				out = append(out, p)
			}
		})
	}
	return out
}

// TestCodec does a sweep on servers elsewhere that are given nothing readable: its results are the same, nothing that
// the server gives away while it runs and afterwards has a word of it, and who has no key, or another one, is told so.
func TestCodec(t *testing.T) {
	plain := runSweep(t, t.TempDir(), writeSweep(t, secretSweep))
	a := newApart(t)
	file, keys, others := writeSweep(t, secretSweep), filepath.Join(a.dir, "keys"), filepath.Join(a.dir, "others")
	for _, f := range []string{keys, others} {
		if _, stderr, code := invoke(t, a.dir, "codec", "key", f); code != 0 {
			t.Fatal(stderr)
		}
	}
	user := func(home string, args ...string) (stdout, stderr string, code int) {
		return invoke(t, filepath.Join(a.dir, home), append(args, a.flags()...)...)
	}

	// A worker with another key, begun while nothing tells it so, ends at the first task and spoils nothing.
	wrong := start(t, "wrong", a.dir, func() *exec.Cmd {
		return command(context.Background(), filepath.Join(a.dir, "wrong"), append([]string{"worker", "--codec-keys", others}, a.flags()...)...)
	}, func(*life) bool { return true })
	wrong.awaitWord(t, "serving the task queues")
	if _, stderr, code := user("user", "run", file, "--detach", "--codec-keys", keys); code != 0 {
		t.Fatalf("run --detach ended with %d: %s", code, stderr)
	}
	select {
	case <-wrong.over:
	case <-time.After(time.Minute):
		t.Fatalf("a worker with another key goes on: %s", lastLine(wrong.last().stderr))
	}
	if l := wrong.last(); l.code != 2 || !strings.Contains(lastLine(l.stderr), "not among those given") {
		t.Errorf("a worker with another key ended with %d: %s", l.code, lastLine(l.stderr))
	}

	for _, c := range []struct {
		code int
		args []string
		says []string
	}{
		{1, []string{"status", "quiet"}, []string{"no keys are given", "--codec-keys"}},
		{1, []string{"show", "quiet", "--codec-keys", others}, []string{"not among those given", "LOSSATLAS_CODEC_KEYS"}},
		{2, []string{"worker"}, []string{"sweep quiet is running", "no keys are given"}},
		{2, []string{"run", file, "--codec-keys", others}, []string{"sweep quiet is running", "not among those given"}},
		{0, []string{"status", "quiet", "--codec-keys", keys}, nil},
	} {
		_, stderr, code := user("user", c.args...)
		if code != c.code {
			t.Errorf("%v ended with %d, want %d: %s", c.args, code, c.code, stderr)
		}
		for _, w := range c.says {
			if !strings.Contains(stderr, w) {
				t.Errorf("%v doesn't say %q, but: %s", c.args, w, stderr)
			}
		}
	}

	server := a.dial(t)
	var seen kept
	a.worker(t, "right", "--codec-keys", keys)
	watching, stop := context.WithCancel(t.Context())
	looked := make(chan error, 1)
	go func() {
		var err error
		for err == nil && watching.Err() == nil {
			err = seen.look(watching, server, "ExecutionStatus = 'Running'", false)
			time.Sleep(200 * time.Millisecond)
		}
		looked <- err
	}()
	_, stderr, code := user("user", "watch", "quiet", "--codec-keys", keys)
	stop()
	if err := <-looked; err != nil && watching.Err() == nil {
		t.Error(err)
	}
	if code != 0 {
		t.Fatalf("watch ended with %d: %s", code, stderr)
	}
	stdout, stderr, code := user("user", "run", file, "--output", "json", "--codec-keys", keys)
	if code != 0 {
		t.Fatalf("the run that finds all done ended with %d: %s", code, stderr)
	}
	var done outcome
	decode(t, stdout, &done)
	same(t, plain, done)
	if stdout, stderr, code := user("other", "show", "quiet"); code != 0 || !strings.Contains(stdout, "test_error") {
		t.Errorf("show of what is done, without a key, ended with %d: %s%s", code, stdout, stderr)
	}

	if err := seen.look(t.Context(), server, "", true); err != nil {
		t.Fatal(err)
	}
	if found := seen.words(false); !slices.Contains(found, "numbatnet") {
		t.Errorf("of search attributes and workflow IDs %v can be read: the test looks at the wrong place", found)
	}
	if found := seen.words(true); len(found) > 0 {
		t.Errorf("the server can read %v", found)
	}
	t.Logf("%d messages, %d payloads", len(seen.messages), len(seen.payloads()))
	checkEndpoint(t, a, keys, seen.payloads())
}

// checkEndpoint holds that `lossatlas codec` decrypts the payloads of a sweep for those who have its address.
func checkEndpoint(t *testing.T, a *apart, keys string, payloads []*common.Payload) {
	t.Helper()
	end := start(t, "codec", a.dir, func() *exec.Cmd {
		return command(context.Background(), filepath.Join(a.dir, "codec"), "codec", "--codec-keys", keys, "--listen", loopback.Address(0), "--output", "jsonl")
	}, nil)
	end.awaitWord(t, "decrypting at")
	var said struct{ Codec string }
	if err := json.Unmarshal([]byte(lastLine(end.last().stdout)), &said); err != nil {
		t.Fatal(err)
	}
	out, err := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: said.Codec}).Decode(payloads)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(out)
	for _, w := range spoken {
		if !strings.Contains(text, w) {
			t.Errorf("the decrypted payloads have no %q", w)
		}
	}
}
