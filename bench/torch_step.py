"""Times a training step of the dense model of bench/*.mom in PyTorch, and the matrix products of its projections.

  python3 bench/torch_step.py [--only a,c] [--precision fp32,tf32,bf16] [--gemms] [--small]

The model is a plain reimplementation for this comparison: embedding, blocks x + mamba(norm(x)), norm, head, cross-entropy,
fused AdamW. `transformer` has attention (RoPE, scaled_dot_product_attention) and SwiGLU instead, as bench/transformer.mom has. The scan and the convolution are the CUDA kernels of mamba_ssm and causal_conv1d if these can be imported.
Without mamba_ssm, a product of the scan's inputs replaces the scan. Everything else of the step is included, the name of
the row contains "without the scan", and the numbers are a lower bound. Without causal_conv1d, the convolution is that of
torch.

Prints a table to stderr and JSON to stdout. The device is warmed up with the step for a second. Times are medians of nine
windows of at least 60 ms. --gemms also times the products. --small is for a machine without a GPU. Needs torch.
"""
import argparse
import json
import math
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

try:
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
except ImportError:
    selective_scan_fn = None
try:
    from causal_conv1d import causal_conv1d_fn
except ImportError:
    causal_conv1d_fn = None

# d_model, blocks, sequences, positions per sequence and vocabulary of bench/NAME.mom.
SPECS = {
    "a": (768, 6, 8, 2048, 8192),
    "a3": (768, 6, 8, 2048, 8191),
    "b": (768, 32, 4, 4096, 32768),
    "c": (256, 4, 16, 512, 1024),
    "transformer": (768, 6, 8, 2048, 8192),
}
SMALL = {"small": (32, 2, 2, 64, 64), "transformer": (32, 2, 2, 64, 64)}
HEAD, FFN = 64, 2048
D_STATE, D_CONV, EXPAND = 16, 4, 2
WINDOWS, WINDOW_SECONDS = 9, 0.06


class Norm(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-5)


class Mamba(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        inner = EXPAND * d_model
        self.dt_rank = math.ceil(d_model / 16)
        self.in_proj = nn.Linear(d_model, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, D_CONV, groups=inner, padding=D_CONV - 1)
        self.x_proj = nn.Linear(inner, self.dt_rank + 2 * D_STATE, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, D_STATE + 1).float()).repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, d_model, bias=False)
        # As in Mamba: log-uniform steps in [1e-3, 1e-1], through the inverse of softplus.
        dt = torch.exp(torch.rand(inner) * math.log(100) + math.log(1e-3))
        with torch.no_grad():
            self.dt_proj.bias.copy_(dt + torch.log(-torch.expm1(-dt)))

    def conv(self, u):
        """u: [batch, inner, length]"""
        if causal_conv1d_fn is not None and u.is_cuda:
            return causal_conv1d_fn(u, self.conv1d.weight.squeeze(1), self.conv1d.bias, activation="silu")
        return F.silu(self.conv1d(u)[..., : u.shape[-1]])

    def forward(self, x):
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u = self.conv(u.transpose(1, 2)).transpose(1, 2)
        low, b, c = self.x_proj(u).split([self.dt_rank, D_STATE, D_STATE], dim=-1)
        if selective_scan_fn is not None and u.is_cuda:
            y = selective_scan_fn(
                u.transpose(1, 2).contiguous(),
                F.linear(low, self.dt_proj.weight).transpose(1, 2).contiguous(),
                -torch.exp(self.A_log.float()),
                b.transpose(1, 2).contiguous(),
                c.transpose(1, 2).contiguous(),
                self.D.float(),
                z=z.transpose(1, 2).contiguous(),
                delta_bias=self.dt_proj.bias.float(),
                delta_softplus=True,
            ).transpose(1, 2)
        else:
            y = (u * F.softplus(self.dt_proj(low)) * (b * c).sum(-1, keepdim=True) + self.D * u) * F.silu(z)
        return self.out_proj(y)


class Attention(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.head = min(HEAD, d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out_proj = nn.Linear(d_model, d_model, bias=False)

    def rotated(self, x):
        """x: [batch, heads, length, head]"""
        half = self.head // 2
        rates = 10_000.0 ** (-torch.arange(half, device=x.device) / half)
        angles = torch.arange(x.shape[2], device=x.device)[:, None] * rates
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)

    def forward(self, x):
        batch, length, d_model = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, -1, self.head).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(self.rotated(q), self.rotated(k), v, is_causal=True)
        return self.out_proj(y.transpose(1, 2).reshape(batch, length, d_model))


class SwiGLU(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.up = nn.Linear(d_model, 2 * FFN, bias=False)
        self.down = nn.Linear(FFN, d_model, bias=False)

    def forward(self, x):
        gate, up = self.up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self, d_model, blocks, vocabulary, kinds):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, d_model)
        self.mixers = nn.ModuleList(kind(d_model) for _ in range(blocks) for kind in kinds)
        self.norms = nn.ModuleList(Norm(d_model) for _ in self.mixers)
        self.norm = Norm(d_model)
        self.head = nn.Linear(d_model, vocabulary, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens)
        for norm, mixer in zip(self.norms, self.mixers):
            x = x + mixer(norm(x))
        return self.head(self.norm(x))


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds_of(work, device, warm=1.0):
    """Seconds of one `work()` in the median window, after `warm` seconds of the same work."""

    def many(times):
        begun = time.perf_counter()
        for _ in range(times):
            work()
        synchronise(device)
        return (time.perf_counter() - begun) / times

    many(1)
    one = many(1)
    until = time.perf_counter() + warm
    while time.perf_counter() < until:
        one = many(max(1, round(WINDOW_SECONDS / one)))
    times = max(1, math.ceil(WINDOW_SECONDS / one))
    return statistics.median(many(times) for _ in range(WINDOWS))


