package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"

	"lossatlas/workers/internal/attributes"
)

// Retention is how long finished workflows can be looked at.
const Retention = 90 * 24 * time.Hour

// memoryDatabases numbers the databases in memory: they live as long as the
// process, so two servers must not share a name.
var memoryDatabases atomic.Int64

// openDatabase returns the settings of the database at path, which it makes
// (mode 0600, with the server's tables) when absent. An empty path means a
// database in memory.
func openDatabase(path string) (config.SQL, error) {
	if path == "" {
		return config.SQL{
			PluginName:        sqliteplugin.PluginName,
			DatabaseName:      "lossatlas-" + strconv.FormatInt(memoryDatabases.Add(1), 10),
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}, nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return config.SQL{}, fmt.Errorf("the Temporal database: %w", err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := createDatabase(path); err != nil {
			return config.SQL{}, fmt.Errorf("make Temporal's database %s: %w", path, err)
		}
	case err != nil:
		return config.SQL{}, fmt.Errorf("the Temporal database: %w", err)
	case !info.Mode().IsRegular():
		return config.SQL{}, fmt.Errorf("the Temporal database %s is not a file; move it away or choose another home", path)
	}
	if err := checkDatabase(path); err != nil {
		return config.SQL{}, err
	}
	return config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: path,
		ConnectAttributes: map[string]string{
			"mode": "rw",
			// A write goes to a log beside the database and waits for the disk only
			// at checkpoints: a killed process loses nothing, a power failure at
			// most the last writes, and steps are several times faster.
			"journal_mode": "wal",
			"synchronous":  "normal",
			"busy_timeout": "10000",
		},
	}, nil
}

// createDatabase makes the tables in a file beside path and renames it, so that
// a process killed half-way leaves no half-made database.
func createDatabase(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	tmp := f.Name()
	if err := f.Close(); err != nil {
		return err
	}
	// Nothing reads a half-made file, so its writes need not be safe one by one.
	err = sqlite.SetupSchema(&config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      tmp,
		ConnectAttributes: map[string]string{"mode": "rw", "synchronous": "off"},
	})
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}

// checkDatabase refuses a file that is not an SQLite database before the server
// fails on it in the middle of its start.
func checkDatabase(path string) error {
	const magic = "SQLite format 3\x00"
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("the Temporal database: %w", err)
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if _, err := f.ReadAt(head, 0); err != nil || string(head) != magic {
		return fmt.Errorf("the Temporal database %s is damaged or not a database; move it away and a new one is made (finished steps stay in the object store)", path)
	}
	return nil
}

// createNamespace makes the namespace with its retention and search attributes,
// when the database does not have it yet.
func createNamespace(db *config.SQL, name string) error {
	ns, err := sqlite.NewNamespaceConfig(clusterName, name, false, attributes.Types())
	if err != nil {
		return fmt.Errorf("namespace %s: %w", name, err)
	}
	ns.Detail.Config.Retention = durationpb.New(Retention)
	if err := sqlite.CreateNamespaces(db, ns); err != nil {
		return fmt.Errorf("make namespace %s in Temporal's database: %w", name, err)
	}
	return nil
}
