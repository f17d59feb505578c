package embedded

import (
	"compress/gzip"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/tools/common/schema"
)

// OlderDatabase makes a database with the tables of server 1.24.0, and fills it from the database at from, as far as
// that server had the columns. An empty from leaves it empty.
func OlderDatabase(t *testing.T, path, from string) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "temporal-1.24.0.sql.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := persistence.LoadAndSplitQueryFromReaders([]io.Reader{text})
	if err != nil {
		t.Fatal(err)
	}
	db := connected(t, path, "rwc")
	defer db.Close()
	for _, s := range append([]string{"PRAGMA journal_mode = wal"}, statements...) {
		run(t, db, s)
	}
	run(t, db, "PRAGMA user_version = 1024000")
	if from == "" {
		return
	}
	run(t, db, "ATTACH '"+from+"' AS newer")
	for _, table := range rows(t, db, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'") {
		columns := strings.Join(rows(t, db, fmt.Sprintf(`SELECT name FROM pragma_table_xinfo('%s', 'main') WHERE hidden = 0
			INTERSECT SELECT name FROM pragma_table_xinfo('%[1]s', 'newer') WHERE hidden = 0`, table)), ", ")
		if columns != "" {
			run(t, db, fmt.Sprintf("INSERT OR REPLACE INTO %s (%s) SELECT %[2]s FROM newer.%[1]s", table, columns))
		}
	}
}

func connected(t *testing.T, path, mode string) *sql.DB {
	t.Helper()
	db, err := connect(path, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func rows(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	all, err := texts(t.Context(), db, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

// schemaTool is what the server's own tool for updates wants.
type schemaTool struct {
	schema.DB // nil
	db        *sql.DB
}

func (s schemaTool) Exec(q string, args ...any) error                          { _, err := s.db.Exec(q, args...); return err }
func (s schemaTool) ReadSchemaVersion() (string, error)                        { return "0.4", nil }
func (s schemaTool) UpdateSchemaVersion(string, string) error                  { return nil }
func (s schemaTool) WriteSchemaUpdateLog(string, string, string, string) error { return nil }

// TestMigration: a database of server 1.24.0 has the tables of this server afterwards, with the columns and rows that the
// server's own update gives it, but for NULL and empty, which the server takes for the same. (It has no update for the
// tables of visibility: their rows must be found by the text search.)
func TestMigration(t *testing.T) {
	dir := t.TempDir()
	path, theirs := filepath.Join(dir, "temporal.db"), filepath.Join(dir, "theirs.db")
	for _, p := range []string{path, theirs} {
		OlderDatabase(t, p, "")
		db := connected(t, p, "rw")
		for i := range 20 {
			run(t, db, fmt.Sprintf("INSERT INTO namespaces VALUES (54321, x'%032d', 'n%[1]d', 1, x'0102', 'Proto3', 0)", i))
			run(t, db, fmt.Sprintf("INSERT INTO current_executions VALUES (1, x'01', 'w%d', x'02', 'r', 1, 1, 0)", i))
			run(t, db, fmt.Sprintf("INSERT INTO history_node VALUES (1, x'01', x'02', %d, 1, 0, zeroblob(%[1]d), 'Proto3')", i))
			run(t, db, fmt.Sprintf(`INSERT INTO executions_visibility (namespace_id, run_id, start_time, execution_time, workflow_id,
				workflow_type_name, status, encoding, search_attributes) VALUES ('n', 'r%d', '', '', 'w', 't', 1, 'json', '{"KeywordList01": "a♡k%[1]d"}')`, i))
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// What an earlier migration that was killed left behind is in no one's way.
	for _, left := range []string{newSuffix, newSuffix + "-journal"} {
		if err := os.WriteFile(path+left, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	for range 2 { // the second time there is nothing to do
		if _, err := openDatabase(t.Context(), path, say); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "from version 1.24.0 to 1.") {
		t.Errorf("said %q", said)
	}
	old := connected(t, theirs, "rw")
	err := schema.NewUpdateSchemaTask(schemaTool{db: old}, &schema.UpdateConfig{SchemaName: "sqlite/v3/temporal"}, log.NewNoopLogger()).Run()
	if err != nil {
		t.Fatal(err)
	}
	db := connected(t, path, "ro")
	tables := "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%visibility%' ORDER BY name"
	if diff := cmp.Diff(rows(t, old, tables), rows(t, db, tables)); diff != "" {
		t.Errorf("tables: %s", diff)
	}
	for _, table := range rows(t, old, tables) {
		columns := fmt.Sprintf("SELECT concat(name, ' ', type) FROM pragma_table_info('%s') ORDER BY name", table)
		if diff := cmp.Diff(rows(t, old, columns), rows(t, db, columns)); diff != "" {
			t.Errorf("columns of %s: %s", table, diff)
		}
		names := rows(t, old, fmt.Sprintf("SELECT concat('quote(coalesce(', name, ', x''''))') FROM pragma_table_info('%s') ORDER BY name", table))
		content := fmt.Sprintf("SELECT concat(%s) AS r FROM %s ORDER BY r", strings.Join(names, ", ' ', "), table)
		if diff := cmp.Diff(rows(t, old, content), rows(t, db, content)); diff != "" {
			t.Errorf("rows of %s: %s", table, diff)
		}
	}
	found := rows(t, db, "SELECT run_id FROM executions_visibility WHERE rowid IN (SELECT rowid FROM executions_visibility_fts_keyword_list WHERE executions_visibility_fts_keyword_list MATCH 'KeywordList01:k7')")
	if diff := cmp.Diff([]string{"r7"}, found); diff != "" {
		t.Errorf("visibility: %s", diff)
	}
	if left, err := filepath.Glob(path + "?*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestADatabaseOfALaterServerIsLeftAlone, as are its log and index.
func TestADatabaseOfALaterServerIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "temporal.db")
	if err := buildDatabase(path, ""); err != nil {
		t.Fatal(err)
	}
	db := connected(t, path, "rw")
	run(t, db, "PRAGMA journal_mode = wal")
	run(t, db, fmt.Sprintf("PRAGMA user_version = %d", serverVersion()+1))
	run(t, db, "PRAGMA wal_checkpoint(truncate)")
	run(t, db, "INSERT INTO namespaces VALUES (54321, x'01', 'n', 1, x'0102', 'Proto3', 0)")
	sums := func() (all []string) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			data, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, hex.EncodeToString(data))
		}
		return all
	}
	before := sums()
	_, err := openDatabase(t.Context(), path, t.Logf)
	if err == nil || !strings.Contains(err.Error(), path+" was written by Temporal "+release(serverVersion()+1)) {
		t.Errorf("got %v", err)
	}
	if !cmp.Equal(before, sums()) {
		t.Error("its files were changed")
	}
}
