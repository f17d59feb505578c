"""Writes merged.onnx, whose exporter merged the batch normalization into a convolution with a bias and kept its names, and the
state_dict merged.pth from which it was exported. Metadata with paths of this machine is left out."""
import onnx
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
x = torch.randn(16, 3, 4, 4)
model(2 * x + 1)
torch.save(model.eval().state_dict(), "merged.pth")
torch.onnx.export(model, (x,), "merged.onnx", dynamo=True, external_data=False, dynamic_shapes=({0: torch.export.Dim("batch")},))
file = onnx.load("merged.onnx")
for part in (file.graph, *file.graph.node, *file.graph.value_info, *file.graph.input, *file.graph.output):
    kept = [p for p in part.metadata_props if p.key == "pkg.onnxscript.rewriter.rule_name"]
    del part.metadata_props[:]
    part.metadata_props.extend(kept)
onnx.save(file, "merged.onnx")
