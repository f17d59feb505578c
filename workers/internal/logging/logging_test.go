package logging_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/workers/internal/logging"
)

func TestLevels(t *testing.T) {
	var front, file bytes.Buffer
	log := logging.New(logging.Options{Stderr: &front, Level: zerolog.WarnLevel, File: &file})
	log.Debug().Msg("fine print")
	log.Warn().Msg("watch out")
	if got := front.String(); strings.Contains(got, "fine print") || !strings.Contains(got, "watch out") {
		t.Errorf("standard error has %q, want the warning alone", got)
	}
	if n := strings.Count(file.String(), "\n"); n != 2 {
		t.Errorf("the file has %d lines, want 2", n)
	}
	logging.Temporal(log).Info("polling")
	logging.Temporal(log).Warn("slow", "seconds", 3)
	if strings.Contains(file.String(), "polling") || !strings.Contains(front.String(), `"seconds":3`) {
		t.Errorf("the SDK's log: file %q, standard error %q", file.String(), front.String())
	}
}

func TestTerminal(t *testing.T) {
	var front bytes.Buffer
	log := logging.New(logging.Options{Stderr: &front, Terminal: true, Level: zerolog.InfoLevel})
	log.Info().Str("step", "train").Msg("hello")
	if got := front.String(); !strings.Contains(got, "INF hello step=train") || strings.Contains(got, "\x1b") {
		t.Errorf("%q is not for people, or coloured though no colour was asked for", got)
	}
}

// TestHostileText: nothing that is logged steers the terminal, and colours are the program's own.
func TestHostileText(t *testing.T) {
	const evil = "\x1b[2J\r\u009b\u202e"
	for _, color := range []bool{false, true} {
		var front bytes.Buffer
		log := logging.New(logging.Options{Stderr: &front, Terminal: true, Color: color, Level: zerolog.InfoLevel})
		log.Info().Str("step", evil).Err(errors.New(evil)).Strs("list", []string{evil}).Msg("hello " + evil)
		if got := front.String(); strings.Contains(got, "\x1b[2J") || strings.ContainsAny(got, "\r\u009b\u202e") || strings.Contains(got, "\x1b") != color {
			t.Errorf("in color %v: %q", color, got)
		}
	}
}

// full is a disk on which nothing fits any more.
type full struct{ tried int }

func (f *full) Write([]byte) (int, error) {
	f.tried++
	return 0, errors.New("no space left on device")
}

// TestFullDisk: a log file that can't be written is given up with one word about it.
func TestFullDisk(t *testing.T) {
	var front bytes.Buffer
	var file full
	log := logging.New(logging.Options{Stderr: &front, Level: zerolog.WarnLevel, File: &file})
	for range 3 {
		log.Warn().Msg("watch out")
	}
	if got := front.String(); strings.Count(got, "no space left") != 1 || strings.Count(got, "watch out") != 3 {
		t.Errorf("standard error has %q", got)
	}
	if file.tried != 1 {
		t.Errorf("tried %d times", file.tried)
	}
}
