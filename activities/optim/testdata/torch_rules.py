"""Steps of PyTorch's optimizers, gradient clipping, learning-rate schedulers and averaged models in float64, for the tests of
the update rules. Writes torch_rules.json, which rules_test.go reads.

usage: torch_rules.py > torch_rules.json
"""
import json

import torch
from torch.optim import SGD, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import ExponentialLR, OneCycleLR, PolynomialLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)
GRADIENTS = [[0.3, -0.1, 0, 1e-4], [0.2, 0.4, -0.5, -1e-4], [-1, 0.05, 0.25, 2e-4], [3, 0.7, 0.1, 0], [0.1, -0.2, 0.3, 1e-3]]
RATES = [0.1, 0.1, 0.05, 0.05, 0.02]
START = [1, -2, 0.5, 0]


def rule(make, clip=None):
    """The parameters after each step with the given gradients and rates."""
    p = torch.tensor(START).requires_grad_()
    opt, out = make([p]), []
    for gradient, rate in zip(GRADIENTS, RATES):
        p.grad = torch.tensor(gradient, dtype=torch.float64)
        if clip:
            clip([p])
        opt.param_groups[0]["lr"] = rate
        opt.step()
        out.append(p.tolist())
    return out


def cycled(make, **options):
    """Parameters, rates and momenta of an optimizer under OneCycleLR, of five steps with the given gradients."""
    p = torch.tensor(START).requires_grad_()
    opt = make([p])
    scheduler = OneCycleLR(opt, max_lr=0.1, total_steps=5, **options)
    out = {"theta": [], "rates": [], "momenta": []}
    for gradient in GRADIENTS:
        p.grad = torch.tensor(gradient, dtype=torch.float64)
        group = opt.param_groups[0]
        out["rates"].append(group["lr"])
        out["momenta"].append(group["momentum"] if "momentum" in group else group["betas"][0])
        opt.step()
        scheduler.step()
        out["theta"].append(p.tolist())
    return out


def rates(make, steps):
    opt = SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    scheduler, out = make(opt), []
    for _ in range(steps):
        out.append(opt.param_groups[0]["lr"])
        opt.step()
        scheduler.step()
    return out


def sharpness(rho, adaptive, eta=0.0, steps=3):
    """SAM, or ASAM with T = |w| + eta for weights and 1 for biases, over SGD, on two linear layers and the mean squared error of one batch."""
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            p.copy_(torch.sin(torch.arange(p.numel(), dtype=torch.float64) * 0.7 + k).reshape(p.shape) / 2)
    net.float().double()  # so that float32 holds the start
    x = torch.cos(torch.arange(18, dtype=torch.float64)).reshape(6, 3).float().double()
    y = torch.sin(torch.arange(12, dtype=torch.float64) * 1.3).reshape(6, 2).float().double()
    opt = SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3)

    def flat():
        return torch.cat([p.detach().reshape(-1) for p in net.parameters()]).tolist()

    out = {"x": x.reshape(-1).tolist(), "y": y.reshape(-1).tolist(), "start": flat(), "losses": [], "theta": [], "near": []}
    for _ in range(steps):
        opt.zero_grad()
        loss = torch.nn.functional.mse_loss(net(x), y)
        loss.backward()
        out["losses"].append(loss.item())
        before = [p.detach().clone() for p in net.parameters()]
        with torch.no_grad():
            t = [p.abs() + eta if adaptive and "weight" in name else torch.ones_like(p) for name, p in net.named_parameters()]
            norm = torch.cat([(a * p.grad).reshape(-1) for a, p in zip(t, net.parameters())]).norm()
            for a, p in zip(t, net.parameters()):
                p.add_(rho * a * a * p.grad / (norm + 1e-12))
        out["near"].append(flat())
        opt.zero_grad()
        torch.nn.functional.mse_loss(net(x), y).backward()
        with torch.no_grad():
            for p, b in zip(net.parameters(), before):
                p.copy_(b)
        opt.step()
        out["theta"].append(flat())
    return out


def average(**how):
    """The averaged weights after each update with GRADIENTS as the weights of a model."""
    model = torch.nn.Linear(4, 1, bias=False)
    averaged, out = AveragedModel(model, **how), []
    for weights in GRADIENTS:
        with torch.no_grad():
            model.weight.copy_(torch.tensor([weights], dtype=torch.float64))
        averaged.update_parameters(model)
        out.append(averaged.module.weight.detach().reshape(-1).tolist())
    return out


decay, clip = {"weight_decay": 0.05}, torch.nn.utils
print(json.dumps({
    "torch": torch.__version__, "gradients": GRADIENTS, "rates": RATES, "start": START,
    "rules": {
        "sgd": rule(lambda p: SGD(p, lr=1, momentum=0.9, nesterov=True, **decay)),
        "sgd, norm": rule(lambda p: SGD(p, lr=1, momentum=0.9, **decay), lambda p: clip.clip_grad_norm_(p, 0.5)),
        "sgd, value": rule(lambda p: SGD(p, lr=1, momentum=0.9, **decay), lambda p: clip.clip_grad_value_(p, 0.25)),
        "adam": rule(lambda p: Adam(p, lr=1, betas=(0.9, 0.99), eps=1e-6, **decay)),
        "adamw": rule(lambda p: AdamW(p, lr=1, betas=(0.9, 0.99), eps=1e-6, **decay)),
        "adamw, norm": rule(lambda p: AdamW(p, lr=1, betas=(0.9, 0.99), eps=1e-6, **decay), lambda p: clip.clip_grad_norm_(p, 0.5)),
        "rmsprop": rule(lambda p: RMSprop(p, lr=1, alpha=0.9, eps=1e-6, **decay)),
        "rmsprop, momentum": rule(lambda p: RMSprop(p, lr=1, alpha=0.9, eps=1e-6, momentum=0.8, **decay)),
        "rmsprop, centered": rule(lambda p: RMSprop(p, lr=1, alpha=0.9, eps=1e-6, momentum=0.8, centered=True, **decay)),
    },
    "cycles": {
        "sgd": cycled(lambda p: SGD(p, lr=1, momentum=0.9, nesterov=True, **decay)),
        "sgd, linear": cycled(lambda p: SGD(p, lr=1, momentum=0.9, nesterov=True, **decay), pct_start=0.5, anneal_strategy="linear", div_factor=10,
                              final_div_factor=100, base_momentum=0.7, max_momentum=0.8),
        "sgd, momentum kept": cycled(lambda p: SGD(p, lr=1, momentum=0.9, nesterov=True, **decay), cycle_momentum=False),
        "adamw": cycled(lambda p: AdamW(p, lr=1, betas=(0.9, 0.99), eps=1e-6, **decay)),
    },
    "schedules": {
        "polynomial": rates(lambda o: PolynomialLR(o, total_iters=8, power=0.9), 10),
        "exponential": rates(lambda o: ExponentialLR(o, gamma=0.8), 10),
    },
    "sharpness": {"sam": sharpness(0.5, False), "asam": sharpness(0.5, True, 0.01)},
    "averages": {"ema": average(multi_avg_fn=get_ema_multi_avg_fn(0.9)), "swa": average()},
}, indent=1))
