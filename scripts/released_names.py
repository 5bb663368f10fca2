"""Loads trained blocks into a PyTorch module with the parameter names of the released MixtureOfMamba (strict), and
compares its output with that of `mom trace` on the same input.

  python3 scripts/released_names.py SPEC WEIGHTS [MOM]

SPEC is the .mom file, WEIGHTS a checkpoint's weights.safetensors, MOM the command line (default: node bin/mom.mjs).
Needs torch, safetensors and numpy. Shapes and sharing follow from the names. The norm is shared.
"""
import math
import re
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F


class Mamba(nn.Module):
    """The mixer of a block, with shared projections or one expert per modality."""

    def __init__(self, d_model, d_inner, d_state, d_conv, dt_rank, experts):
        super().__init__()
        sizes = {
            "in_proj": (d_model, 2 * d_inner, False),
            "x_proj": (d_inner, dt_rank + 2 * d_state, False),
            "dt_proj": (dt_rank, d_inner, True),
            "out_proj": (d_inner, d_model, False),
        }
        for part, (inputs, outputs, bias) in sizes.items():
            if part in experts:
                many = nn.ModuleList(nn.Linear(inputs, outputs, bias=bias) for _ in range(experts[part]))
                setattr(self, f"local_experts_{part}", many)
            else:
                setattr(self, part, nn.Linear(inputs, outputs, bias=bias))
        self.conv1d = nn.Conv1d(d_inner, d_inner, d_conv, groups=d_inner, padding=d_conv - 1)
        self.A_log = nn.Parameter(torch.empty(d_inner, d_state))
        self.D = nn.Parameter(torch.empty(d_inner))
        self.dt_rank, self.d_state = dt_rank, d_state

    def project(self, part, x, modality):
        many = getattr(self, f"local_experts_{part}", None)
        if many is None:
            return getattr(self, part)(x)
        return sum(expert(x) * (modality == m).unsqueeze(-1) for m, expert in enumerate(many))

    def forward(self, x, modality):
        length = x.shape[1]
        u, z = self.project("in_proj", x, modality).chunk(2, dim=-1)
        u = F.silu(self.conv1d(u.transpose(1, 2))[..., :length].transpose(1, 2))
        dt, B, C = self.project("x_proj", u, modality).split([self.dt_rank, self.d_state, self.d_state], dim=-1)
        delta = F.softplus(self.project("dt_proj", dt, modality))
        A = -torch.exp(self.A_log)
        h = torch.zeros(x.shape[0], *A.shape, dtype=x.dtype)
        ys = []
        for t in range(length):
            step = delta[:, t].unsqueeze(-1)
            h = torch.exp(step * A) * h + step * B[:, t].unsqueeze(1) * u[:, t].unsqueeze(-1)
            ys.append((h * C[:, t].unsqueeze(1)).sum(-1) + self.D * u[:, t])
        return self.project("out_proj", torch.stack(ys, 1) * F.silu(z), modality)


class RMSNorm(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_model))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


class Block(nn.Module):
    def __init__(self, d_model, *sizes):
        super().__init__()
        self.norm = RMSNorm(d_model)
        self.mamba_model = Mamba(d_model, *sizes)

    def forward(self, x, modality):
        return x + self.mamba_model(self.norm(x), modality)


def block_of(weights):
    """A block with the shapes and the sharing of these tensors, whose names start with `norm.` or `mamba_model.`."""
    d_inner, d_state = weights["mamba_model.A_log"].shape
    d_model = weights["norm.weight"].shape[0]
    experts = {}
    for name in weights:
        found = re.match(r"mamba_model\.local_experts_(\w+)\.(\d+)\.", name)
        if found:
            experts[found[1]] = max(experts.get(found[1], 0), int(found[2]) + 1)
    dt = next(w for name, w in weights.items() if "dt_proj" in name and name.endswith("weight"))
    conv = weights["mamba_model.conv1d.weight"].shape[-1]
    block = Block(d_model, d_inner, d_state, conv, dt.shape[1], experts)
    block.load_state_dict(weights, strict=True)
    return block.double()


def main():
    spec, path = sys.argv[1:3]
    command = sys.argv[3].split() if len(sys.argv) > 3 else ["node", "bin/mom.mjs"]
    weights = {name: w for name, w in load_file(path).items() if name.startswith("layers.")}
    layers = 1 + max(int(name.split(".")[1]) for name in weights)
    d_model = weights["layers.0.norm.weight"].shape[0]
    torch.manual_seed(1)
    length = 96
    x = torch.randn(2, length, d_model)
    modality = (torch.arange(length) // 16 % 2).to(torch.int32).repeat(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        tensors, out = f"{folder}/in.safetensors", f"{folder}/out.safetensors"
        save_file({**weights, "input": x, "modality": modality, "cotangent": torch.ones_like(x)}, tensors)
        subprocess.run([*command, "trace", spec, "--stack", "--tensors", tensors, "--out", out], check=True)
        mine = load_file(out)["output"].double()
    hidden = x.double()
    with torch.no_grad():
        for layer in range(layers):
            prefix = f"layers.{layer}."
            own = {name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)}
            hidden = block_of(own)(hidden, modality)
    change = hidden - x.double()
    error = (mine - hidden).norm() / change.norm()
    print(f"{layers} blocks, {len(weights)} tensors loaded strictly; relative L2 error of output - input: {error:.1e}")
    sys.exit(0 if error < 5e-5 and math.isfinite(error) else 1)


main()
