package aten

// layerSchemas are the arguments of operations that layers are made of, in the notation of schemas.
var layerSchemas = map[string]string{
	// Activation functions.
	"relu":                "self tensor",
	"relu6":               "self tensor",
	"hardtanh":            "self tensor, min_val number?, max_val number?",
	"sigmoid":             "self tensor",
	"tanh":                "self tensor",
	"silu":                "self tensor",
	"mish":                "self tensor",
	"gelu":                "self tensor, approximate text?",
	"hardsigmoid":         "self tensor",
	"hardswish":           "self tensor",
	"leaky_relu":          "self tensor, negative_slope number?",
	"prelu":               "self tensor, weight tensor",
	"_prelu_kernel":       "self tensor, weight tensor",
	"elu":                 "self tensor, alpha number?, scale number?, input_scale number?",
	"celu":                "self tensor, alpha number?",
	"selu":                "self tensor",
	"softplus":            "self tensor, beta number?, threshold number?",
	"softsign":            "self tensor",
	"log_sigmoid":         "self tensor",
	"log_sigmoid_forward": "self tensor",
	"hardshrink":          "self tensor, lambd number?",
	"softshrink":          "self tensor, lambd number?",
	"threshold":           "self tensor, threshold number, value number",
	"glu":                 "self tensor, dim int?",

	// Reductions.
	"sum":                "self tensor, dim ints?, keepdim flag?, dtype text?",
	"mean":               "self tensor, dim ints?, keepdim flag?, dtype text?",
	"amax":               "self tensor, dim ints?, keepdim flag?",
	"amin":               "self tensor, dim ints?, keepdim flag?",
	"max":                "self tensor, dim int?, keepdim flag?, other tensor?",
	"min":                "self tensor, dim int?, keepdim flag?, other tensor?",
	"argmax":             "self tensor, dim int?, keepdim flag?",
	"argmin":             "self tensor, dim int?, keepdim flag?",
	"var":                "self tensor, dim ints?, correction number?, unbiased flag?, keepdim flag?",
	"std":                "self tensor, dim ints?, correction number?, unbiased flag?, keepdim flag?",
	"var_mean":           "self tensor, dim ints?, correction number?, unbiased flag?, keepdim flag?",
	"any":                "self tensor, dim ints?, keepdim flag?",
	"all":                "self tensor, dim ints?, keepdim flag?",
	"cumsum":             "self tensor, dim int, dtype text?",
	"softmax":            "self tensor, dim int, dtype text?",
	"_softmax":           "self tensor, dim int, half_to_float flag?",
	"_safe_softmax":      "self tensor, dim int, dtype text?",
	"log_softmax":        "self tensor, dim int, dtype text?",
	"_log_softmax":       "self tensor, dim int, half_to_float flag?",
	"logsumexp":          "self tensor, dim ints, keepdim flag?",
	"linalg_vector_norm": "self tensor, ord number?, dim ints?, keepdim flag?, dtype text?",
	"norm":               "self tensor, p number?, dim ints?, keepdim flag?, dtype text?",

	// Matrix products.
	"linear":  "input tensor, weight tensor, bias tensor?",
	"matmul":  "self tensor, other tensor",
	"mm":      "self tensor, mat2 tensor",
	"bmm":     "self tensor, mat2 tensor",
	"mv":      "self tensor, vec tensor",
	"dot":     "self tensor, tensor tensor",
	"addmm":   "self tensor, mat1 tensor, mat2 tensor, beta number?, alpha number?",
	"addmv":   "self tensor, mat tensor, vec tensor, beta number?, alpha number?",
	"baddbmm": "self tensor, batch1 tensor, batch2 tensor, beta number?, alpha number?",
	"outer":   "self tensor, vec2 tensor",
	"einsum":  "equation text, tensors tensors, path ints?",

	// Convolutions.
	"conv1d":           convArgs,
	"conv2d":           convArgs,
	"conv3d":           convArgs,
	"conv_transpose1d": transposedArgs,
	"conv_transpose2d": transposedArgs,
	"convolution":      "input tensor, weight tensor, bias tensor?, stride ints, padding ints, dilation ints, transposed flag, output_padding ints?, groups int",

	// Pooling.
	"max_pool1d":              maxPoolArgs,
	"max_pool2d":              maxPoolArgs,
	"max_pool2d_with_indices": maxPoolArgs,
	"avg_pool1d":              avgPoolArgs,
	"max_pool3d":              maxPoolArgs,
	"avg_pool3d":              avgPoolArgs,
	"avg_pool2d":              avgPoolArgs,
	"adaptive_avg_pool1d":     "self tensor, output_size ints",
	"adaptive_avg_pool2d":     "self tensor, output_size ints",
	"_adaptive_avg_pool2d":    "self tensor, output_size ints",
	"adaptive_max_pool2d":     "self tensor, output_size ints",

	// Normalization.
	"batch_norm":                           "input tensor, weight tensor?, bias tensor?, running_mean tensor?, running_var tensor?, training flag, momentum number?, eps number, cudnn_enabled flag?",
	"native_batch_norm":                    "input tensor, weight tensor?, bias tensor?, running_mean tensor?, running_var tensor?, training flag, momentum number?, eps number",
	"_native_batch_norm_legit_no_training": "input tensor, weight tensor?, bias tensor?, running_mean tensor, running_var tensor, momentum number?, eps number",
	"_native_batch_norm_legit":             "input tensor, weight tensor?, bias tensor?, running_mean tensor?, running_var tensor?, training flag, momentum number?, eps number",
	"layer_norm":                           "input tensor, normalized_shape ints, weight tensor?, bias tensor?, eps number?, cudnn_enable flag?",
	"native_layer_norm":                    "input tensor, normalized_shape ints, weight tensor?, bias tensor?, eps number?",
	"rms_norm":                             "input tensor, normalized_shape ints, weight tensor?, eps number?",
	"group_norm":                           "input tensor, num_groups int, weight tensor?, bias tensor?, eps number?, cudnn_enabled flag?",
	"native_group_norm":                    "input tensor, weight tensor?, bias tensor?, N int?, C int?, HxW int?, group int, eps number?",
	"instance_norm":                        "input tensor, weight tensor?, bias tensor?, running_mean tensor?, running_var tensor?, use_input_stats flag, momentum number?, eps number, cudnn_enabled flag?",

	// Attention.
	"scaled_dot_product_attention":                attentionArgs + ", enable_gqa flag?",
	"_scaled_dot_product_flash_attention_for_cpu": attentionArgs,

	// Recurrent networks.
	"lstm":     "input tensor, hx tensors, " + recurrentArgs,
	"gru":      "input tensor, hx tensor, " + recurrentArgs,
	"rnn_tanh": "input tensor, hx tensor, " + recurrentArgs,
	"rnn_relu": "input tensor, hx tensor, " + recurrentArgs,

	// Resizing.
	"upsample_nearest2d":  "self tensor, output_size ints, scales_h number?, scales_w number?",
	"upsample_nearest1d":  "self tensor, output_size ints, scales number?",
	"upsample_bicubic2d":  "self tensor, output_size ints, align_corners flag, scales_h number?, scales_w number?",
	"upsample_bilinear2d": "self tensor, output_size ints, align_corners flag, scales_h number?, scales_w number?",
}

const (
	attentionArgs  = "query tensor, key tensor, value tensor, attn_mask tensor?, dropout_p number?, is_causal flag?, scale number?"
	convArgs       = "input tensor, weight tensor, bias tensor?, stride ints?, padding ints?, dilation ints?, groups int?, mode text?"
	transposedArgs = "input tensor, weight tensor, bias tensor?, stride ints?, padding ints?, output_padding ints?, groups int?, dilation ints?"
	maxPoolArgs    = "self tensor, kernel_size ints, stride ints?, padding ints?, dilation ints?, ceil_mode flag?"
	avgPoolArgs    = "self tensor, kernel_size ints, stride ints?, padding ints?, ceil_mode flag?, count_include_pad flag?, divisor_override int?"
	recurrentArgs  = "params tensors, has_biases flag, num_layers int, dropout number?, train flag?, bidirectional flag?, batch_first flag?"
)
