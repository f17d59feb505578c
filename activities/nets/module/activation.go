package module

import "fmt"

// activation is an elementwise function without fields, by the name of its operation.
func activation(name string) func(f Fields, in Shape) (*Module, error) {
	return func(_ Fields, in Shape) (*Module, error) { return elementwise(in, name, args{}), nil }
}

func elementwise(in Shape, name string, a args) *Module {
	m := floats(in)
	a["self"] = tensor(input)
	m.do(name, a)
	return m
}

// gelu is x·Φ(x), with Φ the normal distribution (Hendrycks and Gimpel 2016), or its approximation by tanh.
func gelu(f Fields, in Shape) (*Module, error) {
	if f.Form != "" && f.Form != "tanh" {
		return nil, fmt.Errorf("gelu has no form %q: choose exact or tanh", f.Form)
	}
	return elementwise(in, "gelu", args{"approximate": {Text: f.Form}}), nil
}

// leakyReLU is x above 0 and slope·x below.
func leakyReLU(f Fields, in Shape) (*Module, error) {
	return elementwise(in, "leaky_relu", args{"negative_slope": number(f.Slope)}), nil
}

// elu is x above 0 and α(exp(x) − 1) below (Clevert et al. 2015).
func elu(f Fields, in Shape) (*Module, error) {
	return elementwise(in, "elu", args{"alpha": number(f.Alpha)}), nil
}
