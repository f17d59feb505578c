package progress

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lossatlas/artifacts"
)

// Duration writes a time span for people: "0.3 s", "12 s", "3 min 20 s", "2 h 05 min".
func Duration(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 0:
		return "0 s"
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	case s < 3600-30:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// Left writes the time left, rounded as an estimate is.
func Left(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%d s left", int(math.Ceil(d.Seconds())))
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s left", int(d.Round(5*time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min left", int(d.Round(time.Minute).Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h left", d.Hours())
	}
	return fmt.Sprintf("%.1f days left", d.Hours()/24)
}

// Summary is a sweep in one line: "3/21 steps done, 1 running, 2 min left".
func Summary(s Snapshot, e Estimate) string { return strings.Join(summary(s, e), ", ") }

// summary returns the parts of Summary: the steps done, their states, and the time left, if known.
func summary(s Snapshot, e Estimate) []string {
	parts := []string{fmt.Sprintf("%d/%d steps done", s.Count(artifacts.StateCached, artifacts.StateRan), len(s.Steps))}
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	for _, state := range []string{artifacts.StateCached, artifacts.StateFailed, artifacts.StateInterrupted, artifacts.StateNotRun} {
		add(s.Count(state), state)
	}
	add(s.Count(artifacts.StateRunning), "running")
	add(s.queued(), "queued")
	add(s.unserved(), "waiting for a worker")
	if e.Known && s.count(Step.Over) < len(s.Steps) && e.Left > 0 {
		parts = append(parts, "about "+Left(e.Left))
	}
	return parts
}

// shortSummary is Summary in width characters: it drops the first states that don't fit.
func shortSummary(s Snapshot, e Estimate, width int) string {
	parts := summary(s, e)
	for len(parts) > 2 && utf8.RuneCountInString(strings.Join(parts, ", ")) > width {
		parts = slices.Delete(parts, 1, 2)
	}
	return strings.Join(parts, ", ")
}

// Doing is the state of a sweep in words: a running one may wait for a worker.
func Doing(state string, s Snapshot) string {
	switch {
	case state != artifacts.StateRunning || s.Count(artifacts.StateRunning) > 0:
		return state
	case s.unserved() > 0:
		return "waits for a worker"
	case s.queued() > 0:
		return "queued"
	}
	return state
}

// Bar draws a fraction with width characters.
func Bar(fraction float64, width int) string {
	if math.IsNaN(fraction) {
		fraction = 0
	}
	n := int(math.Round(min(max(fraction, 0), 1) * float64(width)))
	return strings.Repeat("█", n) + strings.Repeat("░", width-n)
}

// barWidth is the width of a bar where there is room, minBar the least useful one.
const barWidth, minBar = 20, 4

// join joins the parts that are not empty.
func join(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}

// Line shows a ready or running step in width characters; nameWidth is the width of the column of names. Where there is
// little room, the bar shrinks first, then the middle of the name is cut, down to a quarter of the width.
func Line(s Step, e Estimate, nameWidth, width int) string {
	percent, left := "", ""
	if s.Fraction > 0 {
		percent = fmt.Sprintf("%3.0f %%", math.Floor(100*s.Fraction))
	}
	if d, ok := e.Steps[s.ID]; ok {
		left = Left(d)
	}
	tail := " " + join("  ", percent, left, doing(s), s.Note)
	room := width - utf8.RuneCountInString(tail)
	name := pad(middle(s.ID, max(min(nameWidth, room), width/4)), min(nameWidth, max(room, width/4)))
	if bar := min(barWidth, room-1-utf8.RuneCountInString(name)); bar >= minBar {
		name += " " + Bar(s.Fraction, bar)
	}
	return Clip(name+tail, width)
}

// middle shortens a text to width characters by cutting its middle.
func middle(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return string(r[:width/2]) + "…" + string(r[len(r)-(width-1-width/2):])
}

// doing is why a ready step does not run yet.
func doing(s Step) string {
	if !s.Ready {
		return ""
	}
	wait := "waits for a worker"
	if s.Queued {
		wait = "queued"
	}
	if s.Retry != "" {
		wait += ", after: " + s.Retry
	}
	return wait
}

// Note describes a step beyond its state and progress: "epoch 2, waits for a worker".
func Note(s Step) string {
	retry, why := "", s.Error
	if s.Retry != "" && !s.Ready {
		retry = "tried again after: " + s.Retry
	}
	if s.State == artifacts.StateNotRun && why != "" {
		why = "because " + why
	}
	return join(", ", s.Note, doing(s), retry, why)
}

// Detail is Note after the progress of the step, where that is known.
func Detail(s Step) string {
	if s.Fraction == 0 {
		return Note(s)
	}
	return join(", ", fmt.Sprintf("%.0f %%", math.Floor(100*s.Fraction)), Note(s))
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// Clip cuts a line to width characters, so that it does not wrap.
func Clip(s string, width int) string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// Change is a step's new state in one line, for a log.
func Change(s Step) string {
	switch s.State {
	case artifacts.StateRan:
		return fmt.Sprintf("%s: done in %s", s.ID, Duration(time.Duration(s.Seconds*float64(time.Second))))
	case artifacts.StateFailed:
		return fmt.Sprintf("%s: failed: %s", s.ID, s.Error)
	}
	return s.ID + ": " + s.State
}
