package pipelines

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// interval is [first, last] with first < last, normalised to two numbers.
type interval struct{}

func (interval) check(c *checker, n *node, path string) any {
	const want = "[first, last] with first below last"
	if n.kind != listNode || len(n.items) != 2 {
		return c.reject(n, path, want+", as [-1, 1]")
	}
	bound := number{min: -maxRange, max: maxRange}
	a, b := bound.check(c, n.items[0], path), bound.check(c, n.items[1], path)
	if a == nil || b == nil {
		return nil
	}
	if a.(float64) >= b.(float64) {
		c.addf(n.at, "%s: want %s, got [%v, %v]", path, want, a, b)
		return nil
	}
	return []any{a, b}
}

func (interval) schema(Catalog) schema {
	return schema{"type": "array", "minItems": 2, "maxItems": 2, "items": number{min: -maxRange, max: maxRange}.schema(Catalog{})}
}

// resolution is the number of points along each side: one for both, or [x, y].
type resolution struct{}

func (resolution) check(c *checker, n *node, path string) any {
	side := integer{2, maxResolution}
	if n.kind == listNode && len(n.items) == 2 {
		x, y := side.check(c, n.items[0], path), side.check(c, n.items[1], path)
		if x == nil || y == nil {
			return nil
		}
		return []any{x, y}
	}
	if n.isScalar() {
		if v := side.check(c, n, path); v != nil {
			return []any{v, v}
		}
		return nil
	}
	return c.reject(n, path, side.want()+", or two of them as [x, y]")
}

func (resolution) schema(Catalog) schema {
	side := integer{2, maxResolution}.schema(Catalog{})
	return schema{"anyOf": []schema{side, {"type": "array", "minItems": 2, "maxItems": 2, "items": side}}}
}

// imageSet is the normalised form of images: the first Count of each split, or
// ranges that name their splits.
type imageSet struct {
	Count  int          `json:"count,omitempty"`
	Ranges []imageRange `json:"ranges,omitempty"`
}

// imageRange is the records [From, To) of a split.
type imageRange struct {
	Split string `json:"split"`
	From  int    `json:"from"`
	To    int    `json:"to"`
}

func (r imageRange) String() string { return fmt.Sprintf("%s[%d:%d]", r.Split, r.From, r.To) }

// images is a number of images, a range such as test[0:1000], or a list of ranges.
type images struct{}

const rangeForm = `^(train|test)\[([0-9]{1,9}):([0-9]{1,9})\]$`

var imageRangeText = regexp.MustCompile(rangeForm)

func (images) check(c *checker, n *node, path string) any {
	if n.kind == plainNode && intText.MatchString(n.text) {
		if v := (integer{1, maxRecords}).check(c, n, path); v != nil {
			return imageSet{Count: int(v.(int64))}
		}
		return nil
	}
	const want = "a number of images, or a range such as test[0:1000], or a list of one range per split"
	items := n.items
	if n.isScalar() {
		items = []*node{n}
	}
	if len(items) == 0 || len(items) > len(splitNames) {
		return c.reject(n, path, want)
	}
	var set imageSet
	for _, item := range items {
		m := imageRangeText.FindStringSubmatch(item.text)
		if m == nil {
			return c.reject(item, path, want)
		}
		r := imageRange{Split: m[1], From: atoi(m[2]), To: atoi(m[3])}
		if r.From >= r.To {
			c.addf(item.at, "%s: the range %s holds no image; want %s[from:to] with from below to", path, r, r.Split)
			return nil
		}
		if slices.ContainsFunc(set.Ranges, func(o imageRange) bool { return o.Split == r.Split }) {
			c.addf(item.at, "%s: two ranges of the split %s; make a second map for the second", path, r.Split)
			return nil
		}
		set.Ranges = append(set.Ranges, r)
	}
	slices.SortFunc(set.Ranges, func(a, b imageRange) int {
		return cmp.Compare(slices.Index(splitNames, a.Split), slices.Index(splitNames, b.Split))
	})
	return set
}

func (images) schema(Catalog) schema {
	one := schema{"type": "string", "pattern": rangeForm}
	return schema{"anyOf": []schema{integer{1, maxRecords}.schema(Catalog{}), one,
		{"type": "array", "items": one, "minItems": 1, "maxItems": len(splitNames)}}}
}

// atoi reads the digits that a pattern has already matched.
func atoi(s string) int {
	v, err := strconv.Atoi(s)
	if err != nil {
		return math.MaxInt32
	}
	return v
}
