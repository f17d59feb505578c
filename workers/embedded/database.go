package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"

	"lossatlas/workers/internal/attributes"
)

// Retention is how long finished workflows are kept.
const Retention = 90 * 24 * time.Hour

const (
	// maxPath is the longest path in bytes: SQLite allows 504, with newSuffix.
	maxPath   = 500
	newSuffix = ".new"
	// checkLimit limits the check at the start, which reads some 200 MB in this time. The server finds damage beyond.
	checkLimit = 2 * time.Second
)

// ErrDamaged says that the database is damaged.
var ErrDamaged = errors.New("the Temporal database is damaged")

// memoryDatabases numbers the databases in memory, which live as long as the process.
var memoryDatabases atomic.Int64

// openDatabase returns the settings of the database at path, which it makes (mode 0600) when absent. A damaged one is renamed
// first, one of an older server is migrated, and one of a newer server is an error. An empty path means a database in memory.
func openDatabase(ctx context.Context, path string, say func(format string, args ...any)) (config.SQL, error) {
	if path == "" {
		return config.SQL{
			PluginName:        sqliteplugin.PluginName,
			DatabaseName:      "lossatlas-" + strconv.FormatInt(memoryDatabases.Add(1), 10),
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}, nil
	}
	path, err := filepath.Abs(path)
	if err == nil {
		err = prepareDatabase(ctx, path, say)
	}
	if err != nil {
		return config.SQL{}, fmt.Errorf("open Temporal's database: %w", err)
	}
	return config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: escape(path),
		ConnectAttributes: map[string]string{
			"mode": "rw",
			// Writes go to a log and are synchronized at checkpoints only, which makes steps several times faster: a killed
			// process loses nothing, a power failure at most the last writes.
			"journal_mode": "wal",
			"synchronous":  "normal",
			"busy_timeout": "10000",
		},
	}, nil
}

// prepareDatabase makes sure that path is an undamaged database of this server.
func prepareDatabase(ctx context.Context, path string, say func(format string, args ...any)) error {
	if len(path) > maxPath {
		return fmt.Errorf("its path has %d bytes and SQLite allows %d: choose a home with a shorter path: %s", len(path), maxPath, path)
	}
	version, err := readVersion(path)
	if err == nil && version > serverVersion() {
		return fmt.Errorf("%s was written by Temporal %s, and this program has %s: use a later version of lossatlas, or another home", path, release(version), headers.ServerVersion)
	}
	if err == nil {
		err = inspect(ctx, path, version)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		aside, failed := setAside(path)
		if failed != nil {
			return errors.Join(err, failed)
		}
		say("%v: it was renamed to %s, and a new one is begun; the histories of earlier runs are lost, finished steps and results are not", err, aside)
		return buildDatabase(path, "")
	case errors.Is(err, fs.ErrNotExist):
		// The log of an earlier database must not be joined with the new one.
		if _, err := setAside(path); err != nil {
			return err
		}
		return buildDatabase(path, "")
	case err == nil && version < serverVersion():
		say("updating Temporal's database from version %s to %s", release(version), headers.ServerVersion)
		return buildDatabase(path, path)
	}
	return err
}

