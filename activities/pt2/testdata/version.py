"""Makes torch-VERSION.pt2: a small model with most of what the format has, as the
PyTorch that runs this script writes it, without sample inputs and stack traces.

    python version.py      (with PyTorch 2.13, 2.14 and 2.15)
"""
import io, json, zipfile
import torch, torch.nn as nn

torch.manual_seed(0)


class Model(nn.Module):
    def __init__(s):
        super().__init__()
        s.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        s.bn, s.act, s.up = nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Upsample(scale_factor=2)
        s.one, s.two = nn.Linear(4, 4), nn.Linear(4, 4)
        s.one.weight = nn.Parameter(torch.randn(4, 4).t())
        s.tied = nn.Linear(4, 4, bias=False)
        s.tied.weight = s.two.weight
        s.short = nn.Parameter(torch.randn(4).bfloat16())
        s.register_buffer("order", torch.tensor([2, 0, 3, 1]))
        s.register_buffer("scale", torch.randn(4), persistent=False)
        s.constant = torch.tensor([1., 2., 3., 4.])
        s.lstm = nn.LSTM(4, 3, batch_first=True)

    def forward(s, x):
        y = s.up(s.act(s.bn(s.conv(x)))).mean((2, 3))
        y = s.one(y) * s.scale * s.constant + s.short.float()
        y = s.tied(s.two(y[:, s.order]) * torch.tensor(2.0))
        y = torch.cat([y.unsqueeze(1).expand(x.shape[0], -1, -1), y.unsqueeze(1)], 1)
        return s.lstm(y.reshape(x.shape[0] * 2, 1, 4))[0].reshape(x.shape[0], -1)


m = Model().eval()
ep = torch.export.export(m, (torch.randn(2, 3, 6, 6),), dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=512)},))
buffer = io.BytesIO()
torch.export.save(ep, buffer)
name = "torch-" + ".".join(torch.__version__.split(".")[:2]) + ".pt2"
with zipfile.ZipFile(buffer) as z, zipfile.ZipFile(name, "w", zipfile.ZIP_STORED) as w:
    for n in z.namelist():
        b = z.read(n)
        if "sample_inputs" in n:
            continue
        if n.endswith("models/model.json"):
            j = json.loads(b)
            for node in j["graph_module"]["graph"]["nodes"]:
                node["metadata"].pop("stack_trace", None)
            j["graph_module"].pop("module_call_graph", None)
            b = json.dumps(j, separators=(",", ":"))
        w.writestr(zipfile.ZipInfo(n), b)
torch.manual_seed(1)
x = torch.randn(3, 3, 6, 6)
print(json.dumps({"x": x.flatten().tolist(), "y": m(x).flatten().tolist()}), file=open("version.json", "w"))
