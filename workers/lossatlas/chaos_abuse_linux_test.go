package main_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// abuse is what is done to a cluster while a sweep runs on it.
type abuse struct {
	*cluster
	t       *testing.T
	rand    *rand.Rand
	disk    *disk          // nil if none can be filled
	done    map[string]int // beside kills
	lasting sync.WaitGroup // what still runs
}

// deed is one thing that is done; while is a random time for it to last.
type deed func(a *abuse, while time.Duration)

// do does everything in a random order, at random intervals that together are
// shorter than the undisturbed run, and waits for its end. What remains when the
// sweep is done is left out.
func (a *abuse) do(kills int, undisturbed time.Duration) {
	defer a.lasting.Wait()
	deeds := a.deeds(kills)
	interval := 0.7 * float64(undisturbed) / float64(len(deeds))
	for _, d := range deeds {
		next := time.Duration((0.4 + 1.2*a.rand.Float64()) * interval)
		while := 200*time.Millisecond + time.Duration(a.rand.Int64N(int64(2*time.Second)))
		select {
		case <-a.client.over:
			return
		case <-time.After(next):
			d(a, while)
		}
	}
}

// deeds are kills of all kinds, the first in a training, with cuts and slow
// periods among them, and once a full disk.
func (a *abuse) deeds(kills int) []deed {
	kinds := []deed{killTraining, killTemporal, killS3, killWorker, killClient, killWorker, killTemporal}
	var all []deed
	for i := range kills {
		all = append(all, kinds[i%len(kinds)])
		switch i % 4 {
		case 1:
			all = append(all, cut)
		case 2:
			all = append(all, slow)
		}
	}
	all = append(all, fill)
	rest := all[1:]
	a.rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return all
}

func killWorker(a *abuse, while time.Duration)   { a.kill(a.workers[a.rand.IntN(2)], while) }
func killTemporal(a *abuse, while time.Duration) { a.kill(a.temporal, while) }
func killS3(a *abuse, while time.Duration)       { a.kill(a.s3, while) }
func killClient(a *abuse, while time.Duration)   { a.kill(a.client, while) }

// killTraining kills a worker that is past the second epoch of a training, or any after a while.
func killTraining(a *abuse, while time.Duration) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, p := range a.workers {
			done, err := attemptsOf(p.last())
			if n := len(done); err == nil && n > 0 && done[n-1].Unit == "epoch" && done[n-1].Number > 2 && !done[n-1].stored && p.kill(while) {
				a.tell("killed %s in epoch %d, for %.1f s", p.name, done[n-1].Number, while.Seconds())
				return
			}
		}
	}
	killWorker(a, while)
}

// kill kills a process, once it is there to be killed, unless the sweep is done.
func (a *abuse) kill(p *member, down time.Duration) {
	for {
		select {
		case <-a.client.over:
			return
		case <-time.After(20 * time.Millisecond):
			if p.kill(down) {
				a.tell("killed %s, for %.1f s", p.name, down.Seconds())
				return
			}
		}
	}
}

// tell says what was done, and when.
func (a *abuse) tell(format string, args ...any) {
	a.t.Helper()
	a.t.Logf("%5.1f s: "+format, append([]any{time.Since(a.began).Seconds()}, args...)...)
}

// name of a way, for people.
func (a *abuse) name(way *proxy) string {
	if way == a.toS3 {
		return "S3"
	}
	return "Temporal"
}

// way is one of the two ways to a server.
func (a *abuse) way() *proxy {
	if a.rand.IntN(2) == 0 {
		return a.toTemporal
	}
	return a.toS3
}

func cut(a *abuse, _ time.Duration) {
	way := a.way()
	a.tell("cut %d connections to %s", way.cut()/2, a.name(way))
	a.done["cut"]++
}

// slowRate is how many bytes per second pass in a slow period.
const slowRate = 32 << 10

func slow(a *abuse, while time.Duration) {
	way := a.way()
	delay := time.Duration(50+a.rand.IntN(250)) * time.Millisecond
	way.slow(delay, slowRate)
	a.tell("slowed %s down by %v and to %d KiB/s, for %.1f s", a.name(way), delay, slowRate>>10, 2*while.Seconds())
	a.done["slow period"]++
	a.lasting.Go(func() {
		time.Sleep(2 * while)
		way.slow(0, 0)
	})
}

// fullAtMost is how long the disk is full if nothing is to be stored.
const fullAtMost = 20 * time.Second

// fill fills the disk until something could not be stored for it.
func fill(a *abuse, while time.Duration) {
	if a.disk == nil {
		return
	}
	a.done["full disk"]++
	a.lasting.Go(func() {
		began := time.Now()
		err := a.disk.fill(func() bool {
			lasted := time.Since(began)
			refused := a.client.said(noSpace)+a.workers[0].said(noSpace)+a.workers[1].said(noSpace) > 0
			return lasted > 2*while && refused || lasted > fullAtMost
		})
		if err != nil {
			a.t.Error(err)
		}
		a.tell("the disk was full, for %.1f s", time.Since(began).Seconds())
	})
}
