package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lossatlas/activities/safetensors"
)

// folderWatch is `watch-folder` while it runs.
type folderWatch struct {
	*process
	lines  chan string // of standard output
	errors string      // path of standard error
}

func watchFolder(t *testing.T, home string, args ...string) *folderWatch {
	t.Helper()
	w := &folderWatch{lines: make(chan string, 100), errors: filepath.Join(t.TempDir(), "stderr")}
	errors, err := os.Create(w.errors)
	if err != nil {
		t.Fatal(err)
	}
	defer errors.Close()
	w.process = &process{command(t.Context(), home, append([]string{"watch-folder", "--no-open", "--output", "jsonl"}, args...)...), t}
	w.Stderr = errors
	out, err := w.StdoutPipe()
	if err == nil {
		err = w.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	go func() {
		defer close(w.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			w.lines <- s.Text()
		}
	}()
	return w
}

// said is standard error so far.
func (w *folderWatch) said() string {
	b, err := os.ReadFile(w.errors)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// await waits for the lines of mapped checkpoints.
func (w *folderWatch) await(names ...string) {
	w.t.Helper()
	for _, name := range names {
		select {
		case line, ok := <-w.lines:
			var e struct {
				Name      string
				TrainLoss *float64 `json:"train_loss"`
				TestError *float64 `json:"test_error"`
				Flatness  map[string]any
			}
			if !ok || json.Unmarshal([]byte(line), &e) != nil || e.Name != "import="+name || e.TrainLoss == nil || e.TestError == nil || e.Flatness["surface-train"] == nil {
				w.t.Fatalf("the line is %q, want losses and flatness of %s; it said\n%s", line, name, w.said())
			}
		case <-time.After(4 * time.Minute):
			w.t.Fatalf("%s is not mapped; it said\n%s", name, w.said())
		}
	}
}

// page is the page that it serves.
func (w *folderWatch) page() string {
	w.t.Helper()
	_, link, _ := strings.Cut(w.said(), "the page: ")
	link, _, _ = strings.Cut(link, "\n")
	_, body := fetch(w.t, at(w.t, link, "/sweeps/runs/page"))
	return body
}

// end interrupts it.
func (w *folderWatch) end() {
	w.t.Helper()
	if err := w.Process.Signal(syscall.SIGINT); err != nil {
		w.t.Fatal(err)
	}
	for range w.lines {
		w.t.Error("it printed more after the interrupt")
	}
	if err := w.Wait(); err != nil {
		w.t.Errorf("it ended with %v:\n%s", err, w.said())
	}
}

// TestWatchFolder: checkpoints are mapped as they appear, one of them written in two halves, and the page shows each. A checkpoint that was deleted
// keeps its maps, and after a restart only the new one is computed.
func TestWatchFolder(t *testing.T) {
	home, folder := t.TempDir(), t.TempDir()
	file := filepath.Join(folder, "runs.yaml")
	text := `name: runs
dataset: {name: shapes10, train: 64, test: 64}
networks: {tiny: [avgpool, flatten, {linear: 10, name: fc}]}
train: {net: tiny}
maps: [{kind: line, points: 3, splits: [train]}, {kind: surface, resolution: 3}]
plots: []
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := filepath.Join(folder, "runs")
	checkpoint := func(epoch int) []byte {
		w := make([]float32, 30)
		for i := range w {
			w[i] = float32((i*7+epoch)%5) - 2
		}
		b, err := safetensors.Encode([]safetensors.Tensor{{Name: "fc.weight", Shape: []int{10, 3}, Data: w}, {Name: "fc.bias", Shape: []int{10}, Data: w[:10]}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	write := func(epoch int, b []byte) {
		f, err := os.OpenFile(filepath.Join(runs, fmt.Sprintf("epoch_%d.safetensors", epoch)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}

	w := watchFolder(t, home, runs, file) // before the folder is there
	if err := os.Mkdir(runs, 0o700); err != nil {
		t.Fatal(err)
	}
	write(9, checkpoint(9))
	w.await("epoch_9.safetensors")
	before := w.page()
	half := checkpoint(10)
	write(10, half[:len(half)/2])
	time.Sleep(3 * time.Second)
	write(10, half[len(half)/2:])
	w.await("epoch_10.safetensors")
	if after := w.page(); !strings.Contains(before, "epoch_9.") || strings.Contains(before, "epoch_10.") || !strings.Contains(after, "epoch_9.") || !strings.Contains(after, "epoch_10.") {
		t.Error("the page does not grow with the folder")
	}
	if strings.Contains(w.said(), "it is tried again") {
		t.Errorf("it complained of half a file:\n%s", w.said())
	}
	w.end()

	if err := os.Remove(filepath.Join(runs, "epoch_9.safetensors")); err != nil {
		t.Fatal(err)
	}
	w = watchFolder(t, home, runs, file)
	w.await("epoch_9.safetensors", "epoch_10.safetensors")
	write(11, checkpoint(11))
	w.await("epoch_11.safetensors")
	w.end()
	computed := regexp.MustCompile(`(?m)^(\S+): done in`).FindAllStringSubmatch(w.said(), -1)
	if i := slices.IndexFunc(computed, func(m []string) bool {
		return strings.Contains(m[1], "epoch_9.") || strings.Contains(m[1], "epoch_10.")
	}); i >= 0 || len(computed) == 0 {
		t.Errorf("the restart computed again what was there, or nothing:\n%s", w.said())
	}
	var rows []struct{ Name, State string }
	stdout, _, _ := invoke(t, home, "show", "runs", "--output", "json")
	if decode(t, stdout, &rows); len(rows) != 3 || rows[0].Name != "import=epoch_9.safetensors" || rows[2].Name != "import=epoch_11.safetensors" || rows[2].State != "done" {
		t.Errorf("show has %+v", rows)
	}
}
