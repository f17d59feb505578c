package pt2

import "encoding/json"

// This file has the parts of PyTorch's schema (torch/_export/serde/schema.py,
// major version 8) that are read.

type document struct {
	Module struct {
		Graph struct {
			Nodes     []node            `json:"nodes"`
			Outputs   []argument        `json:"outputs"`
			Tensors   map[string]meta   `json:"tensor_values"`
			SymInts   map[string]symInt `json:"sym_int_values"`
			SymFloats map[string]any    `json:"sym_float_values"`
		} `json:"graph"`
		Signature struct {
			Inputs  []inputSpec                  `json:"input_specs"`
			Outputs []map[string]json.RawMessage `json:"output_specs"`
		} `json:"signature"`
	} `json:"graph_module"`
	Ranges map[string]struct {
		Min *int `json:"min_val"`
		Max *int `json:"max_val"`
	} `json:"range_constraints"`
	Schema struct {
		Major int `json:"major"`
		Minor int `json:"minor"`
	} `json:"schema_version"`
	Torch string `json:"torch_version"`
}

type named struct {
	Name string `json:"name"`
}

type inputSpec struct {
	Parameter *struct {
		Arg  named  `json:"arg"`
		Name string `json:"parameter_name"`
	} `json:"parameter"`
	Buffer *struct {
		Arg        named  `json:"arg"`
		Name       string `json:"buffer_name"`
		Persistent *bool  `json:"persistent"`
	} `json:"buffer"`
	Constant *struct {
		Arg  named  `json:"arg"`
		Name string `json:"tensor_constant_name"`
	} `json:"tensor_constant"`
	User *struct {
		Arg argument `json:"arg"`
	} `json:"user_input"`
	Fixed *struct {
		Name string `json:"name"`
	} `json:"constant_input"`
	Object json.RawMessage `json:"custom_obj"`
	Token  json.RawMessage `json:"token"`
}

type node struct {
	Target  string          `json:"target"`
	Inputs  []namedArgument `json:"inputs"`
	Outputs []argument      `json:"outputs"`
	Meta    struct {
		Modules string `json:"nn_module_stack"`
	} `json:"metadata"`
}

type namedArgument struct {
	Name string   `json:"name"`
	Arg  argument `json:"arg"`
}

// argument is a union: one field is set.
type argument struct {
	None            *bool            `json:"as_none"`
	Tensor          *named           `json:"as_tensor"`
	Tensors         *[]named         `json:"as_tensors"`
	OptionalTensor  *optionalTensor  `json:"as_optional_tensor"`
	OptionalTensors []optionalTensor `json:"as_optional_tensors"`
	Int             *int             `json:"as_int"`
	Ints            *[]int           `json:"as_ints"`
	Float           *number          `json:"as_float"`
	Floats          []number         `json:"as_floats"`
	Bool            *bool            `json:"as_bool"`
	Text            *string          `json:"as_string"`
	Type            *int             `json:"as_scalar_type"`
	SymInt          *symArgument     `json:"as_sym_int"`
	SymInts         []symArgument    `json:"as_sym_ints"`
	SymBool         json.RawMessage  `json:"as_sym_bool"`
	SymFloat        json.RawMessage  `json:"as_sym_float"`
	Format          json.RawMessage  `json:"as_memory_format"`
	Layout          json.RawMessage  `json:"as_layout"`
	Device          json.RawMessage  `json:"as_device"`
	Graph           json.RawMessage  `json:"as_graph"`
}

type optionalTensor struct {
	Tensor *named `json:"as_tensor"`
}

type symArgument struct {
	Name string `json:"as_name"`
	Int  *int   `json:"as_int"`
}

// symInt is a size: a number or an expression.
type symInt struct {
	Int  *int `json:"as_int"`
	Expr *struct {
		Text string `json:"expr_str"`
	} `json:"as_expr"`
}

type meta struct {
	Type    int      `json:"dtype"`
	Sizes   []symInt `json:"sizes"`
	Strides []symInt `json:"strides"`
	Offset  symInt   `json:"storage_offset"`
}

// weights is a table of tensors and the members that hold them.
type weights struct {
	Config map[string]entry `json:"config"`
}

type entry struct {
	Path   string `json:"path_name"`
	Pickle bool   `json:"use_pickle"`
	Meta   meta   `json:"tensor_meta"`
}

// scalarTypes are PyTorch's names of its types, by their number in the schema.
var scalarTypes = map[int]string{
	1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64",
	6: "float16", 7: "float32", 8: "float64", 12: "bool", 13: "bfloat16",
}
