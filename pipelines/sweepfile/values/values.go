package values

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

// Splits of a data set.
const (
	SplitTrain = "train"
	SplitTest  = "test"
)

// SplitNames are the splits, in the order in which they are mapped.
var SplitNames = []string{SplitTrain, SplitTest}

// Limits of single values.
const (
	MaxRecords    = 10_000_000
	MaxEpochs     = 100_000
	maxResolution = 1025 // points along one side of a surface
	maxRange      = 1e6
	maxLambda     = 1e12
)

// Interval is [first, last] with first < last, normalised to two numbers.
type Interval struct{}

func (Interval) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	const want = "[first, last] with first below last"
	if n.Kind != syntax.ListNode || len(n.Items) != 2 {
		return c.Reject(n, path, want+", as [-1, 1]")
	}
	bound := syntax.Number{Min: -maxRange, Max: maxRange}
	a, b := bound.Check(c, n.Items[0], path), bound.Check(c, n.Items[1], path)
	if a == nil || b == nil {
		return nil
	}
	if a.(float64) >= b.(float64) {
		c.Addf(n.At, "%s: want %s, got [%v, %v]", path, want, a, b)
		return nil
	}
	return []any{a, b}
}

func (Interval) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "array", "minItems": 2, "maxItems": 2, "items": syntax.Number{Min: -maxRange, Max: maxRange}.Schema(nil)}
}

// Resolution is the number of points along each side: one for both, or [x, y].
type Resolution struct{}

func (Resolution) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	side := syntax.Integer{Min: 2, Max: maxResolution}
	if n.Kind == syntax.ListNode && len(n.Items) == 2 {
		x, y := side.Check(c, n.Items[0], path), side.Check(c, n.Items[1], path)
		if x == nil || y == nil {
			return nil
		}
		return []any{x, y}
	}
	if n.IsScalar() {
		if v := side.Check(c, n, path); v != nil {
			return []any{v, v}
		}
		return nil
	}
	return c.Reject(n, path, side.Want()+", or two of them as [x, y]")
}

func (Resolution) Schema(syntax.Names) syntax.Schema {
	side := syntax.Integer{Min: 2, Max: maxResolution}.Schema(nil)
	return syntax.Schema{"anyOf": []syntax.Schema{side, {"type": "array", "minItems": 2, "maxItems": 2, "items": side}}}
}

// ImageSet is the normalised form of images: the first Count of each split, or
// ranges that name their splits.
type ImageSet struct {
	Count  int          `json:"count,omitempty"`
	Ranges []ImageRange `json:"ranges,omitempty"`
}

// label writes the set in characters that file names may hold.
func (s ImageSet) Label() string {
	if s.Count > 0 {
		return strconv.Itoa(s.Count)
	}
	parts := make([]string, len(s.Ranges))
	for i, r := range s.Ranges {
		parts[i] = fmt.Sprintf("%s-%d-%d", r.Split, r.From, r.To)
	}
	return strings.Join(parts, "_")
}

// ImageRange is the records [From, To) of a split.
type ImageRange struct {
	Split string `json:"split"`
	From  int    `json:"from"`
	To    int    `json:"to"`
}

func (r ImageRange) String() string { return fmt.Sprintf("%s[%d:%d]", r.Split, r.From, r.To) }

// Images is a number of images, a range such as test[0:1000], or a list of ranges.
type Images struct{}

const rangeForm = `^(train|test)\[([0-9]{1,9}):([0-9]{1,9})\]$`

var imageRangeText = regexp.MustCompile(rangeForm)

func (Images) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind == syntax.PlainNode && syntax.IntText.MatchString(n.Text) {
		if v := (syntax.Integer{Min: 1, Max: MaxRecords}).Check(c, n, path); v != nil {
			return ImageSet{Count: int(v.(int64))}
		}
		return nil
	}
	const want = "a number of images, or a range such as test[0:1000], or a list of one range per split"
	items := n.Items
	if n.IsScalar() {
		items = []*syntax.Node{n}
	}
	if len(items) == 0 || len(items) > len(SplitNames) {
		return c.Reject(n, path, want)
	}
	var set ImageSet
	for _, item := range items {
		m := imageRangeText.FindStringSubmatch(item.Text)
		if m == nil {
			return c.Reject(item, path, want)
		}
		r := ImageRange{Split: m[1], From: atoi(m[2]), To: atoi(m[3])}
		if r.From >= r.To {
			c.Addf(item.At, "%s: the range %s holds no image; want %s[from:to] with from below to", path, r, r.Split)
			return nil
		}
		if slices.ContainsFunc(set.Ranges, func(o ImageRange) bool { return o.Split == r.Split }) {
			c.Addf(item.At, "%s: two ranges of the split %s; make a second map for the second", path, r.Split)
			return nil
		}
		set.Ranges = append(set.Ranges, r)
	}
	slices.SortFunc(set.Ranges, func(a, b ImageRange) int {
		return cmp.Compare(slices.Index(SplitNames, a.Split), slices.Index(SplitNames, b.Split))
	})
	return set
}

func (Images) Schema(syntax.Names) syntax.Schema {
	one := syntax.Schema{"type": "string", "pattern": rangeForm}
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: MaxRecords}.Schema(nil), one,
		{"type": "array", "items": one, "minItems": 1, "maxItems": len(SplitNames)}}}
}

// atoi reads the digits that a pattern has already matched.
func atoi(s string) int {
	v, err := strconv.Atoi(s)
	if err != nil {
		return math.MaxInt32
	}
	return v
}
