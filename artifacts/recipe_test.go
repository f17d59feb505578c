package artifacts_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
)

func key(t testing.TB, r artifacts.Recipe) artifacts.Key {
	t.Helper()
	k, err := r.Key()
	if err != nil {
		t.Fatalf("Key of %+v: %v", r, err)
	}
	return k
}

func golden() artifacts.Recipe {
	return artifacts.Recipe{
		Kind: "surface", Version: 3,
		Params:   json.RawMessage(`{"x": {"min": -1.0, "max": 1e0, "n": 400}, "net": "vgg9", "seed": 9007199254740993, "lr": 0.0005, "quote\u0022": "é\n"}`),
		Inputs:   map[string]artifacts.Digest{"weights": artifacts.Of([]byte("w")), "directions": artifacts.Of([]byte("d"))},
		Numerics: "xla:f32:cpu",
	}
}

// TestGolden: keys are what results are stored under, so that they may change
// only together with the schema version: a result that can't be found any more
// is computed again, silently.
func TestGolden(t *testing.T) {
	const canonical = `{"inputs":{` +
		`"directions":"sha256:18ac3e7343f016890c510e93f935261169d9e3f565436429830faf0934f4f8e4",` +
		`"weights":"sha256:50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326"},` +
		`"key_schema":1,"kind":"surface","numerics":"xla:f32:cpu",` +
		`"params":{"lr":5e-4,"net":"vgg9","quote\"":"é\n","seed":9007199254740993,"x":{"max":1,"min":-1,"n":4e2}},` +
		`"version":3}`
	got, err := golden().Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canonical, string(got)); diff != "" {
		t.Errorf("canonical encoding (-want +got):\n%s", diff)
	}
	// As computed by sha256sum over the text above.
	const want = "390f37dca1fd9177c116d6033db0b074df5503ccf882a710d9c5da31db4305c7"
	if got := key(t, golden()).String(); got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

// TestKeyOfEqualMeaning: spellings of the same recipe share a key.
func TestKeyOfEqualMeaning(t *testing.T) {
	same := [][]string{
		{`{}`, ` { } `, ``, `null`, " null\n"},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, "{\n\t\"a\": 1.0, \"b\": 20e-1\r\n}"},
		{`{"a":1}`, `{"a":1.0}`, `{"a":1e0}`, `{"a":10e-1}`, `{"a":0.1E+1}`, `{"a":1.000e00}`},
		{`{"a":0}`, `{"a":-0}`, `{"a":0.0}`, `{"a":0e5}`, `{"a":-0.00e-99999999999999999999}`},
		{`{"a":0.0005}`, `{"a":5e-4}`, `{"a":0.5E-3}`},
		{`{"a":9007199254740993}`, `{"a":9007199254740993.0}`, `{"a":9.007199254740993e15}`},
		{`{"a":"A/é😀"}`, `{"a":"\u0041\/\u00e9\ud83d\ude00"}`, `{"a":"\u0041/\u00E9\uD83D\uDE00"}`},
		{`{"a\u0062":1}`, `{"ab":1}`},
		{`{"a":[1,[],{}]}`, `{"a": [ 1e0 , [ ] , { } ] }`},
		{`{"a":"\u2028<&"}`, "{\"a\":\"\u2028\\u003c\\u0026\"}"},
		{`{"a":"\ufffd"}`, "{\"a\":\"\ufffd\"}"},
		{`{"a":"\\ud800"}`, `{"a":"\u005cud800"}`},
	}
	seen := map[artifacts.Key]string{}
	for _, spellings := range same {
		var first artifacts.Key
		for i, s := range spellings {
			k := key(t, artifacts.Recipe{Kind: "train", Version: 1, Params: json.RawMessage(s)})
			if i == 0 {
				first = k
			}
			if k != first {
				t.Errorf("%s and %s have different keys", spellings[0], s)
			}
		}
		if other, ok := seen[first]; ok {
			t.Errorf("%s and %s have the same key", other, spellings[0])
		}
		seen[first] = spellings[0]
	}
}

