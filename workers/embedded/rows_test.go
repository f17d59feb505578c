package embedded_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/loopback"
)

// TestRowsThatCannotBeDecoded: garbage inside rows, which SQLite takes for data, ends a start or the server with
// ErrDamaged soon, and the database is set aside for the next start. So is one whose tables are not the server's.
func TestRowsThatCannotBeDecoded(t *testing.T) {
	for name, statements := range map[string]string{
		"shards":     "UPDATE shards SET data = randomblob(75)",
		"namespaces": "UPDATE namespaces SET data = randomblob(75)",
		"cluster":    "UPDATE cluster_metadata_info SET data = randomblob(75)",
		"sum":        "PRAGMA application_id = 0; DROP TABLE executions",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "temporal.db")
			first, err := open(path)
			if err == nil {
				err = first.Stop()
			}
			if err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", "file:"+path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(statements); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			srv, err := open(path)
			if name == "sum" { // it is set aside before the server reads it
				if err == nil {
					err = srv.Stop()
				}
				if err != nil {
					t.Error(err)
				}
			} else {
				if err == nil {
					select {
					case <-srv.Failed():
						err = errors.Join(srv.Err(), srv.Stop())
					case <-time.After(30 * time.Second):
						t.Fatal("the server goes on")
					}
				}
				if !errors.Is(err, embedded.ErrDamaged) {
					t.Errorf("got %v, want ErrDamaged", err)
				}
				if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
					t.Error("the database was not set aside")
				}
			}
			if aside, err := filepath.Glob(path + ".damaged-*"); err != nil || len(aside) == 0 {
				t.Errorf("nothing was set aside: %v", err)
			}
		})
	}
}

func open(path string) (*embedded.Temporal, error) {
	return embedded.StartTemporal(context.Background(), embedded.Options{DBPath: path, Log: zerolog.Nop(), Identity: secret(), Guard: loopback.NewGuard("rows")})
}
