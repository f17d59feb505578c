package module

import (
	"encoding/json"
	"fmt"
)

// Fields are the fields of a layer in JSON, of which each kind of layer has some. Zero stands for absent.
type Fields struct {
	Kind     string  `json:"kind"`
	Name     string  `json:"name"`
	Out      int     `json:"out"`      // filters, outputs, features
	Kernel   Sides   `json:"kernel"`   // of windows, as are the next four
	Stride   Sides   `json:"stride"`   //
	Padding  Sides   `json:"padding"`  //
	Dilation Sides   `json:"dilation"` // 0 means 1
	Ceil     bool    `json:"ceil"`     // as PyTorch's ceil_mode
	Groups   int     `json:"groups"`   // of channels; 0 means 1
	Bias     bool    `json:"bias"`
	Affine   bool    `json:"affine"`         // a normalization has a scale and a shift
	Epsilon  float64 `json:"epsilon"`        // of a normalization, added to the variance
	Slope    float64 `json:"negative_slope"` // of a leaky ReLU below 0
	Alpha    float64 `json:"alpha"`          // of an ELU, minus its limit at −∞
	Form     string  `json:"approximate"`    // of a GELU: tanh, or nothing
	Rate     float64 `json:"rate"`           // of a dropout
	Heads    int     `json:"heads"`          // of an attention
	Causal   bool    `json:"causal"`         // a token attends to itself and those before it only
	Entries  int     `json:"entries"`        // of an embedding
	Index    int     `json:"index"`          // of a token, from the end where it is negative
	Init     float64 `json:"init"`           // standard deviation of initial weights; 0 is the kind's own
	Pad      bool    `json:"pad"`            // a residual's shortcut is without parameters
}

// Sides are two numbers, for rows and columns. In JSON equal ones are one number.
type Sides [2]int

// Square is the same number for rows and columns.
func Square(n int) Sides { return Sides{n, n} }

// String is "3" or "3×5".
func (s Sides) String() string {
	if s[0] == s[1] {
		return fmt.Sprint(s[0])
	}
	return fmt.Sprintf("%d×%d", s[0], s[1])
}

// MarshalJSON writes one number or two.
func (s Sides) MarshalJSON() ([]byte, error) {
	if s[0] == s[1] {
		return json.Marshal(s[0])
	}
	return json.Marshal([2]int(s))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Sides) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &s[0]); err == nil {
		s[1] = s[0]
		return nil
	}
	var both []int
	if err := json.Unmarshal(b, &both); err != nil || len(both) != 2 {
		return fmt.Errorf("%s is neither a number nor a list of two, for rows and columns", b)
	}
	*s = Sides(both)
	return nil
}
