package nets

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"lossatlas/activities/nets/module"
)

// write is the inverse of Parse.
func write(t testing.TB, layers []Layer) []written {
	t.Helper()
	var list []written
	add, square := func(f module.Fields) { list = append(list, written{Fields: f}) }, module.Square
	for _, l := range layers {
		switch l := l.(type) {
		case Convolution:
			add(module.Fields{Kind: "conv", Name: l.Name, Out: l.Out, Kernel: square(l.Kernel), Stride: square(l.Stride), Padding: square(l.Padding), Bias: l.Bias})
		case FullyConnected:
			add(module.Fields{Kind: "linear", Name: l.Name, Out: l.Out, Init: l.Init})
		case BatchNorm:
			add(module.Fields{Kind: "bn", Name: l.Name})
		case ReLU:
			add(module.Fields{Kind: "relu"})
		case MaxPool:
			add(module.Fields{Kind: "maxpool", Kernel: square(l.Kernel), Stride: square(l.Stride), Padding: square(l.Padding)})
		case AvgPool:
			add(module.Fields{Kind: "avgpool", Kernel: square(l.Kernel), Stride: square(l.Stride), Padding: square(l.Padding)})
		case Flatten:
			add(module.Fields{Kind: "flatten"})
		case Dropout:
			add(module.Fields{Kind: "dropout", Rate: l.Rate})
		case Translated:
			add(l.Fields)
		case Residual:
			list = append(list, written{Fields: module.Fields{Kind: "residual", Pad: l.Pad}, Body: write(t, l.Body), Shortcut: write(t, l.Shortcut)})
		case Dense:
			list = append(list, written{Fields: module.Fields{Kind: "dense"}, Body: write(t, l.Body)})
		default:
			t.Fatalf("a layer of type %T", l)
		}
	}
	return list
}

// TestBuiltInNetworksWrittenOut writes every built-in network as a list and
// wants the same network back.
func TestBuiltInNetworksWrittenOut(t *testing.T) {
	for _, c := range catalogue {
		b, err := json.Marshal(write(t, c.layers(10)))
		if err != nil {
			t.Fatal(err)
		}
		layers, err := Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !reflect.DeepEqual(layers, c.layers(10)) {
			t.Errorf("%s is another network after writing and reading", c.name)
		}
	}
}

// TestWrittenNetworkErrors checks that the wrong layer is named.
func TestWrittenNetworkErrors(t *testing.T) {
	for _, test := range []struct{ layers, want string }{
		{`[{"kind":"conv","name":"a","out":4,"kernel":3,"stride":1},{"kind":"bn","name":"a"}]`, "layer 2: batch normalisation"},
		{`[{"kind":"linear","name":"a","out":4}]`, "layer 1: linear layer \"a\" needs flat features"},
		{`[{"kind":"residual","body":[{"kind":"relu"},{"kind":"conv","name":"c","out":4,"kernel":64,"stride":1}]}]`, "layer 1: residual body: layer 2:"},
		{`[{"kind":"conv","name":"a","out":100000,"kernel":3,"stride":1,"padding":1},{"kind":"conv","name":"b","out":100000,"kernel":3,"stride":1}]`, "more than 1073741824 parameters"},
		{`[{"kind":"maxpool","kernel":1,"stride":1,"padding":600}]`, "1024 is the largest side"},
		{`[{"kind":"gelo"}]`, `layer 1: there is no layer of kind "gelo"`},
		{`[{"kind":"relu","slope":1}]`, "slope"},
		{`[] []`, "something follows"},
		{`[{"kind":"relu"},{"kind":"avgpool"}]`, "layer 2: the network ends with an image"},
		{`[{"kind":"conv","name":"a","out":2,"kernel":4611686018427387904,"stride":1,"padding":2305843009213693952}]`, "parameters"},
	} {
		layers, err := Parse([]byte(test.layers))
		if err == nil {
			_, err = New("test", layers, images(10))
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.layers, err, test.want)
		}
	}
}

// TestInnermost checks the way to the layer that is wrong.
func TestInnermost(t *testing.T) {
	const conv, wide = `{"kind":"conv","name":"c","out":3,"kernel":3,"stride":1,"padding":1}`, `{"kind":"conv","name":"d","out":3,"kernel":64,"stride":1}`
	for layers, want := range map[string]string{
		`[{"kind":"relu"},` + wide + `]`: "1",
		`[{"kind":"residual","body":[` + conv + `],"shortcut":[{"kind":"dense","body":[{"kind":"relu"},` + wide + `]}]}]`: "0/shortcut/0/body/1",
		`[{"kind":"dense","body":[{"kind":"residual","body":[{"kind":"gelo"}]}]}]`:                                        "0/body/0/body/0",
	} {
		list, err := Parse([]byte(layers))
		if err == nil {
			_, err = New("test", list, images(10))
		}
		var at *LayerError
		if !errors.As(err, &at) {
			t.Fatalf("%s: %v", layers, err)
		}
		if place, cause := at.Innermost(); strings.Join(place, "/") != want || strings.Contains(cause.Error(), "layer 1:") {
			t.Errorf("%s: %q at %v, want %s", layers, cause, place, want)
		}
	}
}

// FuzzParse checks that no text panics, neither when it is read nor when what it
// says is built, and that what is built comes back from its written form.
func FuzzParse(f *testing.F) {
	for _, c := range catalogue[:2] {
		b, err := json.Marshal(write(f, c.layers(10)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`[{"kind":"avgpool"},{"kind":"dense","body":[{"kind":"dense"}]},{"kind":"flatten"},{"kind":"linear","name":"x","out":10}]`))
	f.Add([]byte(`[{"kind":"conv","out":-1,"kernel":9223372036854775807,"stride":-1,"padding":-1}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		layers, err := Parse(b)
		if err != nil {
			return
		}
		if _, err := New("fuzz", layers, images(10)); err != nil {
			return
		}
		again, err := json.Marshal(write(t, layers))
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(again)
		if err != nil || !reflect.DeepEqual(layers, back) {
			t.Fatalf("%s came back as %s (%v)", b, again, err)
		}
	})
}
