package home

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// /dev/full fails every write as a full disk does.
func TestAFullDiskSaysSo(t *testing.T) {
	err := os.WriteFile("/dev/full", []byte("x"), 0o600)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Skipf("this system has no /dev/full: %v", err)
	}
	got := (&Home{dir: "/data/home"}).explain("write in the home", err)
	if !errors.Is(got, syscall.ENOSPC) {
		t.Error("the cause is lost")
	}
	for _, want := range []string{"disk is full", "/data/home", "make room", "--home DIR"} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}
