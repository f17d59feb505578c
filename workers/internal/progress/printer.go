package progress

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/escape"
)

// Printer tells a person how a sweep goes on. It is also a writer, for log
// lines that appear meanwhile.
type Printer interface {
	io.Writer
	// Show takes the next snapshot.
	Show(Snapshot, Estimate)
	// Say prints a line of its own.
	Say(format string, args ...any)
	// Close removes what was drawn to be redrawn.
	Close()
}

// every is how often a long step is mentioned where lines can't be redrawn.
const every = 10 * time.Second

// Plain prints one line per change, and one now and then for long steps.
type Plain struct {
	mu    sync.Mutex
	out   io.Writer
	state map[string]string
	told  time.Time
}

// NewPlain prints to out, for a file or a pipe, what it is given: a terminal has [escape.Writer] before it.
func NewPlain(out io.Writer) *Plain { return &Plain{out: out, state: map[string]string{}} }

// Write passes on what the log says.
func (p *Plain) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// Say prints a line.
func (p *Plain) Say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// Close does nothing: nothing was drawn to be redrawn.
func (p *Plain) Close() {}

// Show prints what changed.
func (p *Plain) Show(s Snapshot, e Estimate) {
	lines := changes(p.state, s)
	if len(lines) > 0 {
		p.told = s.At
	}
	if p.told.IsZero() {
		p.told = s.At
	}
	if len(lines) == 0 && s.At.Sub(p.told) >= every && s.Count(artifacts.StateRunning)+s.Ready() > 0 {
		p.told = s.At
		for _, step := range s.Steps {
			if (step.State == artifacts.StateRunning || step.Ready) && (step.Fraction > 0 || step.Retry != "") {
				lines = append(lines, step.ID+": "+Detail(step))
			}
		}
		lines = append(lines, Summary(s, e))
	}
	for _, line := range lines {
		p.Say("%s", line)
	}
}

// changes returns a line for every step that is in another state than before,
// and remembers it. Cached steps are counted in one line, and those that will not run for
// the same cause. Steps that take turns at one worker are not mentioned each time, and what
// a stopped sweep leaves is for its end to say.
func changes(before map[string]string, s Snapshot) []string {
	var lines, causes []string
	cached, notRun := 0, map[string]int{}
	for _, step := range s.Steps {
		old, ok := before[step.ID]
		if old == step.State || step.Ready || !ok && step.State == artifacts.StateWaiting {
			continue
		}
		before[step.ID] = step.State
		switch step.State {
		case artifacts.StateCached:
			cached++
		case artifacts.StateNotRun:
			if notRun[step.Error]++; step.Error != "" && notRun[step.Error] == 1 {
				causes = append(causes, step.Error)
			}
		case artifacts.StateInterrupted:
		default:
			lines = append(lines, Change(step))
		}
	}
	for _, cause := range causes {
		lines = append(lines, fmt.Sprintf("%d %s not run because %s", notRun[cause], plural(notRun[cause], "step", "steps"), cause))
	}
	if cached > 0 {
		lines = append([]string{fmt.Sprintf("%d %s in the cache", cached, plural(cached, "step is", "steps are"))}, lines...)
	}
	return lines
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Live redraws a few lines at the bottom of a terminal: what runs, and the sum.
type Live struct {
	mu    sync.Mutex
	out   io.Writer
	width func() int
	state map[string]string
	drawn int      // lines on the screen
	lines []string // what they say
	held  []byte   // an incomplete line of the log
}

// NewLive draws on a terminal; width is asked for its current width. Nothing that is said or shown steers the
// terminal; what is written, the log with its colours, is passed on.
func NewLive(out io.Writer, width func() int) *Live {
	return &Live{out: out, width: width, state: map[string]string{}}
}

// shownSteps is how many running steps have a line.
const shownSteps = 6

// Write prints whole lines of the log above the drawing.
func (l *Live) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, b...)
	if i := bytes.LastIndexByte(l.held, '\n'); i >= 0 {
		whole := string(l.held[:i+1])
		l.held = append([]byte(nil), l.held[i+1:]...)
		return len(b), l.draw(whole, l.lines)
	}
	return len(b), nil
}

// Say prints a line above the drawing.
func (l *Live) Say(format string, args ...any) {
	_, _ = io.WriteString(l, escape.Text(fmt.Sprintf(format+"\n", args...))) // a terminal that is gone can't be told
}

// Close removes the drawing.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.draw("", nil) // a terminal that is gone needs no clearing
}

// Show redraws. Steps that ended since the last time are printed above, where they stay.
func (l *Live) Show(s Snapshot, e Estimate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var above strings.Builder
	for _, line := range changes(l.state, s) {
		if !strings.HasSuffix(line, ": "+artifacts.StateRunning) {
			above.WriteString(escape.Text(line) + "\n")
		}
	}
	_ = l.draw(above.String(), drawing(s, e, l.width()-1)) // a terminal that is gone can't be told
}

// drawing is the lines to be redrawn, of width characters.
func drawing(s Snapshot, e Estimate, width int) []string {
	if width <= 0 { // not known
		width = math.MaxInt32
	}
	var running []Step
	names := 0
	for _, step := range s.Steps {
		switch {
		case step.State != artifacts.StateRunning && !step.Ready:
		case len(running) == shownSteps || step.Ready && step.Fraction == 0 && step.Retry == "": // in the queue
		default:
			running = append(running, step)
			names = max(names, utf8.RuneCountInString(step.ID))
		}
	}
	var lines []string
	for _, step := range running {
		lines = append(lines, "  "+Line(step, e, min(names, 48), width-2))
	}
	return append(lines, shortSummary(s, e, width))
}

// draw replaces the drawing: it goes back to its first line, clears to the end
// of the screen, and prints text above the new one.
func (l *Live) draw(above string, lines []string) error {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", l.drawn)
	}
	b.WriteString(above)
	width := l.width()
	for _, line := range lines {
		b.WriteString(Clip(escape.Line(line), width-1) + "\n")
	}
	l.lines, l.drawn = lines, len(lines)
	_, err := io.WriteString(l.out, b.String())
	return err
}
