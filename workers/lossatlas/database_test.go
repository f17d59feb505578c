package main_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// databaseSweep is a sweep of seconds that keeps parts soon.
const databaseSweep = `name: small
dataset: {name: shapes10, train: 32, test: 32}
train: {net: small, epochs: 4, batch_size: 16}
`

// databaseFiles are the suffixes of the database's files.
var databaseFiles = []string{"", "-wal", "-shm"}

// garble overwrites a part of a file, given in fractions of its size, with random bytes.
func garble(t *testing.T, path string, from, to float64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := float64(len(data))
	rand.Read(data[int(from*size):int(to*size)])
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// execute runs statements on a database, as another program would.
func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// killedHome is a home on which a run of the file was killed when it had kept a part of its training.
func killedHome(t *testing.T, file string) string {
	t.Helper()
	home := t.TempDir()
	run := background(t, home, "run", file, "--backend", "go")
	awaitPart(t, home)
	run.kill()
	return home
}

// awaitPart waits until an activity of a run has begun to compute a step, so that the run has a while to go.
func awaitPart(t *testing.T, home string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		parts, err := filepath.Glob(filepath.Join(bucket(home), "parts", "*", "begun"))
		if err != nil || time.Now().After(end) {
			t.Fatalf("the run has begun no step: %v", err)
		}
		if len(parts) > 0 {
			return
		}
	}
}

// copyHome copies a home, with attributes of objects and without addresses.
func copyHome(t *testing.T, home string) string {
	t.Helper()
	here := t.TempDir()
	if out, err := exec.Command("cp", "-a", home+"/.", here).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	remove(t, here, "/ports.json", "/services.json")
	return here
}

// TestDamagedDatabase: whatever happened to the database of a home on which a run was killed, the same command begins a
// new one where it must, says so, and ends as an undisturbed run. The files of the damaged one are kept unchanged.
func TestDamagedDatabase(t *testing.T) {
	file := writeSweep(t, databaseSweep)
	home, undisturbed := killedHome(t, file), runSweep(t, t.TempDir(), file, "--backend", "go")
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, path string)
		says   string // on standard error; "" where nothing is to be said
		code   int
	}{
		{"whole", func(*testing.T, string) {}, "", 0},
		{"header garbled", func(t *testing.T, path string) { garble(t, path, 0, 0.0001) }, "no SQLite header", 0},
		{"empty", func(t *testing.T, path string) { truncate(t, path, 0) }, "no SQLite header", 0},
		{"cut at half", func(t *testing.T, path string) { truncate(t, path, 0.5) }, "is damaged (", 0},
		{"cut at half without its log", func(t *testing.T, path string) {
			truncate(t, path, 0.5)
			remove(t, path, "-wal", "-shm")
		}, "is damaged (", 0},
		{"junk in the middle", func(t *testing.T, path string) {
			execute(t, path, "PRAGMA wal_checkpoint(truncate)")
			garble(t, path, 0.4, 0.6)
		}, "is damaged (", 0},
		{"a table is missing", func(t *testing.T, path string) { execute(t, path, "DROP TABLE executions") }, "its tables have changed", 0},
		{"an index is missing", func(t *testing.T, path string) { execute(t, path, "DROP INDEX by_status") }, "its tables have changed", 0},
		{"log garbled", func(t *testing.T, path string) { garble(t, path+"-wal", 0.3, 1) }, "", 0},
		{"log of nothing", func(t *testing.T, path string) { garble(t, path+"-wal", 0, 1) }, "", 0},
		{"index garbled", func(t *testing.T, path string) { garble(t, path+"-shm", 0, 1) }, "", 0},
		{"log without a database", func(t *testing.T, path string) { remove(t, path, "") }, "", 0},
		{"log of another database", func(t *testing.T, path string) {
			remove(t, path, "-shm")
			execute(t, path+".other", "PRAGMA page_size = 4096", "CREATE TABLE t(x)", "INSERT INTO t VALUES (zeroblob(4000000))")
			if err := errors.Join(os.Chmod(path+".other", 0o600), os.Rename(path+".other", path)); err != nil {
				t.Fatal(err)
			}
		}, "is damaged (", 0},
		{"a folder", func(t *testing.T, path string) {
			remove(t, path, databaseFiles...)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is not a file: move it away", 1},
		{"of a later version", func(t *testing.T, path string) { // in the header, offset 60
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(data[60:], []byte{0, 0x1e, 0xa0, 0x3a}) // 2007098
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "was written by Temporal 2.7.98, and this program has 1.", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			here := copyHome(t, home)
			path := filepath.Join(here, "temporal.db")
			c.damage(t, path)
			before := contents(t, here)
			stdout, stderr, code := invoke(t, here, "run", file, "--output", "json", "--backend", "go")
			stderr = strings.ReplaceAll(stderr, here, "HOME") // its name has the word as well
			if code != c.code || !strings.Contains(stderr, c.says) || (c.says == "") == strings.Contains(stderr, "database") {
				t.Fatalf("ended with %d, want %d and word of %q:\n%s", code, c.code, c.says, stderr)
			}
			if strings.Contains(stderr, "the Temporal database is damaged") {
				checkAside(t, here, stderr, before)
			}
			if code != 0 {
				for name, data := range before {
					if now := contents(t, here)[name]; !bytes.Equal(data, now) && !strings.HasSuffix(name, "-shm") {
						t.Errorf("%s was changed", name)
					}
				}
				return
			}
			var o outcome
			decode(t, stdout, &o)
			same(t, undisturbed, o)
			if log, err := os.ReadFile(filepath.Join(here, "logs", "lossatlas.log")); err != nil || bytes.Contains(log, []byte("malformed")) {
				t.Errorf("the log has word of a malformed database (%v)", err)
			}
			for name := range contents(t, here) {
				if info, err := os.Stat(filepath.Join(here, name)); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v; want mode 600", name, info.Mode(), err)
				}
			}
		})
	}
}

