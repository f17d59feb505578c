package pickle_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/weights/pickle"
)

func read(b []byte) (*pickle.Pickle, error) {
	return pickle.Read(bytes.NewReader(b), 0, int64(len(b)), 1<<20)
}

func list(items ...pickle.Value) *pickle.List { return &pickle.List{Items: items} }

func dict(flat ...pickle.Value) *pickle.Dict {
	d := &pickle.Dict{}
	for i := 0; i < len(flat); i += 2 {
		d.Pairs = append(d.Pairs, pickle.Pair{Key: flat[i], Value: flat[i+1]})
	}
	return d
}

// plain are the values of testdata/make.py that are the same data in all protocols.
var plain = map[string]pickle.Value{
	"constants":     list(nil, true, false),
	"integers":      list(int64(0), int64(255), int64(256), int64(65535), int64(65536), int64(-1), int64(1<<31-1), int64(-1<<31), int64(1<<31), int64(math.MaxInt64), int64(math.MinInt64)),
	"long":          new(big.Int).Lsh(big.NewInt(1), 70),
	"negative long": new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 70)),
	"floats":        list(0.5, -1e300, math.Inf(1)),
	"texts":         list("", "conv1.weight", "ü", "Ā\n\\", strings.Repeat("x", 300)),
	"tuples": list(pickle.Tuple{}, pickle.Tuple{int64(1)}, pickle.Tuple{int64(1), int64(2)}, pickle.Tuple{int64(1), int64(2), int64(3)},
		pickle.Tuple{int64(1), int64(2), int64(3), int64(4)}),
	"dictionary": dict("a", int64(1), "b", dict("c", list()), int64(3), nil),
	"shared":     list(list(int64(1)), list(int64(1))),
}

// TestPythonsPickles reads what Python's two picklers write in all protocols.
func TestPythonsPickles(t *testing.T) {
	b, err := os.ReadFile("testdata/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name     string
		Protocol int
		Pickle   []byte
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		p, err := read(c.Pickle)
		if err != nil || p.End != int64(len(c.Pickle)) {
			t.Errorf("%s, protocol %d: %v", c.Name, c.Protocol, err)
			continue
		}
		if want, ok := plain[c.Name]; ok {
			if diff := cmp.Diff(want, p.Root, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }), equateEmpty); diff != "" {
				t.Errorf("%s, protocol %d: %s", c.Name, c.Protocol, diff)
			}
			continue
		}
		if what := special[c.Name](p.Root, c.Protocol); what != "" {
			t.Errorf("%s, protocol %d: %s: %#v", c.Name, c.Protocol, what, p.Root)
		}
	}
}

// equateEmpty makes nil and empty slices equal.
var equateEmpty = cmp.FilterValues(func(a, b []pickle.Value) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())

// special checks values whose form depends on the protocol; "" is good.
var special = map[string]func(v pickle.Value, protocol int) string{
	"ordered": func(v pickle.Value, _ int) string {
		o, ok := v.(*pickle.Object)
		if !ok || o.Name() != "collections.OrderedDict" {
			return "no OrderedDict"
		}
		if !cmp.Equal(o.Pairs, dict("z", int64(1), "a", int64(2)).Pairs) {
			return "other entries"
		}
		return ""
	},
	"object": func(v pickle.Value, protocol int) string {
		o, ok := v.(*pickle.Object)
		switch {
		case !ok || !cmp.Equal(o.State, pickle.Value(dict("color", "red"))):
			return "another state"
		case protocol >= 2 && (o.Name() != "shop.Thing" || !cmp.Equal(o.Items, []pickle.Value{int64(1), int64(2)})):
			return "another class or other items"
		case protocol < 2 && (o.Name() != "copy_reg._reconstructor" || o.Args[0] != pickle.Value(pickle.Global{Module: "shop", Name: "Thing"})):
			return "another class"
		}
		return ""
	},
	"cycle": func(v pickle.Value, _ int) string {
		l, ok := v.(*pickle.List)
		if !ok || len(l.Items) != 2 || l.Items[1] != pickle.Value(l) {
			return "the list does not hold itself"
		}
		return ""
	},
	"set":    holdsSeven,
	"frozen": holdsSeven,
}

// holdsSeven: before protocol 4 a set is a call with a list.
func holdsSeven(v pickle.Value, protocol int) string {
	if o, ok := v.(*pickle.Object); ok && protocol < 4 {
		v = o.Args[0]
	}
	items, _ := v.(pickle.Tuple)
	if l, ok := v.(*pickle.List); ok {
		items = l.Items
	}
	if len(items) != 1 || items[0] != pickle.Value(int64(7)) {
		return "not the set of 7"
	}
	return ""
}

