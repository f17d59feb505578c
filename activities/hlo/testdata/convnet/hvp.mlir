module @jit_hvp attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<4xf32>, %arg1: tensor<4xf32>, %arg2: tensor<3x3x2x4xf32>, %arg3: tensor<3xf32>, %arg4: tensor<4x3xf32>, %arg5: tensor<2x4xf32>, %arg6: tensor<f32>, %arg7: tensor<4xf32>, %arg8: tensor<4xf32>, %arg9: tensor<8x5x4x2xf32>, %arg10: tensor<8xi32>, %arg11: tensor<8xf32>, %arg12: tensor<4xf32>, %arg13: tensor<4xf32>, %arg14: tensor<3x3x2x4xf32>, %arg15: tensor<3xf32>, %arg16: tensor<4x3xf32>, %arg17: tensor<2x4xf32>, %arg18: tensor<f32>) -> (tensor<4xf32> {jax.result_info = "result['bn']['bias']"}, tensor<4xf32> {jax.result_info = "result['bn']['scale']"}, tensor<3x3x2x4xf32> {jax.result_info = "result['conv']['kernel']"}, tensor<3xf32> {jax.result_info = "result['dense']['bias']"}, tensor<4x3xf32> {jax.result_info = "result['dense']['kernel']"}, tensor<2x4xf32> {jax.result_info = "result['embed']['embedding']"}, tensor<f32> {jax.result_info = "result['temperature']"}) {
    %0 = stablehlo.convolution(%arg9, %arg2) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [1, 1], pad = [[1, 1], [1, 1]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<8x5x4x2xf32>, tensor<3x3x2x4xf32>) -> tensor<8x5x4x4xf32>
    %1 = stablehlo.convolution(%arg9, %arg14) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [1, 1], pad = [[1, 1], [1, 1]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<8x5x4x2xf32>, tensor<3x3x2x4xf32>) -> tensor<8x5x4x4xf32>
    %2 = stablehlo.broadcast_in_dim %arg7, dims = [3] : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %3 = stablehlo.broadcast_in_dim %2, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %4 = stablehlo.subtract %0, %3 : tensor<8x5x4x4xf32>
    %cst = stablehlo.constant dense<9.99999974E-6> : tensor<f32>
    %5 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %6 = stablehlo.add %arg8, %5 : tensor<4xf32>
    %7 = stablehlo.sqrt %6 : tensor<4xf32>
    %8 = stablehlo.broadcast_in_dim %7, dims = [3] : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %10 = stablehlo.divide %4, %9 : tensor<8x5x4x4xf32>
    %11 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %12 = stablehlo.divide %1, %11 : tensor<8x5x4x4xf32>
    %13 = stablehlo.broadcast_in_dim %arg1, dims = [3] : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %14 = stablehlo.broadcast_in_dim %arg13, dims = [3] : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %15 = stablehlo.broadcast_in_dim %13, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %16 = stablehlo.multiply %10, %15 : tensor<8x5x4x4xf32>
    %17 = stablehlo.broadcast_in_dim %13, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %18 = stablehlo.multiply %12, %17 : tensor<8x5x4x4xf32>
    %19 = stablehlo.broadcast_in_dim %14, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %20 = stablehlo.multiply %10, %19 : tensor<8x5x4x4xf32>
    %21 = stablehlo.add %18, %20 : tensor<8x5x4x4xf32>
    %22 = stablehlo.broadcast_in_dim %arg0, dims = [3] : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %23 = stablehlo.broadcast_in_dim %arg12, dims = [3] : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %24 = stablehlo.broadcast_in_dim %22, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %25 = stablehlo.add %16, %24 : tensor<8x5x4x4xf32>
    %26 = stablehlo.broadcast_in_dim %23, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %27 = stablehlo.add %21, %26 : tensor<8x5x4x4xf32>
    %cst_0 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %28 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %29 = stablehlo.multiply %28, %25 : tensor<8x5x4x4xf32>
    %cst_1 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %30 = stablehlo.broadcast_in_dim %cst_1, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %31 = stablehlo.multiply %30, %27 : tensor<8x5x4x4xf32>
    %32 = stablehlo.negate %25 : tensor<8x5x4x4xf32>
    %33 = stablehlo.negate %27 : tensor<8x5x4x4xf32>
    %cst_2 = stablehlo.constant dense<0.707106769> : tensor<f32>
    %34 = stablehlo.broadcast_in_dim %cst_2, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %35 = stablehlo.multiply %32, %34 : tensor<8x5x4x4xf32>
    %cst_3 = stablehlo.constant dense<0.707106769> : tensor<f32>
    %36 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %37 = stablehlo.multiply %33, %36 : tensor<8x5x4x4xf32>
    %38 = chlo.erfc %35 : tensor<8x5x4x4xf32> -> tensor<8x5x4x4xf32>
    %39 = chlo.square %35 : tensor<8x5x4x4xf32> -> tensor<8x5x4x4xf32>
    %40 = stablehlo.negate %39 : tensor<8x5x4x4xf32>
    %41 = stablehlo.exponential %40 : tensor<8x5x4x4xf32>
    %42 = stablehlo.multiply %37, %41 : tensor<8x5x4x4xf32>
    %cst_4 = stablehlo.constant dense<-1.12837923> : tensor<f32>
    %43 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %44 = stablehlo.multiply %43, %42 : tensor<8x5x4x4xf32>
    %45 = chlo.square %35 : tensor<8x5x4x4xf32> -> tensor<8x5x4x4xf32>
    %cst_5 = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %46 = stablehlo.broadcast_in_dim %cst_5, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %47 = stablehlo.multiply %46, %35 : tensor<8x5x4x4xf32>
    %48 = stablehlo.multiply %37, %47 : tensor<8x5x4x4xf32>
    %49 = stablehlo.negate %45 : tensor<8x5x4x4xf32>
    %50 = stablehlo.negate %48 : tensor<8x5x4x4xf32>
    %51 = stablehlo.exponential %49 : tensor<8x5x4x4xf32>
    %52 = stablehlo.multiply %50, %51 : tensor<8x5x4x4xf32>
    %53 = stablehlo.multiply %29, %38 : tensor<8x5x4x4xf32>
    %54 = stablehlo.multiply %31, %38 : tensor<8x5x4x4xf32>
    %55 = stablehlo.multiply %29, %44 : tensor<8x5x4x4xf32>
    %56 = stablehlo.add %54, %55 : tensor<8x5x4x4xf32>
    %cst_6 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %57 = stablehlo.reduce(%53 init: %cst_6) applies stablehlo.add across dimensions = [1, 2] : (tensor<8x5x4x4xf32>, tensor<f32>) -> tensor<8x4xf32>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %58 = stablehlo.reduce(%56 init: %cst_7) applies stablehlo.add across dimensions = [1, 2] : (tensor<8x5x4x4xf32>, tensor<f32>) -> tensor<8x4xf32>
    %cst_8 = stablehlo.constant dense<2.000000e+01> : tensor<f32>
    %59 = stablehlo.broadcast_in_dim %cst_8, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %60 = stablehlo.divide %57, %59 : tensor<8x4xf32>
    %cst_9 = stablehlo.constant dense<2.000000e+01> : tensor<f32>
    %61 = stablehlo.broadcast_in_dim %cst_9, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %62 = stablehlo.divide %58, %61 : tensor<8x4xf32>
    %63 = stablehlo.slice %arg9 [0:8, 0:1, 0:1, 0:1] : (tensor<8x5x4x2xf32>) -> tensor<8x1x1x1xf32>
    %64 = stablehlo.reshape %63 : (tensor<8x1x1x1xf32>) -> tensor<8xf32>
    %cst_10 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %65 = stablehlo.broadcast_in_dim %cst_10, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %66 = stablehlo.compare GT, %64, %65, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %67 = stablehlo.convert %66 : (tensor<8xi1>) -> tensor<8xi32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %68 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<8xi32>
    %69 = stablehlo.compare LT, %67, %68, SIGNED : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi1>
    %c_11 = stablehlo.constant dense<2> : tensor<i32>
    %70 = stablehlo.broadcast_in_dim %c_11, dims = [] : (tensor<i32>) -> tensor<8xi32>
    %71 = stablehlo.add %67, %70 : tensor<8xi32>
    %72 = stablehlo.select %69, %71, %67 : tensor<8xi1>, tensor<8xi32>
    %73 = stablehlo.broadcast_in_dim %72, dims = [0] : (tensor<8xi32>) -> tensor<8x1xi32>
    %74 = "stablehlo.gather"(%arg5, %73) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 4>}> : (tensor<2x4xf32>, tensor<8x1xi32>) -> tensor<8x4xf32>
    %75 = "stablehlo.gather"(%arg17, %73) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 4>}> : (tensor<2x4xf32>, tensor<8x1xi32>) -> tensor<8x4xf32>
    %76 = stablehlo.add %60, %74 : tensor<8x4xf32>
    %77 = stablehlo.add %62, %75 : tensor<8x4xf32>
    %78 = stablehlo.tanh %76 : tensor<8x4xf32>
    %79 = stablehlo.multiply %77, %78 : tensor<8x4xf32>
    %80 = stablehlo.add %77, %79 : tensor<8x4xf32>
    %cst_12 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %81 = stablehlo.broadcast_in_dim %cst_12, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %82 = stablehlo.subtract %81, %78 : tensor<8x4xf32>
    %83 = stablehlo.multiply %80, %82 : tensor<8x4xf32>
    %cst_13 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %84 = stablehlo.broadcast_in_dim %cst_13, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %85 = stablehlo.subtract %84, %78 : tensor<8x4xf32>
    %86 = stablehlo.negate %83 : tensor<8x4xf32>
    %87 = stablehlo.dot_general %78, %arg4, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
    %88 = stablehlo.dot_general %83, %arg4, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
    %89 = stablehlo.dot_general %78, %arg16, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x4xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
    %90 = stablehlo.add %88, %89 : tensor<8x3xf32>
    %91 = stablehlo.broadcast_in_dim %arg3, dims = [1] : (tensor<3xf32>) -> tensor<1x3xf32>
    %92 = stablehlo.broadcast_in_dim %arg15, dims = [1] : (tensor<3xf32>) -> tensor<1x3xf32>
    %93 = stablehlo.broadcast_in_dim %91, dims = [0, 1] : (tensor<1x3xf32>) -> tensor<8x3xf32>
    %94 = stablehlo.add %87, %93 : tensor<8x3xf32>
    %95 = stablehlo.broadcast_in_dim %92, dims = [0, 1] : (tensor<1x3xf32>) -> tensor<8x3xf32>
    %96 = stablehlo.add %90, %95 : tensor<8x3xf32>
    %97 = stablehlo.broadcast_in_dim %arg6, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %98 = stablehlo.multiply %94, %97 : tensor<8x3xf32>
    %99 = stablehlo.broadcast_in_dim %arg6, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %100 = stablehlo.multiply %96, %99 : tensor<8x3xf32>
    %101 = stablehlo.broadcast_in_dim %arg18, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %102 = stablehlo.multiply %94, %101 : tensor<8x3xf32>
    %103 = stablehlo.add %100, %102 : tensor<8x3xf32>
    %104:6 = call @log_softmax(%98, %103) : (tensor<8x3xf32>, tensor<8x3xf32>) -> (tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>, tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>)
    %105 = stablehlo.broadcast_in_dim %arg10, dims = [0] : (tensor<8xi32>) -> tensor<8x1xi32>
    %106:3 = call @take_along_axis(%104#0, %105, %104#3) : (tensor<8x3xf32>, tensor<8x1xi32>, tensor<8x3xf32>) -> (tensor<8x1xf32>, tensor<8x1x1xi32>, tensor<8x1xf32>)
    %107 = stablehlo.reshape %106#0 : (tensor<8x1xf32>) -> tensor<8xf32>
    %108 = stablehlo.reshape %106#2 : (tensor<8x1xf32>) -> tensor<8xf32>
    %109 = stablehlo.negate %107 : tensor<8xf32>
    %110 = stablehlo.negate %108 : tensor<8xf32>
    %111 = stablehlo.multiply %109, %arg11 : tensor<8xf32>
    %112 = stablehlo.multiply %110, %arg11 : tensor<8xf32>
    %cst_14 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %113 = stablehlo.reduce(%111 init: %cst_14) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %cst_15 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %114 = stablehlo.reduce(%112 init: %cst_15) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %115 = call @argmax(%98) : (tensor<8x3xf32>) -> tensor<8xi32>
    %116 = stablehlo.compare EQ, %115, %arg10, SIGNED : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi1>
    %117 = stablehlo.convert %116 : (tensor<8xi1>) -> tensor<8xf32>
    %118 = stablehlo.multiply %117, %arg11 : tensor<8xf32>
    %cst_16 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %119 = stablehlo.reduce(%118 init: %cst_16) applies stablehlo.add across dimensions = [0] : (tensor<8xf32>, tensor<f32>) -> tensor<f32>
    %cst_17 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %120 = stablehlo.broadcast_in_dim %cst_17, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %121 = stablehlo.multiply %120, %arg11 : tensor<8xf32>
    %122 = stablehlo.negate %121 : tensor<8xf32>
    %123 = stablehlo.broadcast_in_dim %122, dims = [0] : (tensor<8xf32>) -> tensor<8x1xf32>
    %124 = call @take_along_axis_0(%106#1, %123) : (tensor<8x1x1xi32>, tensor<8x1xf32>) -> tensor<8x3xf32>
    %125:2 = call @log_softmax_1(%104#1, %104#2, %124, %104#4, %104#5) : (tensor<8x3xf32>, tensor<8x1xf32>, tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>) -> (tensor<8x3xf32>, tensor<8x3xf32>)
    %126 = stablehlo.multiply %94, %125#0 : tensor<8x3xf32>
    %127 = stablehlo.multiply %96, %125#0 : tensor<8x3xf32>
    %128 = stablehlo.multiply %94, %125#1 : tensor<8x3xf32>
    %129 = stablehlo.add %127, %128 : tensor<8x3xf32>
    %cst_18 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %130 = stablehlo.reduce(%126 init: %cst_18) applies stablehlo.add across dimensions = [0, 1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<f32>
    %cst_19 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %131 = stablehlo.reduce(%129 init: %cst_19) applies stablehlo.add across dimensions = [0, 1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<f32>
    %132 = stablehlo.broadcast_in_dim %arg6, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %133 = stablehlo.multiply %125#0, %132 : tensor<8x3xf32>
    %134 = stablehlo.broadcast_in_dim %arg6, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %135 = stablehlo.multiply %125#1, %134 : tensor<8x3xf32>
    %136 = stablehlo.broadcast_in_dim %arg18, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %137 = stablehlo.multiply %125#0, %136 : tensor<8x3xf32>
    %138 = stablehlo.add %135, %137 : tensor<8x3xf32>
    %cst_20 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %139 = stablehlo.reduce(%133 init: %cst_20) applies stablehlo.add across dimensions = [0] : (tensor<8x3xf32>, tensor<f32>) -> tensor<3xf32>
    %cst_21 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %140 = stablehlo.reduce(%138 init: %cst_21) applies stablehlo.add across dimensions = [0] : (tensor<8x3xf32>, tensor<f32>) -> tensor<3xf32>
    %141 = stablehlo.reshape %139 : (tensor<3xf32>) -> tensor<1x3xf32>
    %142 = stablehlo.reshape %140 : (tensor<3xf32>) -> tensor<1x3xf32>
    %cst_22 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %143 = stablehlo.reduce(%141 init: %cst_22) applies stablehlo.add across dimensions = [0] : (tensor<1x3xf32>, tensor<f32>) -> tensor<3xf32>
    %cst_23 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %144 = stablehlo.reduce(%142 init: %cst_23) applies stablehlo.add across dimensions = [0] : (tensor<1x3xf32>, tensor<f32>) -> tensor<3xf32>
    %145 = stablehlo.dot_general %133, %78, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
    %146 = stablehlo.dot_general %138, %78, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
    %147 = stablehlo.dot_general %133, %83, contracting_dims = [0] x [0], precision = [DEFAULT, DEFAULT] : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
    %148 = stablehlo.add %146, %147 : tensor<3x4xf32>
    %149 = stablehlo.transpose %145, dims = [1, 0] : (tensor<3x4xf32>) -> tensor<4x3xf32>
    %150 = stablehlo.transpose %148, dims = [1, 0] : (tensor<3x4xf32>) -> tensor<4x3xf32>
    %151 = stablehlo.dot_general %133, %arg4, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x3xf32>, tensor<4x3xf32>) -> tensor<8x4xf32>
    %152 = stablehlo.dot_general %138, %arg4, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x3xf32>, tensor<4x3xf32>) -> tensor<8x4xf32>
    %153 = stablehlo.dot_general %133, %arg16, contracting_dims = [1] x [1], precision = [DEFAULT, DEFAULT] : (tensor<8x3xf32>, tensor<4x3xf32>) -> tensor<8x4xf32>
    %154 = stablehlo.add %152, %153 : tensor<8x4xf32>
    %155 = stablehlo.multiply %151, %85 : tensor<8x4xf32>
    %156 = stablehlo.multiply %154, %85 : tensor<8x4xf32>
    %157 = stablehlo.multiply %151, %86 : tensor<8x4xf32>
    %158 = stablehlo.add %156, %157 : tensor<8x4xf32>
    %159 = stablehlo.multiply %155, %78 : tensor<8x4xf32>
    %160 = stablehlo.multiply %158, %78 : tensor<8x4xf32>
    %161 = stablehlo.multiply %155, %83 : tensor<8x4xf32>
    %162 = stablehlo.add %160, %161 : tensor<8x4xf32>
    %163 = stablehlo.add %155, %159 : tensor<8x4xf32>
    %164 = stablehlo.add %158, %162 : tensor<8x4xf32>
    %cst_24 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %165 = stablehlo.broadcast_in_dim %cst_24, dims = [] : (tensor<f32>) -> tensor<2x4xf32>
    %166 = "stablehlo.scatter"(%165, %73, %163) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg19: tensor<f32>, %arg20: tensor<f32>):
      %232 = stablehlo.add %arg19, %arg20 : tensor<f32>
      stablehlo.return %232 : tensor<f32>
    }) : (tensor<2x4xf32>, tensor<8x1xi32>, tensor<8x4xf32>) -> tensor<2x4xf32>
    %cst_25 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %167 = stablehlo.broadcast_in_dim %cst_25, dims = [] : (tensor<f32>) -> tensor<2x4xf32>
    %168 = "stablehlo.scatter"(%167, %73, %164) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%arg19: tensor<f32>, %arg20: tensor<f32>):
      %232 = stablehlo.add %arg19, %arg20 : tensor<f32>
      stablehlo.return %232 : tensor<f32>
    }) : (tensor<2x4xf32>, tensor<8x1xi32>, tensor<8x4xf32>) -> tensor<2x4xf32>
    %cst_26 = stablehlo.constant dense<2.000000e+01> : tensor<f32>
    %169 = stablehlo.broadcast_in_dim %cst_26, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %170 = stablehlo.divide %163, %169 : tensor<8x4xf32>
    %cst_27 = stablehlo.constant dense<2.000000e+01> : tensor<f32>
    %171 = stablehlo.broadcast_in_dim %cst_27, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %172 = stablehlo.divide %164, %171 : tensor<8x4xf32>
    %173 = stablehlo.broadcast_in_dim %170, dims = [0, 3] : (tensor<8x4xf32>) -> tensor<8x5x4x4xf32>
    %174 = stablehlo.broadcast_in_dim %172, dims = [0, 3] : (tensor<8x4xf32>) -> tensor<8x5x4x4xf32>
    %175 = stablehlo.multiply %29, %173 : tensor<8x5x4x4xf32>
    %176 = stablehlo.multiply %31, %173 : tensor<8x5x4x4xf32>
    %177 = stablehlo.multiply %29, %174 : tensor<8x5x4x4xf32>
    %178 = stablehlo.add %176, %177 : tensor<8x5x4x4xf32>
    %179 = stablehlo.multiply %173, %38 : tensor<8x5x4x4xf32>
    %180 = stablehlo.multiply %174, %38 : tensor<8x5x4x4xf32>
    %181 = stablehlo.multiply %173, %44 : tensor<8x5x4x4xf32>
    %182 = stablehlo.add %180, %181 : tensor<8x5x4x4xf32>
    %cst_28 = stablehlo.constant dense<-1.12837923> : tensor<f32>
    %183 = stablehlo.broadcast_in_dim %cst_28, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %184 = stablehlo.multiply %183, %175 : tensor<8x5x4x4xf32>
    %cst_29 = stablehlo.constant dense<-1.12837923> : tensor<f32>
    %185 = stablehlo.broadcast_in_dim %cst_29, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %186 = stablehlo.multiply %185, %178 : tensor<8x5x4x4xf32>
    %187 = stablehlo.multiply %184, %51 : tensor<8x5x4x4xf32>
    %188 = stablehlo.multiply %186, %51 : tensor<8x5x4x4xf32>
    %189 = stablehlo.multiply %184, %52 : tensor<8x5x4x4xf32>
    %190 = stablehlo.add %188, %189 : tensor<8x5x4x4xf32>
    %cst_30 = stablehlo.constant dense<0.707106769> : tensor<f32>
    %191 = stablehlo.broadcast_in_dim %cst_30, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %192 = stablehlo.multiply %187, %191 : tensor<8x5x4x4xf32>
    %cst_31 = stablehlo.constant dense<0.707106769> : tensor<f32>
    %193 = stablehlo.broadcast_in_dim %cst_31, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %194 = stablehlo.multiply %190, %193 : tensor<8x5x4x4xf32>
    %195 = stablehlo.negate %192 : tensor<8x5x4x4xf32>
    %196 = stablehlo.negate %194 : tensor<8x5x4x4xf32>
    %cst_32 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %197 = stablehlo.broadcast_in_dim %cst_32, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %198 = stablehlo.multiply %197, %179 : tensor<8x5x4x4xf32>
    %cst_33 = stablehlo.constant dense<5.000000e-01> : tensor<f32>
    %199 = stablehlo.broadcast_in_dim %cst_33, dims = [] : (tensor<f32>) -> tensor<8x5x4x4xf32>
    %200 = stablehlo.multiply %199, %182 : tensor<8x5x4x4xf32>
    %201 = stablehlo.add %195, %198 : tensor<8x5x4x4xf32>
    %202 = stablehlo.add %196, %200 : tensor<8x5x4x4xf32>
    %cst_34 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %203 = stablehlo.reduce(%201 init: %cst_34) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<8x5x4x4xf32>, tensor<f32>) -> tensor<4xf32>
    %cst_35 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %204 = stablehlo.reduce(%202 init: %cst_35) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<8x5x4x4xf32>, tensor<f32>) -> tensor<4xf32>
    %205 = stablehlo.reshape %203 : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %206 = stablehlo.reshape %204 : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %cst_36 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %207 = stablehlo.reduce(%205 init: %cst_36) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<1x1x1x4xf32>, tensor<f32>) -> tensor<4xf32>
    %cst_37 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %208 = stablehlo.reduce(%206 init: %cst_37) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<1x1x1x4xf32>, tensor<f32>) -> tensor<4xf32>
    %209 = stablehlo.multiply %10, %201 : tensor<8x5x4x4xf32>
    %210 = stablehlo.multiply %12, %201 : tensor<8x5x4x4xf32>
    %211 = stablehlo.multiply %10, %202 : tensor<8x5x4x4xf32>
    %212 = stablehlo.add %210, %211 : tensor<8x5x4x4xf32>
    %cst_38 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %213 = stablehlo.reduce(%209 init: %cst_38) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<8x5x4x4xf32>, tensor<f32>) -> tensor<4xf32>
    %cst_39 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %214 = stablehlo.reduce(%212 init: %cst_39) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<8x5x4x4xf32>, tensor<f32>) -> tensor<4xf32>
    %215 = stablehlo.reshape %213 : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %216 = stablehlo.reshape %214 : (tensor<4xf32>) -> tensor<1x1x1x4xf32>
    %217 = stablehlo.broadcast_in_dim %13, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %218 = stablehlo.multiply %201, %217 : tensor<8x5x4x4xf32>
    %219 = stablehlo.broadcast_in_dim %13, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %220 = stablehlo.multiply %202, %219 : tensor<8x5x4x4xf32>
    %221 = stablehlo.broadcast_in_dim %14, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %222 = stablehlo.multiply %201, %221 : tensor<8x5x4x4xf32>
    %223 = stablehlo.add %220, %222 : tensor<8x5x4x4xf32>
    %cst_40 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %224 = stablehlo.reduce(%215 init: %cst_40) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<1x1x1x4xf32>, tensor<f32>) -> tensor<4xf32>
    %cst_41 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %225 = stablehlo.reduce(%216 init: %cst_41) applies stablehlo.add across dimensions = [0, 1, 2] : (tensor<1x1x1x4xf32>, tensor<f32>) -> tensor<4xf32>
    %226 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %227 = stablehlo.divide %218, %226 : tensor<8x5x4x4xf32>
    %228 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2, 3] : (tensor<1x1x1x4xf32>) -> tensor<8x5x4x4xf32>
    %229 = stablehlo.divide %223, %228 : tensor<8x5x4x4xf32>
    %230 = stablehlo.convolution(%arg9, %227) dim_numbers = [f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f], window = {stride = [1, 1], pad = [[1, 1], [1, 1]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<8x5x4x2xf32>, tensor<8x5x4x4xf32>) -> tensor<3x3x2x4xf32>
    %231 = stablehlo.convolution(%arg9, %229) dim_numbers = [f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f], window = {stride = [1, 1], pad = [[1, 1], [1, 1]], lhs_dilate = [1, 1], rhs_dilate = [1, 1], reverse = [false, false]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]} : (tensor<8x5x4x2xf32>, tensor<8x5x4x4xf32>) -> tensor<3x3x2x4xf32>
    return %208, %225, %231, %144, %150, %168, %131 : tensor<4xf32>, tensor<4xf32>, tensor<3x3x2x4xf32>, tensor<3xf32>, tensor<4x3xf32>, tensor<2x4xf32>, tensor<f32>
  }
  func.func private @log_softmax(%arg0: tensor<8x3xf32>, %arg1: tensor<8x3xf32>) -> (tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>, tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>) {
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %0 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.maximum across dimensions = [1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<8xf32>
    %1 = stablehlo.reshape %0 : (tensor<8xf32>) -> tensor<8x1xf32>
    %2 = stablehlo.broadcast_in_dim %1, dims = [0, 1] : (tensor<8x1xf32>) -> tensor<8x3xf32>
    %3 = stablehlo.compare EQ, %arg0, %2, FLOAT : (tensor<8x3xf32>, tensor<8x3xf32>) -> tensor<8x3xi1>
    %4 = stablehlo.convert %3 : (tensor<8x3xi1>) -> tensor<8x3xf32>
    %cst_0 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %5 = stablehlo.reduce(%4 init: %cst_0) applies stablehlo.add across dimensions = [1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<8xf32>
    %6 = stablehlo.multiply %arg1, %4 : tensor<8x3xf32>
    %cst_1 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %7 = stablehlo.reduce(%6 init: %cst_1) applies stablehlo.add across dimensions = [1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<8xf32>
    %8 = stablehlo.divide %7, %5 : tensor<8xf32>
    %cst_2 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %9 = stablehlo.broadcast_in_dim %cst_2, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %10 = stablehlo.maximum %9, %0 : tensor<8xf32>
    %11 = stablehlo.compare EQ, %0, %10, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %cst_3 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %12 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %cst_4 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %13 = stablehlo.broadcast_in_dim %cst_4, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %14 = stablehlo.select %11, %12, %13 : tensor<8xi1>, tensor<8xf32>
    %cst_5 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %15 = stablehlo.broadcast_in_dim %cst_5, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %16 = stablehlo.compare EQ, %15, %10, FLOAT : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    %cst_6 = stablehlo.constant dense<2.000000e+00> : tensor<f32>
    %17 = stablehlo.broadcast_in_dim %cst_6, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %cst_7 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %18 = stablehlo.broadcast_in_dim %cst_7, dims = [] : (tensor<f32>) -> tensor<8xf32>
    %19 = stablehlo.select %16, %17, %18 : tensor<8xi1>, tensor<8xf32>
    %20 = stablehlo.divide %14, %19 : tensor<8xf32>
    %21 = stablehlo.multiply %8, %20 : tensor<8xf32>
    %22 = stablehlo.broadcast_in_dim %10, dims = [0] : (tensor<8xf32>) -> tensor<8x1xf32>
    %23 = stablehlo.broadcast_in_dim %21, dims = [0] : (tensor<8xf32>) -> tensor<8x1xf32>
    %24 = stablehlo.broadcast_in_dim %22, dims = [0, 1] : (tensor<8x1xf32>) -> tensor<8x3xf32>
    %25 = stablehlo.subtract %arg0, %24 : tensor<8x3xf32>
    %26 = stablehlo.exponential %25 : tensor<8x3xf32>
    %27 = stablehlo.multiply %arg1, %26 : tensor<8x3xf32>
    %cst_8 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %28 = stablehlo.reduce(%26 init: %cst_8) applies stablehlo.add across dimensions = [1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<8xf32>
    %cst_9 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %29 = stablehlo.reduce(%27 init: %cst_9) applies stablehlo.add across dimensions = [1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<8xf32>
    %30 = stablehlo.broadcast_in_dim %28, dims = [0] : (tensor<8xf32>) -> tensor<8x1xf32>
    %31 = stablehlo.broadcast_in_dim %29, dims = [0] : (tensor<8xf32>) -> tensor<8x1xf32>
    %32 = stablehlo.log %30 : tensor<8x1xf32>
    %33 = stablehlo.divide %31, %30 : tensor<8x1xf32>
    %34 = stablehlo.broadcast_in_dim %32, dims = [0, 1] : (tensor<8x1xf32>) -> tensor<8x3xf32>
    %35 = stablehlo.subtract %25, %34 : tensor<8x3xf32>
    %36 = stablehlo.broadcast_in_dim %33, dims = [0, 1] : (tensor<8x1xf32>) -> tensor<8x3xf32>
    %37 = stablehlo.subtract %arg1, %36 : tensor<8x3xf32>
    return %35, %26, %30, %37, %27, %31 : tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>, tensor<8x3xf32>, tensor<8x3xf32>, tensor<8x1xf32>
  }
  func.func private @take_along_axis(%arg0: tensor<8x3xf32>, %arg1: tensor<8x1xi32>, %arg2: tensor<8x3xf32>) -> (tensor<8x1xf32>, tensor<8x1x1xi32>, tensor<8x1xf32>) {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0 = stablehlo.broadcast_in_dim %c, dims = [] : (tensor<i32>) -> tensor<8x1xi32>
    %1 = stablehlo.compare LT, %arg1, %0, SIGNED : (tensor<8x1xi32>, tensor<8x1xi32>) -> tensor<8x1xi1>
    %c_0 = stablehlo.constant dense<3> : tensor<i32>
    %2 = stablehlo.broadcast_in_dim %c_0, dims = [] : (tensor<i32>) -> tensor<8x1xi32>
    %3 = stablehlo.add %arg1, %2 : tensor<8x1xi32>
    %4 = stablehlo.select %1, %3, %arg1 : tensor<8x1xi1>, tensor<8x1xi32>
    %5 = stablehlo.reshape %4 : (tensor<8x1xi32>) -> tensor<8x1x1xi32>
    %c_1 = stablehlo.constant dense<2> : tensor<1xi32>
    %c_2 = stablehlo.constant dense<0> : tensor<i32>
    %6 = stablehlo.broadcast_in_dim %c_2, dims = [] : (tensor<i32>) -> tensor<8x1x1xi32>
    %7 = stablehlo.compare GE, %5, %6, SIGNED : (tensor<8x1x1xi32>, tensor<8x1x1xi32>) -> tensor<8x1x1xi1>
    %8 = stablehlo.broadcast_in_dim %c_1, dims = [2] : (tensor<1xi32>) -> tensor<1x1x1xi32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [0, 1, 2] : (tensor<1x1x1xi32>) -> tensor<8x1x1xi32>
    %10 = stablehlo.compare LE, %5, %9, SIGNED : (tensor<8x1x1xi32>, tensor<8x1x1xi32>) -> tensor<8x1x1xi1>
    %11 = stablehlo.and %7, %10 : tensor<8x1x1xi1>
    %c_3 = stablehlo.constant dense<true> : tensor<i1>
    %12 = stablehlo.reduce(%11 init: %c_3) applies stablehlo.and across dimensions = [2] : (tensor<8x1x1xi1>, tensor<i1>) -> tensor<8x1xi1>
    %13 = "stablehlo.gather"(%arg0, %5) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 1>}> : (tensor<8x3xf32>, tensor<8x1x1xi32>) -> tensor<8x1xf32>
    %cst = stablehlo.constant dense<0x7FC00000> : tensor<f32>
    %14 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<8x1xf32>
    %15 = stablehlo.select %12, %13, %14 : tensor<8x1xi1>, tensor<8x1xf32>
    %c_4 = stablehlo.constant dense<2> : tensor<1xi32>
    %c_5 = stablehlo.constant dense<0> : tensor<i32>
    %16 = stablehlo.broadcast_in_dim %c_5, dims = [] : (tensor<i32>) -> tensor<8x1x1xi32>
    %17 = stablehlo.compare GE, %5, %16, SIGNED : (tensor<8x1x1xi32>, tensor<8x1x1xi32>) -> tensor<8x1x1xi1>
    %18 = stablehlo.broadcast_in_dim %c_4, dims = [2] : (tensor<1xi32>) -> tensor<1x1x1xi32>
    %19 = stablehlo.broadcast_in_dim %18, dims = [0, 1, 2] : (tensor<1x1x1xi32>) -> tensor<8x1x1xi32>
    %20 = stablehlo.compare LE, %5, %19, SIGNED : (tensor<8x1x1xi32>, tensor<8x1x1xi32>) -> tensor<8x1x1xi1>
    %21 = stablehlo.and %17, %20 : tensor<8x1x1xi1>
    %c_6 = stablehlo.constant dense<true> : tensor<i1>
    %22 = stablehlo.reduce(%21 init: %c_6) applies stablehlo.and across dimensions = [2] : (tensor<8x1x1xi1>, tensor<i1>) -> tensor<8x1xi1>
    %23 = "stablehlo.gather"(%arg2, %5) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [1], operand_batching_dims = [0], start_indices_batching_dims = [0], start_index_map = [1], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 1>}> : (tensor<8x3xf32>, tensor<8x1x1xi32>) -> tensor<8x1xf32>
    %cst_7 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %24 = stablehlo.broadcast_in_dim %cst_7, dims = [] : (tensor<f32>) -> tensor<8x1xf32>
    %25 = stablehlo.select %22, %23, %24 : tensor<8x1xi1>, tensor<8x1xf32>
    return %15, %5, %25 : tensor<8x1xf32>, tensor<8x1x1xi32>, tensor<8x1xf32>
  }
  func.func private @argmax(%arg0: tensor<8x3xf32>) -> tensor<8xi32> {
    %0 = stablehlo.iota dim = 1 : tensor<8x3xi32>
    %cst = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %1:2 = stablehlo.reduce(%arg0 init: %cst), (%0 init: %c) across dimensions = [1] : (tensor<8x3xf32>, tensor<8x3xi32>, tensor<f32>, tensor<i32>) -> (tensor<8xf32>, tensor<8xi32>)
     reducer(%arg1: tensor<f32>, %arg3: tensor<f32>) (%arg2: tensor<i32>, %arg4: tensor<i32>)  {
      %2 = stablehlo.compare GT, %arg1, %arg3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %3 = stablehlo.compare NE, %arg1, %arg1, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %4 = stablehlo.or %2, %3 : tensor<i1>
      %5 = stablehlo.compare EQ, %arg1, %arg3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %6 = stablehlo.compare LT, %arg2, %arg4, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %7 = stablehlo.and %5, %6 : tensor<i1>
      %8 = stablehlo.or %4, %7 : tensor<i1>
      %9 = stablehlo.select %4, %arg1, %arg3 : tensor<i1>, tensor<f32>
      %10 = stablehlo.select %8, %arg2, %arg4 : tensor<i1>, tensor<i32>
      stablehlo.return %9, %10 : tensor<f32>, tensor<i32>
    }
    return %1#1 : tensor<8xi32>
  }
  func.func private @take_along_axis_0(%arg0: tensor<8x1x1xi32>, %arg1: tensor<8x1xf32>) -> tensor<8x3xf32> {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %1 = "stablehlo.scatter"(%0, %arg0, %arg1) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [1], input_batching_dims = [0], scatter_indices_batching_dims = [0], scatter_dims_to_operand_dims = [1], index_vector_dim = 2>, unique_indices = false}> ({
    ^bb0(%arg2: tensor<f32>, %arg3: tensor<f32>):
      %2 = stablehlo.add %arg2, %arg3 : tensor<f32>
      stablehlo.return %2 : tensor<f32>
    }) : (tensor<8x3xf32>, tensor<8x1x1xi32>, tensor<8x1xf32>) -> tensor<8x3xf32>
    return %1 : tensor<8x3xf32>
  }
  func.func private @log_softmax_1(%arg0: tensor<8x3xf32>, %arg1: tensor<8x1xf32>, %arg2: tensor<8x3xf32>, %arg3: tensor<8x3xf32>, %arg4: tensor<8x1xf32>) -> (tensor<8x3xf32>, tensor<8x3xf32>) {
    %0 = stablehlo.negate %arg2 : tensor<8x3xf32>
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.add across dimensions = [1] : (tensor<8x3xf32>, tensor<f32>) -> tensor<8xf32>
    %2 = stablehlo.reshape %1 : (tensor<8xf32>) -> tensor<8x1xf32>
    %3 = stablehlo.divide %2, %arg1 : tensor<8x1xf32>
    %4 = stablehlo.negate %arg4 : tensor<8x1xf32>
    %5 = stablehlo.multiply %4, %2 : tensor<8x1xf32>
    %6 = stablehlo.multiply %arg1, %arg1 : tensor<8x1xf32>
    %cst_0 = stablehlo.constant dense<1.000000e+00> : tensor<f32>
    %7 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<8x1xf32>
    %8 = stablehlo.divide %7, %6 : tensor<8x1xf32>
    %9 = stablehlo.multiply %5, %8 : tensor<8x1xf32>
    %cst_1 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %10 = stablehlo.reduce(%3 init: %cst_1) applies stablehlo.add across dimensions = [1] : (tensor<8x1xf32>, tensor<f32>) -> tensor<8xf32>
    %cst_2 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %11 = stablehlo.reduce(%9 init: %cst_2) applies stablehlo.add across dimensions = [1] : (tensor<8x1xf32>, tensor<f32>) -> tensor<8xf32>
    %12 = stablehlo.broadcast_in_dim %10, dims = [0] : (tensor<8xf32>) -> tensor<8x3xf32>
    %13 = stablehlo.broadcast_in_dim %11, dims = [0] : (tensor<8xf32>) -> tensor<8x3xf32>
    %14 = stablehlo.multiply %12, %arg0 : tensor<8x3xf32>
    %15 = stablehlo.multiply %13, %arg0 : tensor<8x3xf32>
    %16 = stablehlo.multiply %12, %arg3 : tensor<8x3xf32>
    %17 = stablehlo.add %15, %16 : tensor<8x3xf32>
    %18 = stablehlo.add %arg2, %14 : tensor<8x3xf32>
    %cst_3 = stablehlo.constant dense<0.000000e+00> : tensor<f32>
    %19 = stablehlo.broadcast_in_dim %cst_3, dims = [] : (tensor<f32>) -> tensor<8x3xf32>
    %20 = stablehlo.add %19, %17 : tensor<8x3xf32>
    return %18, %20 : tensor<8x3xf32>, tensor<8x3xf32>
  }
}
