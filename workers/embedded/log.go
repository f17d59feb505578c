package embedded

import (
	"fmt"
	"runtime"

	"github.com/rs/zerolog"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// serverLog passes the server's log to zerolog. fatal gets the errors for which the server would end the process, and a
// damaged database, which the server would retry for ever.
type serverLog struct {
	zl    zerolog.Logger
	fatal func(error)
}

var (
	_ log.Logger     = serverLog{}
	_ log.WithLogger = serverLog{}
)

func (l serverLog) Debug(msg string, tags ...tag.Tag) { send(l.zl.Debug(), msg, tags) }
func (l serverLog) Info(msg string, tags ...tag.Tag)  { send(l.zl.Info(), msg, tags) }
func (l serverLog) Warn(msg string, tags ...tag.Tag)  { l.watch(tags); send(l.zl.Warn(), msg, tags) }
func (l serverLog) Error(msg string, tags ...tag.Tag) { l.watch(tags); send(l.zl.Error(), msg, tags) }

// watch looks for a damaged database among the server's errors.
func (l serverLog) watch(tags []tag.Tag) {
	for _, t := range tags {
		if text, ok := plain(t.Value()).(string); ok && isDamage(text) {
			l.fatal(damaged(text))
		}
	}
}

// damaged is the error of a database that the server found damaged.
func damaged(text string) error {
	return fmt.Errorf("%w (%s); it is set aside now, and the same command begins a new one: the histories of earlier runs are lost, finished steps and results are not", ErrDamaged, text)
}

// DPanic is for "can't happen" states, which panic only in builds of the server's developers.
func (l serverLog) DPanic(msg string, tags ...tag.Tag) { send(l.zl.Error(), msg, tags) }

// Panic logs and panics, as its callers rely on.
func (l serverLog) Panic(msg string, tags ...tag.Tag) {
	send(l.zl.Error(), msg, tags)
	panic(msg)
}

// Fatal reports the failure and ends the calling goroutine: callers rely on Fatal not returning.
func (l serverLog) Fatal(msg string, tags ...tag.Tag) {
	l.watch(tags)
	send(l.zl.Error(), msg, tags)
	err := fmt.Errorf("the Temporal server failed: %s", msg)
	for _, t := range tags {
		if cause, ok := t.Value().(error); ok {
			err = fmt.Errorf("%w: %w", err, cause)
		} else if t.Key() == "error" {
			err = fmt.Errorf("%w: %v", err, t.Value())
		}
	}
	l.fatal(err)
	runtime.Goexit()
}

// With returns a logger that adds tags to every line.
func (l serverLog) With(tags ...tag.Tag) log.Logger {
	c := l.zl.With()
	for _, t := range tags {
		c = c.Interface(t.Key(), plain(t.Value()))
	}
	return serverLog{zl: c.Logger(), fatal: l.fatal}
}

func send(e *zerolog.Event, msg string, tags []tag.Tag) {
	if e == nil {
		return
	}
	for _, t := range tags {
		e = e.Interface(t.Key(), plain(t.Value()))
	}
	e.Msg(msg)
}

// plain gives errors their text, which JSON would drop.
func plain(v any) any {
	if err, ok := v.(error); ok {
		return err.Error()
	}
	return v
}