// checkAside holds that the files of a damaged database are what they were, under the name that was said.
func checkAside(t *testing.T, home, stderr string, before map[string][]byte) {
	t.Helper()
	aside := regexp.MustCompile(`temporal\.db\.damaged-[0-9.-]*[0-9]`).FindString(stderr)
	after := contents(t, home)
	for name, data := range before {
		suffix := strings.TrimPrefix(name, "temporal.db")
		now, ok := after[aside+suffix]
		if !ok {
			t.Errorf("%s was not set aside as %s", name, aside+suffix)
		} else if suffix != "-shm" && !bytes.Equal(now, data) { // SQLite makes it anew from the log
			t.Errorf("%s was changed before it was set aside", name)
		}
	}
}

// contents are the files of the database in a home.
func contents(t *testing.T, home string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "temporal.db") && !e.IsDir() {
			data, err := os.ReadFile(filepath.Join(home, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all[e.Name()] = data
		}
	}
	return all
}

func truncate(t *testing.T, path string, fraction float64) {
	t.Helper()
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, int64(fraction*float64(info.Size())))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string, suffixes ...string) {
	t.Helper()
	for _, suffix := range suffixes {
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageDuringARun: a run whose database is damaged under it ends with one clear line, and the same command heals
// the home and ends as an undisturbed run.
func TestDamageDuringARun(t *testing.T) {
	file := writeSweep(t, strings.Replace(databaseSweep, "epochs: 4", "epochs: 12", 1))
	undisturbed := runSweep(t, t.TempDir(), file, "--backend", "go")
	home := t.TempDir()
	run := command(t.Context(), home, "run", file, "--backend", "go")
	var stderr bytes.Buffer
	run.Stderr = &stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	awaitPart(t, home)
	path := filepath.Join(home, "temporal.db")
	for _, suffix := range databaseFiles { // in place; with the index, SQLite drops the pages that it has in memory
		f, err := os.OpenFile(path+suffix, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(info.Size())), 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	_ = run.Wait() // the exit code says it
	if code := run.ProcessState.ExitCode(); code != 1 || !strings.Contains(stderr.String(), "the Temporal database is damaged") || !strings.Contains(stderr.String(), "the same command begins a new one") {
		t.Errorf("ended with %d after %v:\n%s", code, time.Since(began), &stderr)
	}
	if aside, err := filepath.Glob(path + ".damaged-*"); err != nil || len(aside) == 0 {
		t.Errorf("nothing was set aside: %v", err)
	}
	same(t, undisturbed, runSweep(t, home, file, "--backend", "go"))
}
