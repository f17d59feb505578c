package launch

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lossatlas/activities/safetensors"
)

// TestCheckpointsAt: epochs are what the files say, else the numbers in their names, else their places.
func TestCheckpointsAt(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string // the epoch that the file says, "" for none
		want  []string
	}{
		{"said", map[string]string{"a.safetensors": "7", "b.safetensors": "3", "notes.txt": ""}, []string{"b.safetensors 3", "a.safetensors 7"}},
		{"numbered", map[string]string{"epoch_2.safetensors": "", "epoch_10.safetensors": "", "epoch_1.safetensors": "1"}, []string{"epoch_1.safetensors 1", "epoch_2.safetensors 2", "epoch_10.safetensors 10"}},
		{"places", map[string]string{"first.safetensors": "", "last.safetensors": ""}, []string{"first.safetensors 0", "last.safetensors 1"}},
	} {
		dir := t.TempDir()
		for name, epoch := range c.files {
			meta := map[string]string{}
			if epoch != "" {
				meta["epoch"] = epoch
			}
			b, err := safetensors.Encode([]safetensors.Tensor{{Name: "w", Shape: []int{1}, Data: []float32{1}}}, meta)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, path := range []string{".", "*.safetensors"} {
			found, err := checkpointsAt(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.File+" "+strconv.Itoa(f.Epoch))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, %s: %v, want %v", c.name, path, got, c.want)
			}
		}
	}
	if _, err := checkpointsAt(t.TempDir(), "nothing"); err == nil || !strings.Contains(err.Error(), "there are no weights at") {
		t.Errorf("an absent folder: %v", err)
	}
}
