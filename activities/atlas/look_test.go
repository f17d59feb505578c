package atlas

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLook writes pages into the folder LOSSATLAS_LOOK, for a person to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("LOSSATLAS_LOOK")
	if dir == "" {
		t.Skip("set LOSSATLAS_LOOK to a folder to write sample pages there")
	}
	for name, d := range map[string]Data{"atlas": sampleAtlas(6, 51), "atlas50": fifty(t)} {
		page, err := Page(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".html"), page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
