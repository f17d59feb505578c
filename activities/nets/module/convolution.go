package module

import "fmt"

func (f Fields) window() Window {
	return Window{Kernel: f.Kernel, Stride: f.Stride, Padding: f.Padding, Dilation: f.Dilation, Ceil: f.Ceil}
}

// convolution is a two-dimensional cross-correlation with zero padding of Out filters, each over the channels of its group.
func convolution(f Fields, in Shape) (*Module, error) {
	height, width, err := f.window().Over(f.title(), in)
	if err != nil {
		return nil, err
	}
	groups, dilation := max(1, f.Groups), f.Dilation
	if dilation == (Sides{}) {
		dilation = Square(1)
	}
	if f.Out < 1 || in.Channels%groups != 0 || f.Out%groups != 0 {
		return nil, fmt.Errorf("%s: %d groups do not divide both %d channels and %d filters", f.title(), groups, in.Channels, f.Out)
	}
	m := floats(Shape{Height: height, Width: width, Channels: f.Out})
	m.ChannelsFirst = true
	a := args{
		"input":  tensor(input),
		"weight": m.param(Param{Suffix: ".weight", Role: Conv, Shape: []int{f.Out, in.Channels / groups, f.Kernel[0], f.Kernel[1]}}),
		"stride": sides(f.Stride), "padding": sides(f.Padding), "dilation": sides(dilation), "groups": integer(groups),
	}
	if f.Bias {
		a["bias"] = m.param(Param{Suffix: ".bias", Role: Bias, Shape: []int{f.Out}})
	}
	m.do("conv2d", a)
	m.MACs = m.Out.Size() * int64(in.Channels/groups) * int64(f.Kernel[0]) * int64(f.Kernel[1])
	return m, nil
}

// maxPool takes the maximum over windows.
func maxPool(f Fields, in Shape) (*Module, error) { return pool(f, in, "max_pool2d") }

// avgPool takes the mean over windows; the zeros of the padding count, and what lies beyond it does not.
func avgPool(f Fields, in Shape) (*Module, error) { return pool(f, in, "avg_pool2d") }

func pool(f Fields, in Shape, name string) (*Module, error) {
	height, width, err := f.window().Over(f.title(), in)
	if err != nil {
		return nil, err
	}
	if f.Kernel[0]*f.Kernel[1] > MaxSide || 2*f.Padding[0] > f.Kernel[0] || 2*f.Padding[1] > f.Kernel[1] {
		return nil, fmt.Errorf("%s has kernel %v and padding %v: windows have at most %d elements, and the padding is at most half the kernel", f.title(), f.Kernel, f.Padding, MaxSide)
	}
	m := floats(Shape{Height: height, Width: width, Channels: in.Channels})
	m.ChannelsFirst = true
	m.do(name, args{"self": tensor(input), "kernel_size": sides(f.Kernel), "stride": sides(f.Stride), "padding": sides(f.Padding), "ceil_mode": flag(f.Ceil)})
	return m, nil
}
