package onnx

// KeepLine exports a PyTorch model so that its parameters keep their names.
const KeepLine = `torch.onnx.export(model, (x,), file, dynamo=True, optimize=False, dynamic_shapes=({0: torch.export.Dim("batch")},))`
