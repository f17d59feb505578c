package sweepfile

import (
	"encoding/json"
	"fmt"
	"maps"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// mapRange is the first and last coordinate of a map along each axis, or auto. In JSON it has the form of the sweep file.
type mapRange struct {
	auto bool
	ends [2]float64
}

const autoRange = "auto"

// MarshalJSON writes auto, or both ends.
func (r mapRange) MarshalJSON() ([]byte, error) {
	if r.auto {
		return json.Marshal(autoRange)
	}
	return json.Marshal(r.ends)
}

// Label writes the range in characters that file names may hold.
func (r mapRange) Label() string {
	if r.auto {
		return autoRange
	}
	return parameters.ValueLabel([]any{r.ends[0], r.ends[1]})
}

// mapRanges is the type of the field range.
type mapRanges struct{}

func (mapRanges) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == autoRange {
		return mapRange{auto: true}
	}
	if n.Kind != syntax.ListNode || len(n.Items) != 2 {
		return c.Reject(n, path, "auto, or [first, last] with first below last, as [-1, 1]")
	}
	ends, ok := values.Interval{}.Check(c, n, path).([]any)
	if !ok {
		return nil
	}
	return mapRange{ends: [2]float64{ends[0].(float64), ends[1].(float64)}}
}

func (mapRanges) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{{"const": autoRange}, values.Interval{}.Schema(known)}}
}

func rangeField(doc string, usual mapRange) syntax.Field {
	return syntax.Field{Name: "range", Type: mapRanges{}, Default: usual,
		Doc: doc + " auto: as far as the loss rises by the factor rise, the same to both sides, along each axis; this takes about 12 points for each, of at most " +
			fmt.Sprint(rangeImages) + " images of the first split."}
}

var riseField = syntax.Field{Name: "rise", Type: syntax.Number{Min: 1, Max: maxNumber, Above: true}, Default: 10.0,
	Doc: "Factor by which the loss has risen at the ends of range: auto. Where it never does, the map reaches to 9/10 of its rise."}

// resolveRange checks that a map's fields of the range have an effect.
func (m *mapConfig) resolveRange(c *syntax.Checker, item *syntax.Node) {
	if item.Get("rise") != nil && !m.Range.auto {
		c.Addf(item.Place("rise"), "rise has no effect without range: auto; leave it out")
	}
}

// rangeImages is how many images the search for a range looks at: their loss needs not be exact.
const rangeImages = 1000

// addRange adds the step that finds the range of a map with range: auto, along the directions among inputs, and returns its output as
// the input of the map's grids; nil for a map whose range is given. Minimizers lie at 0 and at beyond.
func (b *builder) addRange(m mapConfig, name string, beyond float64, inputs map[string]pipelines.Ref) map[string]pipelines.Ref {
	axes := 2
	if m.Kind == mapLine {
		axes = 1
	}
	if !m.Range.auto || m.X != nil && (axes == 1 || m.Y != nil) {
		return nil
	}
	r := m.Ranges[0]
	of := m.over(pipelines.MapParams{}, b.mapData(m, r))
	most := rangeImages
	if m.BatchNorm.mode == normBatch {
		most = max(of.Batch, most-most%of.Batch)
	}
	of.Data.To = min(of.Data.To, of.Data.From+most)
	id := b.add(name, pipelines.Address{Map: m.Name, Split: r.Split, Role: pipelines.RoleRange}, pipelines.KindRange, pipelines.RangeParams{
		Net: b.config.network(), Data: of.Data, Axes: axes, Rise: m.Rise, Beyond: beyond, Batch: m.batch(of.Data), BatchNorm: of.BatchNorm},
		maps.Clone(inputs))
	return map[string]pipelines.Ref{pipelines.OutRange: {Step: id, Output: pipelines.OutRange}}
}