// TestKeyOfDifferentMeaning: every recipe here differs from every other.
func TestKeyOfDifferentMeaning(t *testing.T) {
	base := golden()
	change := func(f func(*artifacts.Recipe)) artifacts.Recipe {
		r := golden()
		f(&r)
		return r
	}
	params := func(s string) artifacts.Recipe {
		return change(func(r *artifacts.Recipe) { r.Params = json.RawMessage(s) })
	}
	d1, d2 := artifacts.Of([]byte("1")), artifacts.Of([]byte("2"))
	inputs := func(in map[string]artifacts.Digest) artifacts.Recipe {
		return change(func(r *artifacts.Recipe) { r.Inputs = in })
	}
	recipes := []artifacts.Recipe{
		base,
		change(func(r *artifacts.Recipe) { r.Kind = "line" }),
		change(func(r *artifacts.Recipe) { r.Version = 4 }),
		change(func(r *artifacts.Recipe) { r.Numerics = "" }),
		change(func(r *artifacts.Recipe) { r.Numerics = `","params":{}` }),
		inputs(nil), inputs(map[string]artifacts.Digest{"a": d1}), inputs(map[string]artifacts.Digest{"a": d2}),
		inputs(map[string]artifacts.Digest{"b": d1}), inputs(map[string]artifacts.Digest{"a": d1, "b": d2}),
		inputs(map[string]artifacts.Digest{"a": d2, "b": d1}),
		params(`{}`), params(`{"a":null}`), params(`{"a":false}`), params(`{"a":0}`), params(`{"a":""}`), params(`{"a":"0"}`),
		params(`{"a":[]}`), params(`{"a":{}}`), params(`{"a":[0]}`), params(`{"a":[[0]]}`), params(`{"a":[0,0]}`),
		params(`{"a":[1,2]}`), params(`{"a":[2,1]}`), params(`{"a":1}`), params(`{"a":-1}`), params(`{"a":10}`), params(`{"a":1e-1}`),
		params(`{"A":1}`), params(`{"a":9007199254740992}`), params(`{"a":9007199254740993}`), params(`{"a":{"b":1}}`),
		params(`{"a":1,"b":1}`), params(`{"a b":1}`), params(`{"a":"\u0000"}`), params(`{"a":"é"}`), params(`{"a":"e\u0301"}`),
		params(`{"a":"\ufffd"}`),
	}
	seen := map[artifacts.Key]int{}
	for i, r := range recipes {
		k := key(t, r)
		if j, ok := seen[k]; ok {
			t.Errorf("recipes %d and %d have the same key:\n%+v\n%+v", j, i, recipes[j], r)
		}
		seen[k] = i
	}
}

// TestKeyRefuses: what has no one meaning has no key, and the error says why.
func TestKeyRefuses(t *testing.T) {
	for _, c := range []struct {
		recipe artifacts.Recipe
		want   string
	}{
		{artifacts.Recipe{Version: 1}, "kind"},
		{artifacts.Recipe{Kind: "train"}, "version"},
		{artifacts.Recipe{Kind: "\xff", Version: 1}, "UTF-8"},
		{artifacts.Recipe{Kind: "train", Version: 1, Numerics: "\xff"}, "UTF-8"},
		{artifacts.Recipe{Kind: "train", Version: 1, Inputs: map[string]artifacts.Digest{"weights": {}}}, `"weights"`},
		{artifacts.Recipe{Kind: "train", Version: 1, Inputs: map[string]artifacts.Digest{"": artifacts.Of(nil)}}, "name"},
		{artifacts.Recipe{Kind: "train", Version: 1, Inputs: map[string]artifacts.Digest{"\xff": artifacts.Of(nil)}}, "UTF-8"},
	} {
		if _, err := c.recipe.Key(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Key of %+v: error %v, want one with %q", c.recipe, err, c.want)
		}
	}
	for params, want := range map[string]string{
		`{"a":1,"a":1}`:                `"a" is there twice`,
		`{"a":1,"\u0061":2}`:           `"a" is there twice`,
		`{"b":{"a":1,"a":2}}`:          `"b": "a" is there twice`,
		`{"a":NaN}`:                    "not valid JSON",
		`{"a":Infinity}`:               "not valid JSON",
		`{"a":+1}`:                     "not valid JSON",
		`{"a":01}`:                     "not valid JSON",
		`{"a":1.}`:                     "not valid JSON",
		`{"a":.5}`:                     "not valid JSON",
		`{"a":0x10}`:                   "not valid JSON",
		`{"a":1,}`:                     "not valid JSON",
		`{"a":[1,]}`:                   "not valid JSON",
		`{"a" 1}`:                      "not valid JSON",
		`{1:1}`:                        "not valid JSON",
		`{`:                            "ends too early",
		`{"a"`:                         "not valid JSON",
		`{"a":`:                        "ends too early",
		`{} {}`:                        "something follows",
		`{}x`:                          "something follows",
		`[]`:                           "not a JSON object",
		`1`:                            "not a JSON object",
		`"x"`:                          "not a JSON object",
		`{"a":"\ud800"}`:               "surrogate",
		`{"a":"\udc00"}`:               "surrogate",
		`{"a":"\ud800\ud800"}`:         "surrogate",
		`{"a":"\ud800x"}`:              "surrogate",
		`{"a":"\ud800\n"}`:             "surrogate",
		"{\"a\":\"\xff\"}":             "UTF-8",
		`{"a":1e9999999999}`:           "out of range",
		`{"a":1e99999999999999999999}`: "out of range",
		`{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`: "levels deep",
		`{"a":` + strings.Repeat("[", 1<<20):                                "levels deep",
	} {
		_, err := artifacts.Recipe{Kind: "train", Version: 1, Params: json.RawMessage(params)}.Key()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Key with parameters %.60s: error %v, want one with %q", params, err, want)
		}
	}
}

// TestKeySurvivesJSON: a recipe is sent to workers and stored in actions as JSON.
func TestKeySurvivesJSON(t *testing.T) {
	for _, r := range []artifacts.Recipe{
		golden(),
		{Kind: "train", Version: 1},
		{Kind: "train", Version: 1, Params: json.RawMessage(`{"a":"<&>\u2028","b":1.50}`), Inputs: map[string]artifacts.Digest{}},
	} {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back artifacts.Recipe
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if key(t, r) != key(t, back) {
			t.Errorf("the key changed on its way through %s", b)
		}
	}
}
