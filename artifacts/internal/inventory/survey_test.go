package inventory_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
)

// FuzzRecords: whatever an action or a root has in its envelope, reading and checking it never panics, and an action
// that passes lies under the key of its recipe.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `{"key":"","recipe":null,"outputs":{"":{}}}`,
		`{"recipe":{"kind":"train","version":1,"params":{"n":1e999,"n":2}},"outputs":{"w":{"digest":"sha256:00","size":-1}}}`,
		`{"sweep":"../x","state":"done","steps":{"a":{"key":"zz","outputs":null}}}`,
	} {
		f.Add([]byte(text))
	}
	act := artifacts.Action{Recipe: artifacts.Recipe{Kind: "line", Version: 1}, Outputs: map[string]artifacts.Blob{"grid": artifacts.BlobOf([]byte("grid"))}}
	var err error
	if act.Key, err = act.Recipe.Key(); err != nil {
		f.Fatal(err)
	}
	for _, v := range []any{act, artifacts.Root{Sweep: "s", State: artifacts.StateDone, Steps: map[string]artifacts.RootStep{"a": {Key: act.Key}}}} {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		whole := fmt.Appendf(nil, `{"schema":1,"digest":%q,"record":%s}`, artifacts.Of(record), record)
		var a artifacts.Action
		if artifacts.DecodeRecord("x", whole, &a) == nil && a.Check() == nil {
			if key, err := a.Recipe.Key(); err != nil || key != a.Key || len(a.Outputs) == 0 {
				t.Fatalf("accepted %s: %v", record, err)
			}
			(&inventory.Action{Action: a}).Needs()
		}
		var r artifacts.Root
		if artifacts.DecodeRecord("x", whole, &r) == nil && r.Check() == nil {
			inventory.Empty().Reach([]artifacts.Root{r}, nil)
		}
	})
}
