package download_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"lossatlas/activities/download"
)

// TestFile: a complete answer is written with its digest; others are errors, and so is an interrupt, with its cause.
func TestFile(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			fmt.Fprint(w, "content")
		case "/short":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "content")
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	for path, ok := range map[string]bool{"/good": true, "/short": false, "/absent": false} {
		to := filepath.Join(t.TempDir(), "file")
		sum, err := download.File(t.Context(), srv.URL+path, to, download.Options{})
		if (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		if data, _ := os.ReadFile(to); ok && (string(data) != "content" || sum != fmt.Sprintf("%x", sha256.Sum256(data))) {
			t.Errorf("%s: got %q with SHA-256 %s", path, data, sum)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	if _, err := download.File(ctx, srv.URL+"/good", filepath.Join(t.TempDir(), "file"), download.Options{}); !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the cause", err)
	}
}
