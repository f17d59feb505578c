package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lossatlas/artifacts"
)

// TestArrivals: a case is moments at which files are written, and what is found then. A file whose text ends with a dot is whole.
func TestArrivals(t *testing.T) {
	type moment struct {
		second int
		files  string // name=text, or name= for one that is deleted
		want   string
	}
	for _, c := range []struct {
		name    string
		pattern string
		every   int
		known   string // name=text of those that an earlier call mapped
		moments []moment
	}{
		{"in natural order once they are still", "", 1, "", []moment{
			{0, "epoch_10.pth=j. epoch_9.pth=i. notes.txt=n. .tmp.pth=t. data.npz=d.", ""}, {1, "epoch_9.pth=k.", ""}, {2, "", "epoch_10.pth"}, {3, "", "epoch_9.pth"},
			{4, "epoch_12.pth=l. epoch_11.pth=m.", ""}, {6, "", "epoch_11.pth epoch_12.pth"}, {9, "", ""}}},
		{"in two halves with a pause", "", 1, "", []moment{{0, "a.pth=half", ""}, {3, "", ""}, {6, "a.pth=half.", ""}, {7, "", ""}, {8, "", "a.pth"}}},
		{"unreadable, said once for each version", "", 1, "", []moment{{0, "a.pth=bad b.pth=b.", ""}, {2, "", "b.pth"}, {4, "", ""}, {8, "", ""}, {16, "", ""}, {32, "", "!a.pth"}, {80, "", ""},
			{81, "a.pth=worse", ""}, {83, "", ""}, {85, "", ""}, {89, "", ""}, {97, "", ""}, {113, "", "!a.pth"}, {999, "", ""}}},
		{"overwritten, equal, deleted", "", 1, "", []moment{{0, "last.pth=1.", ""}, {2, "", "last.pth"}, {3, "last.pth=2.", ""}, {5, "", "last.pth (2)"},
			{6, "best.pth=2.", ""}, {8, "last.pth=", "best.pth=last.pth (2)"}, {9, "last.pth=3.", ""}, {11, "", "last.pth (3)"}, {12, "last.pth=1.", ""}, {14, "", ""}}},
		{"every third", "", 3, "", []moment{{0, "1.pth=a. 2.pth=b. 3.pth=c. 4.pth=d.", ""}, {2, "", "3.pth"}, {3, "5.pth=e. 6.pth=f.", ""}, {5, "", "6.pth"}}},
		{"after a restart", "", 2, "2.pth=b. 4.pth=d.", []moment{{0, "1.pth=a. 2.pth=b. 3.pth=c. 4.pth=d. 5.pth=e.", ""}, {2, "", ""}, {3, "6.pth=f.", ""}, {5, "", "6.pth"}}},
		{"after a restart, with deleted files", "", 2, "2.pth=b. 4.pth=d.", []moment{{0, "1.pth=a. 3.pth=c. 5.pth=e.", ""}, {2, "", ""}, {3, "6.pth=f.", ""}, {5, "", "6.pth"}}},
		{"a pattern over folders", "step-*/model.pth", 1, "", []moment{{0, "step-1/model.pth=a. step-2/model.pth=b. step-2/optimizer.pth=o.", ""}, {2, "", "step-1/model.pth step-2/model.pth"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			var known []Checkpoint
			for _, k := range strings.Fields(c.known) {
				name, text, _ := strings.Cut(k, "=")
				known = append(known, Checkpoint{name, artifacts.Of([]byte(text))})
			}
			a := newArrivals(filepath.Join(dir, c.pattern), c.every, known)
			a.except = []string{filepath.Join(dir, "data.npz")}
			a.read = func(file string) (artifacts.Digest, error) {
				b, err := os.ReadFile(file)
				if err == nil && !strings.HasSuffix(string(b), ".") {
					err = fmt.Errorf("!%s", filepath.Base(file))
				}
				return artifacts.Of(b), err
			}
			for _, m := range c.moments {
				for _, f := range strings.Fields(m.files) {
					name, text, _ := strings.Cut(f, "=")
					path := filepath.Join(dir, name)
					if text == "" {
						os.Remove(path)
						continue
					}
					if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				found, problems, equal := a.Look(time.Unix(int64(m.second), 0))
				var got []string
				for _, f := range found {
					got = append(got, f.Name)
				}
				for _, p := range problems {
					got = append(got, p.Error())
				}
				for _, e := range equal {
					got = append(got, strings.NewReplacer(" has the same weights as ", "=", ", and is not mapped again", "").Replace(e))
				}
				if text := strings.Join(got, " "); text != m.want {
					t.Errorf("second %d: found %q, want %q", m.second, text, m.want)
				}
			}
		})
	}
}
