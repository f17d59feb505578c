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

// Printer shows the progress of a sweep. It is also the writer of the log meanwhile.
type Printer interface {
	io.Writer
	// Show shows the next snapshot.
	Show(Snapshot, Estimate)
	// Say prints a line of its own.
	Say(format string, args ...any)
	// Close clears the drawing.
	Close()
}

// every is the interval of lines about long steps where lines can't be redrawn.
const every = 10 * time.Second

// Plain prints one line per change, and one every ten seconds for long steps.
type Plain struct {
	mu      sync.Mutex
	out     io.Writer
	state   map[string]string
	printed time.Time // by the clock of the snapshots
}

// NewPlain prints to out, a file or a pipe, unescaped: for a terminal, put [escape.Writer] before it.
func NewPlain(out io.Writer) *Plain { return &Plain{out: out, state: map[string]string{}} }

// Write prints lines of the log.
func (p *Plain) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// Say prints a line.
func (p *Plain) Say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// Close does nothing.
func (p *Plain) Close() {}

// Show prints what changed.
func (p *Plain) Show(s Snapshot, e Estimate) {
	lines := changes(p.state, s)
	if len(lines) > 0 {
		p.printed = s.At
	}
	if p.printed.IsZero() {
		p.printed = s.At
	}
	if len(lines) == 0 && s.At.Sub(p.printed) >= every && s.Count(artifacts.StateRunning)+s.Ready() > 0 {
		p.printed = s.At
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

// changes returns a line for each step with a new state, and updates the states before. Cached steps share a line, and so
// do the steps that will not run for the same cause. Steps that take turns at one worker have no line each time, and those
// that a stopped sweep interrupts have one at its end.
func changes(before map[string]string, s Snapshot) []string {
	var lines, causes []string
	cached, cachedBefore, notRun := 0, 0, map[string]int{}
	for _, step := range s.Steps {
		old, ok := before[step.ID]
		if old == artifacts.StateCached {
			cachedBefore++
		}
		if old == step.State || step.Ready || !ok && step.State == artifacts.StateWaiting {
			continue
		}
		if done := old == artifacts.StateRan || old == artifacts.StateCached; done && (step.State == artifacts.StateWaiting || step.State == artifacts.StateCached) {
			continue // the sweep runs again, with more steps
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
		what := plural(cached, "step is", "steps are")
		if cachedBefore > 0 {
			what = "more " + what
		}
		lines = append([]string{fmt.Sprintf("%d %s in the cache", cached, what)}, lines...)
	}
	return lines
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Live redraws a few lines at the bottom of a terminal: the running steps and a summary.
type Live struct {
	mu    sync.Mutex
	out   io.Writer
	width func() int
	state map[string]string
	drawn int      // lines on the screen
	lines []string // their text
	held  []byte   // an incomplete line of the log
}

// NewLive draws on a terminal of a width that may change. Show and Say escape control characters; Write does not, as the log
// has colours.
func NewLive(out io.Writer, width func() int) *Live {
	return &Live{out: out, width: width, state: map[string]string{}}
}

// shownSteps is the maximum of running steps that have a line.
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
	_, _ = io.WriteString(l, l.wrapped(fmt.Sprintf(format, args...))) // a closed terminal shows nothing
}

// wrapped breaks the lines of a text at spaces, to fit the terminal. Longer words, such as links, stay whole.
func (l *Live) wrapped(text string) string {
	width := l.width()
	if width <= 0 {
		width = math.MaxInt32
	}
	var b strings.Builder
	for line := range strings.SplitSeq(escape.Text(text), "\n") {
		used := 0
		for i, word := range strings.Split(line, " ") {
			n := utf8.RuneCountInString(word)
			switch {
			case i == 0:
			case used+1+n > width:
				b.WriteString("\n  ")
				used = 2
			default:
				b.WriteByte(' ')
				used++
			}
			b.WriteString(word)
			used += n
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Close removes the drawing.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.draw("", nil) // a closed terminal needs no clearing
}

// Show redraws, and prints the steps that ended above the drawing, where they stay.
func (l *Live) Show(s Snapshot, e Estimate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var above strings.Builder
	for _, line := range changes(l.state, s) {
		if !strings.HasSuffix(line, ": "+artifacts.StateRunning) {
			above.WriteString(l.wrapped(line))
		}
	}
	_ = l.draw(above.String(), drawing(s, e, l.width()-1)) // a closed terminal shows nothing
}

// drawing returns the lines of the drawing, of width characters at most; 0 means unknown.
func drawing(s Snapshot, e Estimate, width int) []string {
	if width <= 0 {
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

// draw replaces the drawing, and prints text above it.
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
