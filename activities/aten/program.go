package aten

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Program is the forward pass of a network in evaluation mode: one input, one
// output, and operations in the order in which they are computed. Each value has
// a name that is set once.
type Program struct {
	Input  Value  `json:"input"`
	Output string `json:"output"`
	// Params are the parameters in the order of the model's named_parameters. A
	// tensor that several modules share stands here once.
	Params []Tensor `json:"params"`
	// Buffers are the floating-point tensors of the state_dict that are no
	// parameters and that an operation reads, such as running statistics.
	Buffers []Tensor `json:"buffers,omitempty"`
	// Constants are tensors that belong to the computation: indices, masks, numbers.
	Constants []Constant `json:"constants,omitempty"`
	Ops       []Op       `json:"ops"`
}

// Value is a named tensor with its type ("float32", "int64", "bool" …) and shape.
type Value struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []Dim  `json:"shape"`
}

// Tensor is a parameter or buffer. Its values stand in a checkpoint, under Name.
type Tensor struct {
	Name  string `json:"name"`  // in the state_dict
	Value string `json:"value"` // in the operations
	Shape []int  `json:"shape"`
}

// Constant is a tensor whose values are part of the program: numbers in C order,
// little-endian, in base64 in JSON.
type Constant struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
	Data  []byte `json:"data"`
}

// Op is one operation: the name of a core ATen operator without its overload, and
// its arguments by the names of its schema.
type Op struct {
	Name string         `json:"op"`
	Args map[string]Arg `json:"args,omitempty"`
	Out  []string       `json:"out"`
	// At is the module that the operation belongs to, such as "layer1.0.conv1", for messages.
	At string `json:"at,omitempty"`
}

// Arg is an argument. At most one field is set. An argument without a value is PyTorch's None.
type Arg struct {
	Value  string   `json:"value,omitempty"`  // a tensor
	Values []string `json:"values,omitempty"` // a list of tensors, "" for None
	Int    *Dim     `json:"int,omitempty"`
	Ints   []Dim    `json:"ints,omitempty"`
	Number *Number  `json:"number,omitempty"`
	Flag   *bool    `json:"flag,omitempty"`
	Text   string   `json:"text,omitempty"`
}

// Dim is a size that may depend on how many examples a batch has: Each·batch + Fixed.
type Dim struct{ Fixed, Each int }

// At is the size for a batch.
func (d Dim) At(batch int) int { return d.Each*batch + d.Fixed }

// String is "7", "batch", "17·batch" or "17·batch+1".
func (d Dim) String() string {
	switch {
	case d.Each == 0:
		return strconv.Itoa(d.Fixed)
	case d.Each == 1 && d.Fixed == 0:
		return "batch"
	case d.Fixed == 0:
		return fmt.Sprintf("%d·batch", d.Each)
	}
	return fmt.Sprintf("%d·batch%+d", d.Each, d.Fixed)
}

// MarshalJSON writes a fixed size as a number and others as [Fixed, Each].
func (d Dim) MarshalJSON() ([]byte, error) {
	if d.Each == 0 {
		return json.Marshal(d.Fixed)
	}
	return json.Marshal([]int{d.Fixed, d.Each})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Dim) UnmarshalJSON(b []byte) error {
	*d = Dim{}
	if strings.HasPrefix(string(b), "[") {
		var both [2]int
		err := json.Unmarshal(b, &both)
		d.Fixed, d.Each = both[0], both[1]
		return err
	}
	return json.Unmarshal(b, &d.Fixed)
}

// Number is a floating-point number that JSON can write also when it is not finite: as "inf", "-inf" or "nan".
type Number float64

// MarshalJSON writes numbers as numbers, and others as text.
func (n Number) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(n), 'g', -1, 64)
	if strings.ContainsAny(text, "IN") {
		return json.Marshal(strings.ToLower(strings.TrimPrefix(text, "+")))
	}
	return []byte(text), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, and "Infinity", "-Infinity" and "NaN".
func (n *Number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = Number(f)
	return err
}
