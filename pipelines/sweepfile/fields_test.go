package sweepfile

import (
	"reflect"
	"testing"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Each field of the tables has a place in the struct that its value goes to, and
// each place a field.
func TestFieldsAndStructsAgree(t *testing.T) {
	for _, c := range []struct {
		fields syntax.Object
		values any
	}{
		{sweepFields, config{}}, {datasetFields, datasetConfig{}}, {trainFields, trainConfig{}}, {values.OptimizerFields, values.Optimizer{}},
		{mapFields.Object, mapConfig{}}, {compareFields.Object, compareConfig{}}, {plotFields.Object, plotConfig{}}, {figureFields.Object, figureConfig{}},
	} {
		of := reflect.TypeOf(c.values)
		places := make(map[string]bool)
		for _, f := range reflect.VisibleFields(of) {
			if name := f.Tag.Get("field"); name != "" {
				places[name] = true
			}
		}
		for _, f := range c.fields.Fields {
			switch f.Type.(type) {
			case axes, repeats, presets, layers.Networks, syntax.Variables: // read by themselves
			default:
				if !places[f.Name] {
					t.Errorf("%s has no place for %s", of, f.Name)
				}
			}
			delete(places, f.Name)
		}
		if of == reflect.TypeFor[compareConfig]() {
			continue // which has the places of a map as well
		}
		for name := range places {
			t.Errorf("%s has a place for %s, which is no field", of, name)
		}
	}
}
