package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestErrorText: errors of the file system name the file once, by its own name, and the reason.
func TestErrorText(t *testing.T) {
	denied := func(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: fs.ErrPermission} }
	for want, err := range map[string]error{
		"/out/a.yaml can't be written: permission denied":                                fmt.Errorf("/out/a.yaml can't be written: %w", denied("open", "/out/.a.yaml.part-123")),
		"/p/a can't be written to the folder /p: read-only file system (choose another)": fmt.Errorf("/p/a can't be written to the folder /p: %w (choose another)", &fs.PathError{Op: "open", Path: "/p/.a.part-1", Err: syscall.EROFS}),
		"the folder /out can't be made: permission denied":                               denied("mkdir", "/out"),
		"the weights can't be read: w.pth: permission denied":                            fmt.Errorf("the weights can't be read: %w", denied("open", "w.pth")),
		"the sweep file a.yaml can't be read: permission denied":                         fmt.Errorf("the sweep file a.yaml can't be read: %w", denied("stat", "a.yaml")),
		"b.png: file already exists":                                                     &os.LinkError{Op: "rename", Old: ".b.png.part-1", New: "b.png", Err: fs.ErrExist},
		"a step failed: reason":                                                          fmt.Errorf("a step failed: %w", fmt.Errorf("reason")),
	} {
		if got := errorText(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	_, err := os.ReadFile(filepath.Join(t.TempDir(), "absent"))
	if got := errorText(err); strings.Contains(got, "open ") || !strings.HasSuffix(got, "absent: no such file or directory") {
		t.Errorf("%q", got)
	}
}