def set_precision(precision):
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"


def time_step(name, sizes, precision, device, warm):
    d_model, blocks, batch, length, vocabulary = sizes
    set_precision(precision)
    torch.manual_seed(1)
    attends = name == "transformer"
    model = Model(d_model, blocks, vocabulary, [Attention, SwiGLU] if attends else [Mamba]).to(device)
    if precision == "bf16":
        model = model.to(torch.bfloat16)
    fused = {"fused": True} if device.type == "cuda" else {}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, betas=(0.9, 0.95), weight_decay=0.1, **fused)
    tokens = torch.randint(vocabulary, (batch, length + 1), device=device)

    def step():
        logits = model(tokens[:, :-1])
        F.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten()).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = seconds_of(step, device, warm)
    with_scan = selective_scan_fn is not None and device.type == "cuda"
    return {
        "spec": name,
        "precision": precision,
        "what": "dense step, plain reimplementation" + ("" if with_scan or attends else ", without the scan"),
        "scan": "mamba_ssm" if with_scan and not attends else None,
        "conv": "causal_conv1d" if causal_conv1d_fn is not None and device.type == "cuda" else "torch",
        "stepSeconds": seconds,
        "peakBytes": torch.cuda.max_memory_allocated() if device.type == "cuda" else None,
    }


def products_of(sizes):
    """The rows, and the name, inputs and outputs of each projection."""
    d_model, _, batch, length, vocabulary = sizes
    inner, rank = EXPAND * d_model, math.ceil(d_model / 16)
    return batch * length, [
        ("in_proj", d_model, 2 * inner),
        ("x_proj", inner, rank + 2 * D_STATE),
        ("dt_proj", rank, inner),
        ("out_proj", inner, d_model),
        ("head", d_model, vocabulary),
    ]


def time_products(name, sizes, device, warm):
    rows, products = products_of(sizes)
    set_precision("fp32")
    for precision, kind in [("fp32", torch.float32), ("fp16", torch.float16)]:
        for product, inputs, outputs in products:
            x = torch.randn(rows, inputs, device=device, dtype=kind)
            weight = torch.randn(outputs, inputs, device=device, dtype=kind)
            dy = torch.randn(rows, outputs, device=device, dtype=kind)
            flops = 2 * rows * inputs * outputs
            size = x.element_size() * (x.numel() + weight.numel() + dy.numel())
            for way, work in [
                ("forward", lambda: x @ weight.T),
                ("dX", lambda: dy @ weight),
                ("dW", lambda: dy.T @ x),
            ]:
                seconds = seconds_of(work, device, warm)
                yield {
                    "spec": name,
                    "product": product,
                    "way": way,
                    "precision": precision,
                    "shape": [rows, inputs, outputs],
                    "seconds": seconds,
                    "flopsPerSecond": flops / seconds,
                    "bytesPerSecond": size / seconds,
                }


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="specs, such as a,c")
    parser.add_argument("--precision", default="fp32,tf32,bf16")
    parser.add_argument("--gemms", action="store_true")
    parser.add_argument("--small", action="store_true")
    flags = parser.parse_args()
    if not torch.cuda.is_available() and not flags.small:
        sys.exit("torch finds no GPU. Use --small to run tiny sizes without one.")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    warm = 0.05 if flags.small else 1.0
    specs = SMALL if flags.small else SPECS
    wanted = [name for name in flags.only.split(",") if name] or list(specs)
    unknown = [name for name in wanted if name not in specs]
    if unknown:
        sys.exit(f"Unknown specs for --only: {', '.join(unknown)}. The specs are {', '.join(specs)}.")
    found = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "steps": [],
        "products": [],
    }
    for name in wanted:
        for precision in flags.precision.split(","):
            row = time_step(name, specs[name], precision, device, warm)
            found["steps"].append(row)
            memory = f", {row['peakBytes'] / 2**30:.1f} GiB" if row["peakBytes"] else ""
            say(f"{name:6} {precision:5} {1000 * row['stepSeconds']:9.2f} ms{memory}  ({row['what']})")
            if device.type == "cuda":
                torch.cuda.empty_cache()
    for name in [name for name in wanted if name != "transformer"] if flags.gemms else []:
        for row in time_products(name, specs[name], device, min(warm, 0.4)):
            found["products"].append(row)
            say(
                f"{name:6} {row['product']:9} {row['way']:8} {row['precision']}  {1000 * row['seconds']:8.3f} ms"
                f"  {row['flopsPerSecond'] / 1e12:7.1f} TFLOP/s  {row['bytesPerSecond'] / 1e12:6.2f} TB/s"
            )
    print(json.dumps(found, indent=2))


main()
