"""Writes fixed-*.pt2, exported for batches of one size, and fixed.npz with outputs for another: pip install torch numpy."""
import numpy as np, torch
from torch import nn

class Attention(nn.Module):
    def __init__(s):
        super().__init__()
        s.patches, s.token, s.layer, s.head = nn.Conv2d(1, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8)), nn.TransformerEncoderLayer(8, 2, 8, batch_first=True), nn.Linear(8, 3)
    def forward(s, x):
        t = s.patches(x).flatten(2).transpose(1, 2)
        return s.head(s.layer(torch.cat([s.token.expand(t.size(0), -1, -1), t], 1))[:, 0])

class Recurrent(nn.Module):
    def __init__(s):
        super().__init__()
        s.lstm, s.head = nn.LSTM(8, 4, batch_first=True), nn.Linear(4, 3)
    def forward(s, x): return s.head(s.lstm(x[:, 0])[0][:, -1])

class Convolution(nn.Module):
    def __init__(s):
        super().__init__()
        s.conv, s.head = nn.Conv2d(1, 2, 3), nn.Linear(72, 3)
    def forward(s, x):
        x = torch.relu(s.conv(x))
        return s.head(x.view(x.size(0), -1))

class Mixed(nn.Module):
    def __init__(s):
        super().__init__()
        s.head = nn.Linear(64, 3)
    def forward(s, x): return s.head(x.flatten(1) - x.flatten(1).mean(0))

torch.manual_seed(1)
x = torch.randn(7, 1, 8, 8)
arrays = {"x": x.numpy()}
for name, model, sizes in (("attention", Attention(), (1, 4)), ("recurrent", Recurrent(), (1, 4)), ("convolution", Convolution(), (4,)), ("mixed", Mixed(), (4,))):
    arrays[name] = model.eval()(x).detach().numpy()
    for size in sizes: torch.export.save(torch.export.export(model, (torch.randn(size, 1, 8, 8),)), f"fixed-{name}-{size}.pt2")
np.savez("fixed.npz", **arrays)
