package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/activities/nets"
)

// Rename gives parts of tensors' names other names: {fc: linear} makes
// linear.weight of fc.weight. A part is one component of a name between dots, or
// several; an empty new name takes the part off where a name begins with it.
type Rename map[string]string

// ParseRename reads the form of String.
func ParseRename(text string) (Rename, error) {
	r := Rename{}
	if text == "" {
		return r, nil
	}
	for _, rule := range strings.Split(text, ",") {
		from, to, ok := strings.Cut(rule, "=")
		if from = strings.Trim(from, "./"); !ok || from == "" {
			return nil, fmt.Errorf("%q is no rule: want FROM=TO, as in fc=linear", rule)
		}
		if _, twice := r[from]; twice {
			return nil, fmt.Errorf("%s is given two names", from)
		}
		r[from] = to
	}
	return r, nil
}

// String is FROM=TO,…, sorted.
func (r Rename) String() string { return r.join("=", ",") }

func (r Rename) join(equals, comma string) string {
	var rules []string
	for _, from := range slices.Sorted(maps.Keys(r)) {
		rules = append(rules, from+equals+r[from])
	}
	return strings.Join(rules, comma)
}

// apply renames tensors. A rule that changes no name is an error.
func (r Rename) apply(given []tensor) ([]tensor, error) {
	used := map[string]bool{}
	for i := range given {
		given[i].name = r.of(given[i].name, used)
	}
	for _, from := range slices.Sorted(maps.Keys(r)) {
		if !used[from] {
			return nil, fmt.Errorf("no tensor's name has %s, which was to be renamed", from)
		}
	}
	return given, nil
}

// of renames one name and notes in used which rules did it. Of several rules for
// the same place the longest is taken.
func (r Rename) of(name string, used map[string]bool) string {
	longest := 0
	for from := range r {
		longest = max(longest, 1+strings.Count(from, "."))
	}
	var out []string
	parts := strings.Split(name, ".")
	for i := 0; i < len(parts); {
		n := min(longest, len(parts)-i)
		for ; n > 0; n-- {
			from := strings.Join(parts[i:i+n], ".")
			if to, ok := r[from]; ok && (to != "" || i == 0) {
				used[from] = true
				out = append(out, to)
				break
			}
		}
		if n == 0 {
			out, n = append(out, parts[i]), 1
		}
		i += n
	}
	return strings.TrimPrefix(strings.Join(out, "."), ".")
}

// described is a tensor as messages show it.
type described struct {
	name  string
	shape []int
}

func texts(list []described) []string {
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %v", d.name, d.shape))
	}
	return out
}

// describe reads the shapes of tensors; those without a usable header, and those
// that are no floating-point numbers, are shown without one and never offered.
func (f *file) describe(list []tensor) []described {
	var out []described
	for _, t := range list {
		d := described{name: t.name}
		if kind, shape, err := f.header(t.at); err == nil && isFloat(kind) {
			d.shape = shape
		}
		out = append(out, d)
	}
	return out
}

// adviseShortcuts says which variant of a built-in network has all tensors but the missing ones: the one whose shortcuts have no
// weights. It is "" where no variant fits.
func adviseShortcuts(net *nets.Net, missing []described) string {
	base, parameters, given := strings.Cut(net.Name, ":")
	variant := net.Name + ":shortcut=pad"
	if given {
		variant = net.Name + ",shortcut=pad"
	}
	has := len(net.Params()) + len(net.State())
	pad, err := nets.ByName(variant, net.Problem)
	if err != nil || len(missing) == 0 || len(pad.Params())+len(pad.State()) != has-len(missing) || slices.ContainsFunc(missing, func(d described) bool { return !strings.Contains(d.name, ".shortcut.") }) {
		return ""
	}
	fields := "shortcut: pad"
	if given {
		fields = strings.NewReplacer("=", ": ", ",", ", ").Replace(parameters) + ", " + fields
	}
	return fmt.Sprintf("only the weights of shortcuts are missing: for a network whose shortcuts have none (He et al. 2016, option A), name %s in place of %s (in a sweep file, net: {%s: {%s}})", variant, net.Name, base, fields)
}

