package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lossatlas/activities/runner"
)

// portion is what a worker computes and stores as a whole: an epoch, a chunk, or
// a point of a Hessian map.
type portion struct {
	Key    string
	Unit   string
	Number int
}

// attempt is one beginning of a portion, as the log of the process says that
// computed it.
type attempt struct {
	portion
	life   *life
	began  time.Time
	stored bool
}

// attempts reads the logs of processes, in the order of time.
func attempts(t testing.TB, processes ...*member) []*attempt {
	t.Helper()
	var all []*attempt
	for _, p := range processes {
		for _, l := range p.lives {
			of, err := attemptsOf(l)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, of...)
		}
	}
	slices.SortStableFunc(all, func(a, b *attempt) int { return a.began.Compare(b.began) })
	return all
}

// attemptsOf reads the log of one run of a process.
func attemptsOf(l *life) (out []*attempt, err error) {
	b, err := os.ReadFile(l.stderr)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			portion
			Message string
			Time    time.Time
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // for people
		}
		switch line.Message {
		case runner.LogBegins:
			out = append(out, &attempt{portion: line.portion, life: l, began: line.Time})
		case runner.LogStored:
			for _, a := range slices.Backward(out) {
				if a.portion == line.portion {
					a.stored = true
					break
				}
			}
		}
	}
	return out, nil
}

// tallied is what all the processes of a run have computed.
type tallied struct {
	portions map[string]int // different ones, by unit
	again    map[string]int // beginnings beyond the first of each
	// toKills counts the portions that were under way in a process as it was killed; most is of one kill.
	toKills, most int
	// redone lists the portions that were stored by a process that was killed, and begun again after that.
	redone []string
}

// sum counts attempts.
func sum(all []*attempt) tallied {
	w := tallied{portions: map[string]int{}, again: map[string]int{}}
	begun, stored, lost := map[portion]int{}, map[portion]*life{}, map[*life]int{}
	for _, a := range all {
		if begun[a.portion]++; begun[a.portion] == 1 {
			w.portions[a.Unit]++
		} else {
			w.again[a.Unit]++
		}
		if by := stored[a.portion]; by != nil && by.killed && by.ended.Before(a.began.Add(time.Second)) { // the log has whole seconds
			w.redone = append(w.redone, fmt.Sprintf("%s %d of %s", a.Unit, a.Number, a.Key[:12]))
		}
		if a.stored {
			stored[a.portion] = a.life
		}
	}
	for i, a := range all { // what was not begun again was stored, though a full disk had no room for the line that says so
		again := slices.ContainsFunc(all[i+1:], func(b *attempt) bool { return b.portion == a.portion })
		if !a.stored && a.life.killed && again {
			lost[a.life]++
		}
	}
	for _, n := range lost {
		w.toKills += n
		w.most = max(w.most, n)
	}
	return w
}

// total is the number of beginnings beyond the first.
func (w tallied) total() (n int) {
	for _, k := range w.again {
		n += k
	}
	return n
}

// tally writes counts for people: "1 chunk, 3 epochs".
func tally(counts map[string]int) string {
	var parts []string
	for _, unit := range slices.Sorted(maps.Keys(counts)) {
		part := fmt.Sprintf("%d %s", counts[unit], unit)
		if counts[unit] != 1 {
			part += "s"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
