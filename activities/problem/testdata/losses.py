"""Writes losses.json: losses of PyTorch in float64 with gradient and Hessian-vector product with respect to the outputs."""
import json, torch
import torch.nn.functional as F

torch.manual_seed(1)
cases = []


def case(problem, outputs, labels, loss):
    x = outputs.double().requires_grad_()
    v = torch.randn_like(x)
    value = loss(x)
    (grad,) = torch.autograd.grad(value, x, create_graph=True)
    hv = torch.autograd.grad((grad * v + 0 * x).sum(), x)[0].clone()
    flat = lambda t: [float("%.17g" % n) for n in t.detach().reshape(-1).tolist()]
    cases.append(dict(problem=problem, dims=list(x.shape), outputs=flat(x), labels=flat(labels), v=flat(v), loss=value.item(), gradient=flat(grad), product=flat(hv)))


logits, classes = 2 * torch.randn(6, 5), torch.tensor([0, 3, 4, 4, 1, 2])
weights = [0.5, 1, 2, 0, 1.5]
w = torch.tensor(weights).double()
case(dict(outputs=5, loss="cross-entropy"), logits, classes, lambda x: F.cross_entropy(x, classes))
case(dict(outputs=5, loss="cross-entropy", smoothing=0.1), logits, classes, lambda x: F.cross_entropy(x, classes, label_smoothing=0.1))
case(dict(outputs=5, loss="cross-entropy", class_weights=weights), logits, classes, lambda x: F.cross_entropy(x, classes, weight=w))
case(dict(outputs=5, loss="cross-entropy", smoothing=0.2, class_weights=weights, ignore=1), logits, classes,
     lambda x: F.cross_entropy(x, classes, weight=w, label_smoothing=0.2, ignore_index=1))
tokens = torch.tensor([[0, -100, 2, 1], [3, 3, -100, -100]])
case(dict(outputs=4, labels=[4], loss="cross-entropy", ignore=-100), torch.randn(2, 4, 4), tokens, lambda x: F.cross_entropy(x.reshape(-1, 4), tokens.reshape(-1)))


def margin(x):  # F.multi_margin_loss, which has no second derivative
    m = (1 - x.gather(1, classes[:, None]) + x).clamp(min=0)
    loss = m.scatter(1, classes[:, None], 0).mean(1).mean()
    assert torch.allclose(loss, F.multi_margin_loss(x, classes))
    return loss


case(dict(outputs=5, loss="hinge"), logits, classes, margin)
targets = torch.rand(4, 3)
case(dict(outputs=3, loss="binary-cross-entropy"), 3 * torch.randn(4, 3), targets, lambda x: F.binary_cross_entropy_with_logits(x, targets.double()))
case(dict(outputs=2, loss="binary-cross-entropy"), torch.tensor([[0.0, 40.0], [-40.0, 0.0]]), torch.tensor([[0.0, 1.0], [1.0, 1.0]]),
     lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor([[0.0, 1.0], [1.0, 1.0]]).double()))
y = torch.randn(4, 3)
case(dict(outputs=3, loss="mse"), torch.randn(4, 3), y, lambda x: F.mse_loss(x, y.double()))
case(dict(outputs=3, loss="l1"), torch.randn(4, 3), y, lambda x: F.l1_loss(x, y.double()) + 0 * (x**2).sum())
case(dict(outputs=3, loss="huber"), torch.randn(4, 3), y, lambda x: F.huber_loss(x, y.double()))
case(dict(outputs=3, loss="huber", delta=0.3), torch.randn(4, 3), y, lambda x: F.huber_loss(x, y.double(), delta=0.3))
case(dict(outputs=5, loss="one-hot-mse"), logits, classes, lambda x: F.mse_loss(x, F.one_hot(classes, 5).double()))
json.dump(cases, open("losses.json", "w"))