// adviseRenames says which of the file's tensors would fit the missing ones, and the
// renames by which they do; "" where shapes leave several choices. Where no name fits, a few shapes fit by chance.
func adviseRenames(missing, foreign []described, table []nets.Param) string {
	pairs := pair(missing, foreign)
	if len(missing) == len(table) && 2*len(pairs) < len(missing) {
		return "no tensor of the file has a name of this network: the file belongs to another network, or to other code for the same one"
	}
	if len(pairs) == 0 {
		return ""
	}
	short, full := Rename{}, Rename{}
	var fits []string
	for _, p := range pairs {
		from, to := p[0].name, p[1].name
		fits = append(fits, from+" fits "+to)
		full[from] = to
		from, to = difference(from, to)
		short[from] = to
	}
	advice := "by shape, " + strings.Join(nets.Abridge(fits), ", ")
	for _, rules := range []Rename{short, full} {
		if rules.resolves(pairs, foreign, table) {
			return advice + fmt.Sprintf(": if they are meant, add --rename %s (in a sweep file, rename: {%s} next to import)", rules, rules.join(": ", ", "))
		}
	}
	return advice
}

// resolves says whether the rules make all pairs equal, change no name of the
// table, and give no tensor of another shape one.
func (r Rename) resolves(pairs [][2]described, foreign []described, table []nets.Param) bool {
	used := map[string]bool{}
	for _, p := range pairs {
		if r.of(p[0].name, used) != p[1].name {
			return false
		}
	}
	shapes := make(map[string][]int, len(table))
	for _, p := range table {
		if r.of(p.Name, used) != p.Name {
			return false
		}
		shapes[p.Name] = p.Shape
	}
	return !slices.ContainsFunc(foreign, func(d described) bool {
		shape, ok := shapes[r.of(d.name, used)]
		return ok && !slices.Equal(shape, d.shape)
	})
}

// difference cuts equal components off both ends of two names.
func difference(from, to string) (a, b string) {
	x, y := strings.Split(from, "."), strings.Split(to, ".")
	for len(x) > 1 && len(y) > 1 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	for len(x) > 1 && len(y) > 1 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	return strings.Join(x, "."), strings.Join(y, ".")
}

// pair finds tensors of the file for missing ones, where one alone comes into
// question on either side: by shape; by shape and the name's last component; by
// shape and all components but one.
func pair(missing, foreign []described) (pairs [][2]described) {
	for _, keys := range []func(d described) []string{byShape, byLast, byAllButOne} {
		buckets := map[string]*[2][]int{}
		for side, list := range [][]described{foreign, missing} {
			for i, d := range list {
				for _, key := range keys(d) {
					if buckets[key] == nil {
						buckets[key] = new([2][]int)
					}
					buckets[key][side] = append(buckets[key][side], i)
				}
			}
		}
		taken := [2]map[int]bool{{}, {}}
		for i, d := range missing {
			for _, key := range keys(d) {
				if b := buckets[key]; len(b[0]) == 1 && len(b[1]) == 1 && !taken[0][b[0][0]] {
					pairs = append(pairs, [2]described{foreign[b[0][0]], d})
					taken[0][b[0][0]], taken[1][i] = true, true
					break
				}
			}
		}
		foreign, missing = without(foreign, taken[0]), without(missing, taken[1])
	}
	return pairs
}

func without(list []described, taken map[int]bool) []described {
	var out []described
	for i, d := range list {
		if !taken[i] {
			out = append(out, d)
		}
	}
	return out
}

func byShape(d described) []string {
	if d.shape == nil {
		return nil
	}
	return []string{fmt.Sprint(d.shape)}
}

func byLast(d described) []string {
	return prefixedKeys(d, d.name[strings.LastIndexByte(d.name, '.')+1:])
}

// maxComponents bounds the work for names longer than in any network.
const maxComponents = 32

func byAllButOne(d described) []string {
	parts := strings.Split(d.name, ".")
	if len(parts) > maxComponents {
		return nil
	}
	var out []string
	for i, was := range parts {
		parts[i] = "*"
		out = append(out, strings.Join(parts, "."))
		parts[i] = was
	}
	return prefixedKeys(d, out...)
}

func prefixedKeys(d described, keys ...string) []string {
	var out []string
	for _, shape := range byShape(d) {
		for _, key := range keys {
			out = append(out, shape+key)
		}
	}
	return out
}
