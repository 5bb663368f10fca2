"""Compares the outputs and gradients of the attention block of `mom trace --stack` with the same layer in PyTorch, which
uses `scaled_dot_product_attention` with a mask.

  python3 scripts/attention.py [--large] [ARGUMENTS OF mom trace, such as --adapter gpu or --variant tile-32]

Needs torch, numpy, node and `npm run build`. Runs from any folder. Prints the relative L2 errors of mom against float64
and, for comparison, those of PyTorch in float32 on its best device. Exits with 1 if an error of mom is above 1e-4.
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = 1e-4
PARTS = "q_proj, k_proj, v_proj, o_proj, ffn, norm, ffn_norm"
# Name, batch, length, d_model, heads, kv_heads, ffn, decoupled parts, spans.
CASES = [
    ("causal", 2, 65, 32, 4, 4, 48, "", "causal"),
    ("pictures both ways", 2, 129, 32, 4, 4, 48, "", "both"),
    ("grouped queries, all decoupled", 2, 129, 48, 6, 2, 40, PARTS, "both"),
    ("odd heads, no feed-forward", 1, 63, 33, 3, 1, 0, "q_proj, norm", "both"),
]
LARGE = [
    ("heads of 64", 2, 1024, 512, 8, 8, 512, PARTS, "both"),
    ("heads of 128, grouped", 1, 2048, 1024, 8, 2, 256, "", "both"),
    ("heads of 256", 1, 515, 512, 2, 2, 64, "", "causal"),
]
PATCHES = 16


def spec_of(d_model, heads, kv_heads, ffn, decouple, spans, length):
    return f"""model {{
  modality text: tokens(vocab: 64)
  modality image: patches(size: 8x8, patch: 2x2)
  d_model: {d_model}
  block attend: attention {{
    heads: {heads}
    kv_heads: {kv_heads}
    ffn: {ffn or "none"}
    spans: {spans}
    decouple: [{decouple}]
  }}
  layers: attend
}}
objective {{ text: cross_entropy, image: ddpm }}
data {{ source: emoji, length: {max(length, 64)} }}
train {{ steps: 1, batch: 1 }}
"""


def write_safetensors(path, tensors):
    header, at, blobs = {}, 0, []
    for name, array in tensors.items():
        kind = {np.dtype("float32"): "F32", np.dtype("int32"): "I32"}[array.dtype]
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        blobs.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def read_safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {
        name: np.frombuffer(body[about["data_offsets"][0] : about["data_offsets"][1]], np.float32).reshape(about["shape"])
        for name, about in header.items()
    }


def modalities(batch, length, draw):
    """Runs of text with pictures of 16 patches between them, and one picture at the end of the first sequence."""
    rows = np.zeros((batch, length), np.int32)
    for b in range(batch):
        t = int(draw.integers(1, 9))
        while t + PATCHES <= length:
            rows[b, t : t + PATCHES] = 1
            t += PATCHES + int(draw.integers(1, 9))
    rows[0, -PATCHES - 1 :] = 0
    rows[0, -PATCHES:] = 1
    # Pictures that the last picture overlaps become text.
    for b in range(batch):
        t = 0
        while t < length:
            run = 0
            while t + run < length and rows[b, t + run] == 1:
                run += 1
            if run % PATCHES:
                rows[b, t : t + run] = 0
            t += run or 1
    return rows


def seen(modality, spans):
    """[L, L]: whether the position of the row attends to that of the column."""
    length = len(modality)
    mask = np.tril(np.ones((length, length), bool))
    t = 0
    while t < length and spans == "both":
        if modality[t] == 1:
            mask[t : t + PATCHES, t : t + PATCHES] = True
        t += PATCHES if modality[t] == 1 else 1
    return mask


def names(layer, module, weight, groups):
    if groups == 1:
        return [f"{layer}.{module}{weight}.weight"]
    if module == "feed_forward.":
        return [f"{layer}.feed_forward.local_experts.{g}.{weight}.weight" for g in range(groups)]
    return [f"{layer}.{module}local_experts_{weight}.{g}.weight" for g in range(groups)]


def parameters_of(d_model, heads, kv_heads, ffn, decouple):
    """The shapes of all tensors by name, and the names of the copies of each weight."""
    head = d_model // heads
    parts = [part.strip() for part in decouple.split(",")]
    weights = {
        "attention_norm": ("", "norm", (d_model,)),
        "wq": ("attention.", "q_proj", (d_model, d_model)),
        "wk": ("attention.", "k_proj", (kv_heads * head, d_model)),
        "wv": ("attention.", "v_proj", (kv_heads * head, d_model)),
        "wo": ("attention.", "o_proj", (d_model, d_model)),
    }
    if ffn:
        weights |= {
            "ffn_norm": ("", "ffn_norm", (d_model,)),
            "w1": ("feed_forward.", "ffn", (ffn, d_model)),
            "w2": ("feed_forward.", "ffn", (d_model, ffn)),
            "w3": ("feed_forward.", "ffn", (ffn, d_model)),
        }
    copies = {w: names("layers.0", module, w, 2 if part in parts else 1) for w, (module, part, _) in weights.items()}
    return {name: weights[w][2] for w, many in copies.items() for name in many}, copies


def layer(x, modality, mask, tensors, copies, heads, kv_heads, theta=10000.0):
    batch, length, d_model = x.shape
    head = d_model // heads

    def apply(weight, of, y):
        many = [of(y, tensors[name]) for name in copies[weight]]
        return many[0] if len(many) == 1 else torch.where((modality == 1).unsqueeze(-1), many[1], many[0])

    def linear(weight, y):
        return apply(weight, F.linear, y)

    def norm(weight, y):
        return apply(weight, lambda z, scale: z * torch.rsqrt(z.pow(2).mean(-1, keepdim=True) + 1e-5) * scale, y)

    def turned(y):
        pairs = head // 2
        angle = torch.arange(length, dtype=torch.float64)[:, None] * theta ** (
            -2 * torch.arange(pairs, dtype=torch.float64) / head
        )
        cos, sin = (f(angle).to(y) for f in (torch.cos, torch.sin))
        even, odd = y[..., 0 : 2 * pairs : 2], y[..., 1 : 2 * pairs : 2]
        both = torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)
        return torch.cat((both, y[..., 2 * pairs :]), -1)

    n = norm("attention_norm", x)
    q = turned(linear("wq", n).view(batch, length, heads, head).transpose(1, 2))
    k = turned(linear("wk", n).view(batch, length, kv_heads, head).transpose(1, 2))
    v = linear("wv", n).view(batch, length, kv_heads, head).transpose(1, 2)
    k, v = (y.repeat_interleave(heads // kv_heads, dim=1) for y in (k, v))
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.unsqueeze(1))
    x = x + linear("wo", mixed.transpose(1, 2).reshape(batch, length, d_model))
    if "w1" not in copies:
        return x
    m = norm("ffn_norm", x)
    return x + linear("w2", F.silu(linear("w1", m)) * linear("w3", m))


def in_torch(given, mask, copies, heads, kv_heads, dtype, device):
    leaves = {
        name: torch.tensor(array, dtype=dtype, device=device, requires_grad=True)
        for name, array in given.items()
        if array.dtype == np.float32 and name != "cotangent"
    }
    modality = torch.tensor(given["modality"], device=device)
    y = layer(leaves["input"], modality, torch.tensor(mask, device=device), leaves, copies, heads, kv_heads)
    (y * torch.tensor(given["cotangent"], dtype=dtype, device=device)).sum().backward()
    made = {f"grad.{name}": leaf.grad for name, leaf in leaves.items()} | {"output": y.detach()}
    return {name: value.double().cpu().numpy() for name, value in made.items()}


def error(got, expected):
    return float(np.linalg.norm(got.astype(np.float64) - expected) / (np.linalg.norm(expected) or 1))


def compare(case, folder, arguments):
    label, batch, length, d_model, heads, kv_heads, ffn, decouple, spans = case
    draw = np.random.default_rng(1)
    shapes, copies = parameters_of(d_model, heads, kv_heads, ffn, decouple)
    given = {
        name: (1 + 0.1 * draw.standard_normal(shape) if len(shape) == 1 else draw.standard_normal(shape) / math.sqrt(shape[1]))
        for name, shape in shapes.items()
    }
    given |= {name: draw.standard_normal((batch, length, d_model)) for name in ("input", "cotangent")}
    given = {name: array.astype(np.float32) for name, array in given.items()}
    given["modality"] = modalities(batch, length, draw)
    spec, tensors, out = (folder / name for name in ("a.mom", "in.safetensors", "out.safetensors"))
    spec.write_text(spec_of(d_model, heads, kv_heads, ffn, decouple, spans, length))
    write_safetensors(tensors, given)
    trace = ["node", str(ROOT / "bin/mom.mjs"), "trace", str(spec), "--stack"]
    ran = subprocess.run(trace + ["--tensors", str(tensors), "--out", str(out)] + arguments, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(ran.stderr)
    made = read_safetensors(out)
    mask = np.stack([seen(row, spans) for row in given["modality"]])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    exact = in_torch(given, mask, copies, heads, kv_heads, torch.float64, "cpu" if length < 1000 else device)
    single = in_torch(given, mask, copies, heads, kv_heads, torch.float32, device)
    wrong = []
    row = [label, f"{batch} × {length}", f"{heads}/{kv_heads} × {d_model // heads}"]
    for found in (made, single):
        # The part of the output that the layer adds to its input.
        added = error(found["output"] - given["input"], exact["output"] - given["input"])
        grads = {name: error(found[name], exact[name]) for name in exact if name != "output"}
        worst = max(grads, key=grads.get)
        wrong.append(max(added, grads[worst]))
        row += [f"{added:.1e}", f"{grads[worst]:.1e} {worst.removeprefix('grad.').removeprefix('layers.0.')}"]
    print("| " + " | ".join(row) + " |", flush=True)
    return wrong[0]


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--large"]
    cases = CASES + (LARGE if "--large" in sys.argv else [])
    # Uses float32 in PyTorch, not TF32.
    torch.backends.cuda.matmul.allow_tf32 = False
    print("| case | batch × length | heads | mom: output | worst gradient | torch float32: output | worst gradient |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        worst = max(compare(case, pathlib.Path(folder), arguments) for case in cases)
    print(f"\nworst error of mom: {worst:.1e}, limit {LIMIT:.0e}")
    sys.exit(0 if worst <= LIMIT else 1)


main()
