package onnx

// KeepLine exports a PyTorch model so that its parameters keep their names.
const KeepLine = "torch.onnx.export(model, x, file, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)"