// TestOldOpcodes reads what Python's picklers don't write today but older ones did.
func TestOldOpcodes(t *testing.T) {
	for text, want := range map[string]pickle.Value{
		"I01\n.":                     true,
		"L12L\n.":                    int64(12),
		"S'a\\tb'\n.":                "a\tb",
		`S"it's"` + "\n.":            "it's",
		"S'\\xff'\n.":                "\xff",
		"(dS'a'\nI1\ns.":             dict("a", int64(1)),
		"(I1\n.":                     int64(1),
		"I1\n(I2\nI3\n1.":            int64(1),
		"I1\nI2\n0.":                 int64(1),
		"I1\n(0.":                    int64(1),
		"I1\n2\x86.":                 pickle.Tuple{int64(1), int64(1)},
		"Pstorage\n.":                &pickle.Persistent{ID: "storage"},
		"(I1\niposix\nsystem\n.":     &pickle.Object{Class: pickle.Global{Module: "posix", Name: "system"}, Args: pickle.Tuple{int64(1)}},
		"(cos\nsystem\nI1\no.":       &pickle.Object{Class: pickle.Global{Module: "os", Name: "system"}, Args: pickle.Tuple{int64(1)}},
		"cos\nsystem\n)}\x92.":       &pickle.Object{Class: pickle.Global{Module: "os", Name: "system"}, Args: pickle.Tuple{}},
		"T\x02\x00\x00\x00\x00\xff.": "\x00\xff",
		"C\x02ab.":                   pickle.Bytes{At: 2, Length: 2},
		"\x96\x01" + "\x00\x00\x00\x00\x00\x00\x00a.":         pickle.Bytes{At: 9, Length: 1},
		"X\x01\x10\x00\x00" + strings.Repeat("x", 4097) + ".": pickle.Bytes{At: 5, Length: 4097, Text: true},
	} {
		p, err := read([]byte(text))
		if err != nil {
			t.Errorf("%.40q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, p.Root, equateEmpty); diff != "" {
			t.Errorf("%.40q: %s", text, diff)
		}
	}
}

// TestErrors: what is no pickle is refused with the place, and no length is believed.
func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "at byte 0: it ends in the middle",
		"K":                                     "ends in the middle",
		"X\xff\xff\xff\xffab":                   "ends in the middle",
		"N\x82\x01.":                            "at byte 1: the byte 0x82 is no opcode",
		".":                                     "a value is missing",
		"t.":                                    "a mark is missing",
		"h\x07.":                                "the value 7 is used before it is there",
		"I1\n)R.":                               "neither a class nor a function",
		"cos\nsystem\nNR.":                      "the arguments of a call are no tuple",
		"NNa.":                                  "no list",
		"N(NNu.":                                "no dictionary",
		"}(Nu.":                                 "a key of a dictionary has no value",
		"}}b.":                                  "a state is set on an object without one",
		"NN\x93.":                               "is no text",
		"Ix\n.":                                 "is no integer",
		"Fx\n.":                                 "is no number",
		"gx\n.":                                 "is no place in the memo",
		"Sx\n.":                                 "is no text in quotes",
		"(o.":                                   "a class is missing",
		"\x8b\xff\xff\x00\x00":                  "a number of 65535 bytes",
		"S" + strings.Repeat("a", 5000) + "\n.": "a line is longer than 4096 bytes",
		strings.Repeat("}", 1<<20) + ".":        "more values than are allowed",
		strings.Repeat("\x8c\xff"+strings.Repeat("a", 255), 1<<12) + ".": "more values than are allowed",
	} {
		if _, err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// FuzzRead: nothing makes Read panic, and what it says about places is true.
func FuzzRead(f *testing.F) {
	b, err := os.ReadFile("testdata/values.json")
	if err != nil {
		f.Fatal(err)
	}
	var cases []struct{ Pickle []byte }
	if err := json.Unmarshal(b, &cases); err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add(c.Pickle)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := read(b)
		if err != nil {
			return
		}
		if p.End < 1 || p.End > int64(len(b)) || b[p.End-1] != '.' {
			t.Errorf("it ends at %d of %d", p.End, len(b))
		}
		if x, ok := p.Root.(pickle.Bytes); ok && (x.At < 0 || x.Length < 0 || x.At+x.Length > int64(len(b))) {
			t.Errorf("bytes at %+v of %d", x, len(b))
		}
	})
}
