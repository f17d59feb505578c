package artifacts

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lossatlas/artifacts/canonical"
)

// KeySchema is the version of the canonical encoding below. A change of the
// encoding must raise it, so that old keys are never taken for new ones.
const KeySchema = 1

// Recipe is everything that determines a step's result, and nothing else: two
// recipes with the same meaning have the same key, however they are written.
type Recipe struct {
	// Kind names the step's kind: "train", "surface". Not empty.
	Kind string `json:"kind"`
	// Version is the version of the code of that kind, at least 1.
	Version int `json:"version"`
	// Params is a JSON object, the step's normalised parameters. Absent and null mean {}.
	Params json.RawMessage `json:"params,omitempty"`
	// Inputs are the digests of what earlier steps really wrote, by the name this step uses.
	Inputs map[string]Digest `json:"inputs,omitempty"`
	// Numerics is the class of arithmetic the result depends on; empty when it
	// depends on no class, or when the sweep accepts any.
	Numerics string `json:"numerics,omitempty"`
}

// Key returns the SHA-256 of the recipe's canonical encoding. It fails when the
// parameters are no JSON object, have a key twice or hold a text that is no Unicode,
// and when kind, version or an input is missing.
func (r Recipe) Key() (Key, error) {
	b, err := r.Canonical()
	if err != nil {
		return Key{}, err
	}
	return sha256.Sum256(b), nil
}

// Canonical returns the recipe's one encoding, a JSON object as [canonical.JSON] spells it, but for version numbers.
func (r Recipe) Canonical() ([]byte, error) {
	if r.Kind == "" {
		return nil, fmt.Errorf("a recipe needs a kind")
	}
	if r.Version < 1 {
		return nil, fmt.Errorf("recipe of kind %q: code version %d, want 1 or more", r.Kind, r.Version)
	}
	params, err := canonical.Object(r.Params)
	if err != nil {
		return nil, fmt.Errorf("recipe of kind %q: parameters: %w", r.Kind, err)
	}
	for name, d := range r.Inputs {
		if name == "" || d.IsZero() {
			return nil, fmt.Errorf("recipe of kind %q: input %q has the digest %q: an input needs a name and the digest of a stored object", r.Kind, name, d)
		}
	}
	b, err := jsonv2.Marshal(struct {
		Inputs    map[string]Digest `json:"inputs"`
		KeySchema int               `json:"key_schema"`
		Kind      string            `json:"kind"`
		Numerics  string            `json:"numerics"`
		Params    jsontext.Value    `json:"params"`
		Version   int               `json:"version"`
	}{r.Inputs, KeySchema, r.Kind, r.Numerics, params, r.Version}, jsonv2.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("recipe of kind %q: %w", r.Kind, err)
	}
	return b, nil
}