// escape escapes ?, # and % in the path of an SQLite URI.
func escape(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// connect opens the file at path with one connection.
func connect(path, mode string) (*sql.DB, error) {
	db, err := sql.Open(sqliteplugin.PluginName, "file:"+escape(path)+"?mode="+mode)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// serverVersion is the release of the server as one number, such as 1032000. It is stored as the user_version of databases,
// because the server stores no version of SQLite schemas.
func serverVersion() (version uint32) {
	for part := range strings.SplitSeq(headers.ServerVersion, ".") {
		n, err := strconv.ParseUint(part, 10, 9)
		if err != nil {
			panic(err) // a constant of the server
		}
		version = version*1000 + uint32(n)
	}
	return version
}

// release is the reverse of serverVersion.
func release(v uint32) string {
	return fmt.Sprintf("%d.%d.%d", v/1_000_000, v/1000%1000, v%1000)
}

// readVersion reads the version of the server that wrote a database from the header of the file.
func readVersion(path string) (uint32, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a file: move it away, or use another home", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		return 0, fmt.Errorf("%w: change its owner or rights, or use another home", err)
	} else if err != nil {
		return 0, err
	}
	defer f.Close()
	var header [100]byte // https://www.sqlite.org/fileformat.html#the_database_header
	if _, err := f.ReadAt(header[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.HasPrefix(header[:], []byte("SQLite format 3\x00")) || [20]byte(header[72:]) != [20]byte{} {
		return 0, fmt.Errorf("%w (%s has no SQLite header)", ErrDamaged, path)
	}
	return binary.BigEndian.Uint32(header[60:]), nil
}

// isDamage recognizes SQLite's two errors for a damaged file, and the server's two for rows that it can't decode.
func isDamage(text string) bool {
	return slices.ContainsFunc([]string{
		"database disk image is malformed", "file is not a database", "cannot parse invalid wire-format data", "error deserializing",
	}, func(known string) bool { return strings.Contains(text, known) })
}

// inspect checks a database of a version, within checkLimit, and changes nothing. The error wraps ErrDamaged if it is damaged.
func inspect(ctx context.Context, path string, version uint32) (err error) {
	defer func() {
		if err != nil && isDamage(err.Error()) {
			err = fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
	}()
	db, err := connect(path, "ro")
	if err != nil {
		return err
	}
	defer db.Close()
	var made, sum int32
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&made); err != nil {
		return err
	}
	if sum, err = schemaSum(ctx, db); err != nil {
		return err
	}
	if made != sum && (made != 0 || version == serverVersion()) {
		return fmt.Errorf("%w (its tables have changed)", ErrDamaged)
	}
	if made == 0 { // of an older server, without a sum
		own, err := texts(ctx, db, "SELECT name FROM sqlite_schema WHERE name IN ('namespaces', 'executions', 'executions_visibility')")
		if err != nil {
			return err
		}
		if len(own) < 3 {
			return fmt.Errorf("%w (it lacks the server's tables)", ErrDamaged)
		}
	}
	limited, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	var found string
	err = db.QueryRowContext(limited, "PRAGMA quick_check(1)").Scan(&found)
	if limited.Err() != nil {
		return ctx.Err()
	}
	if err == nil && found != "ok" {
		return fmt.Errorf("%w (%s)", ErrDamaged, strings.ReplaceAll(strings.TrimPrefix(found, "*** in database main ***\n"), "\n", "; "))
	}
	return err
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// texts returns the one column of a query.
func texts(ctx context.Context, q querier, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// schemaSum is a checksum of the definitions of all tables, indexes and triggers, stored as the application_id of databases.
func schemaSum(ctx context.Context, q querier) (int32, error) {
	all, err := texts(ctx, q, "SELECT concat(name, ' ', sql) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
	return int32(crc32.ChecksumIEEE([]byte(strings.Join(all, "\n")))), err
}

// setAside renames a database with its log and index, and returns the new name.
func setAside(path string) (string, error) {
	aside := path + time.Now().Format(".damaged-20060102-150405.000")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set a damaged database aside: %w; move %s, %[2]s-wal and %[2]s-shm away together", err, path)
		}
	}
	return aside, nil
}

// buildDatabase makes a database with the tables of this server, and the rows of the database old unless that is "". It
// builds a new file and renames it to path, so that a killed process leaves path unchanged.
func buildDatabase(path, old string) error {
	name := path + newSuffix
	for _, left := range []string{name, name + "-journal"} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = fill(name, old)
	}
	if err == nil {
		_, left := os.Lstat(path + "-wal") // SQLite removes it with the last connection to the old database
		if left == nil {
			err = fmt.Errorf("%s-wal is in use by another process", path)
		} else {
			err = os.Rename(name, path)
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make %s: %w", path, err), os.Remove(name))
	}
	return nil
}

// fill makes the tables in the empty file at path, and copies the rows of the database old unless that is "".
func fill(path, old string) (err error) {
	db, err := connect(path, "rw")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if old != "" {
		if _, err := db.Exec("ATTACH ? AS old", "file:"+escape(old)+"?mode=rw"); err != nil {
			return err
		}
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // of no effect after Commit
	if err := sqlite.SetupSchemaOnDB(schemaTarget{tx: tx}); err != nil {
		return err
	}
	sum, err := schemaSum(context.Background(), tx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", serverVersion(), sum)); err != nil {
		return err
	}
	if old != "" {
		if err := copyRows(tx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// schemaTarget is the part of a database that the server's SetupSchemaOnDB uses.
type schemaTarget struct {
	sqlplugin.AdminDB // nil
	tx                *sql.Tx
}

// Exec runs a statement.
func (t schemaTarget) Exec(query string, args ...any) error {
	_, err := t.tx.Exec(query, args...)
	return err
}

// copyRows copies the columns that a table has both here and in the attached database old. It has the effect of the server's
// own updates, which don't cover the visibility tables: new columns get their defaults in place of NULL (by REPLACE), or are
// empty, which the server reads as absent. Triggers fill the tables of the text search.
func copyRows(tx *sql.Tx) error {
	ctx := context.Background()
	const tables = `SELECT name FROM pragma_table_list WHERE schema = ? AND type = 'table' AND name NOT LIKE 'sqlite_%'`
	names, err := texts(ctx, tx, tables+" INTERSECT "+tables, "main", "old")
	if err != nil {
		return err
	}
	for _, name := range names {
		const columns = `SELECT name FROM pragma_table_xinfo(?, ?) WHERE hidden = 0`
		common, err := texts(ctx, tx, columns+" INTERSECT "+columns, name, "main", name, "old")
		if err != nil {
			return err
		}
		added, err := texts(ctx, tx, columns+` AND "notnull" AND dflt_value IS NULL EXCEPT `+columns, name, "main", name, "old")
		if err != nil {
			return err
		}
		values := append(slices.Clone(common), slices.Repeat([]string{"x''"}, len(added))...)
		_, err = tx.Exec(fmt.Sprintf("INSERT OR REPLACE INTO main.%s (%s) SELECT %s FROM old.%[1]s",
			name, strings.Join(append(common, added...), ", "), strings.Join(values, ", ")))
		if err != nil {
			return fmt.Errorf("copy table %s: %w", name, err)
		}
	}
	return nil
}

// createNamespace makes the namespace with its retention and search attributes where it is absent.
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
