package module

import "fmt"

// layerNorm normalizes the features of each token, of a vector, or of each pixel of an image (Ba et al. 2016).
func layerNorm(f Fields, in Shape) (*Module, error) {
	m := floats(in)
	m.do("layer_norm", m.affine(f, args{"input": tensor(input), "normalized_shape": integers(in.Channels), "eps": number(f.Epsilon)}, in.Channels))
	return m, nil
}

// groupNorm normalizes groups of channels of an image or a vector (Wu and He 2018).
func groupNorm(f Fields, in Shape) (*Module, error) {
	if in.IsSequence() {
		return nil, fmt.Errorf("%s needs an image or features but gets %v: choose layernorm for tokens", f.title(), in)
	}
	if f.Groups < 1 || in.Channels%f.Groups != 0 {
		return nil, fmt.Errorf("%s: %d groups do not divide %d channels", f.title(), f.Groups, in.Channels)
	}
	m := floats(in)
	m.ChannelsFirst = in.IsImage()
	m.do("group_norm", m.affine(f, args{"input": tensor(input), "num_groups": integer(f.Groups), "eps": number(f.Epsilon)}, in.Channels))
	return m, nil
}

// instanceNorm normalizes each channel of each image (Ulyanov et al. 2016).
func instanceNorm(f Fields, in Shape) (*Module, error) {
	if err := in.Spatial(f.title()); err != nil {
		return nil, err
	}
	m := floats(in)
	m.ChannelsFirst = true
	m.do("instance_norm", m.affine(f, args{"input": tensor(input), "use_input_stats": flag(true), "eps": number(f.Epsilon)}, in.Channels))
	return m, nil
}
