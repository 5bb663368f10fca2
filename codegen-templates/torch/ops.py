"""The operations of the model that PyTorch does not have.

R rows are positions sorted by modality (batch.py). E channels, N states of each.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts

from batch import Batch
from products import grouped_product

try:
    import conv_triton
    import scan_triton
except ImportError:  # PyTorch for CPUs comes without Triton.
    conv_triton = scan_triton = None

CHUNK = 64  # positions of the scan whose states are kept at a time
LOGITS = 4096  # rows whose logits are kept at a time

# On GPUs, PyTorch compiles what lies between products, scans and attention.
_compiled = torch.compile if torch.cuda.is_available() else lambda function: function


class Tensors(nn.Module):
    """Parameters by name: `Tensors(weight=(4, 3))` has the parameter `weight`."""

    def __init__(self, **shapes: tuple[int, ...]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))


class Named(nn.Module):
    """Modules by name, which may be any name."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        self._modules.update(modules)

    def __getitem__(self, name: str) -> nn.Module:
        return self._modules[name]


class Copies(NamedTuple):
    """Copies of a parameter, and the one that each modality uses; -1 for none."""

    of: tuple[int, ...]
    tensors: Sequence[Tensor]


def weights(modules: Iterable[nn.Module], child: str = "") -> list[Tensor]:
    """The weight of each module, or of each module's child."""
    return [module.get_submodule(child).weight for module in modules]


def biases(modules: Iterable[nn.Module], child: str = "") -> list[Tensor]:
    """The bias of each module, or of each module's child."""
    return [module.get_submodule(child).bias for module in modules]


class Layer(nn.Module):
    """A layer of the model, x [R, d] to [R, d], which PyTorch compiles on GPUs.

    `recompute`: its backward pass computes everything again (`block`), everything but
    products (`cheap`), or nothing (`none`).
    """

    recompute = "none"

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        return _run(self, x, batch, self.recompute)

    def compute(self, x: Tensor, batch: Batch) -> Tensor:
        raise NotImplementedError


@_compiled
def _run(layer: Layer, x: Tensor, batch: Batch, recompute: str) -> Tensor:
    if recompute == "none" or not torch.is_grad_enabled():
        return layer.compute(x, batch)
    if recompute == "block":
        return _recomputed(layer.compute, x, batch)
    return _recomputed(layer.compute, x, batch, context_fn=_keep_products)


# Nothing in the model draws random numbers.
_recomputed = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)


def _keep_products() -> tuple[AbstractContextManager, AbstractContextManager]:
    products = [
        torch.ops.aten.mm.default,
        torch.ops.aten.addmm.default,
        torch.ops.mom.grouped_product.default,
    ]
    if hasattr(torch.ops.aten, "_grouped_mm"):
        products.append(torch.ops.aten._grouped_mm.default)
    return create_selective_checkpoint_contexts(products)


def grouped_linear(
    x: Tensor, batch: Batch, weight: Copies, bias: Copies | None = None
) -> Tensor:
    """Each row times its modality's weight; 0 for rows of a modality without one.

    x [R, K], weights [N, K], biases [N]; result [R, N]. Biases are added in f32.
    """
    tensors = list(weight.tensors)
    if torch.is_autocast_enabled(x.device.type):
        x = x.bfloat16()
        tensors = [one.bfloat16() for one in tensors]
    if _has_one_kernel(x, weight):
        copies = torch.stack([tensors[i] for i in weight.of])
        y = F.grouped_mm(x, copies.transpose(1, 2), offs=batch.ends)
    else:
        y = grouped_product(x, tensors, weight.of, batch.sizes)
    return y if bias is None else y + _of_rows(bias, batch)


def _has_one_kernel(x: Tensor, weight: Copies) -> bool:
    """Whether PyTorch multiplies by all copies in one kernel: in bf16 on GPUs, if every
    modality has a copy and rows are multiples of 16 bytes."""
    return (
        hasattr(F, "grouped_mm")
        and x.is_cuda
        and x.dtype == torch.bfloat16
        and min(weight.of) >= 0
        and all(size % 8 == 0 for size in weight.tensors[0].shape)
    )


def _of_rows(copies: Copies, batch: Batch) -> Tensor:
    """The copy of each row's modality; 0 for none. copies [d]; result [R, d]."""
    modality = batch["modality"][:, None]
    found = torch.zeros((), device=modality.device)
    for one, group in enumerate(copies.of):
        if group >= 0:
            found = torch.where(modality == one, copies.tensors[group], found)
    return found


def rms(x: Tensor, eps: float) -> Tensor:
    """1 / sqrt(mean(x^2) + eps) of each row. x [R, d]; result [R]."""
    return torch.rsqrt(_at_least_f32(x).square().mean(dim=-1) + eps)


def rescale(x: Tensor, rstd: Tensor, batch: Batch, scale: Tensor | Copies) -> Tensor:
    """x * rstd * scale. x [R, d], rstd [R], scales [d]."""
    y = x * rstd[:, None]
    if isinstance(scale, Tensor):
        return y * scale
    return y * _of_rows(scale, batch)


def embed(tokens: Tensor, weight: Tensor) -> Tensor:
    """weight[token], or 0 where the token is negative. tokens [R], weight [V, d]."""
    return F.embedding(tokens.clamp(min=0), weight) * (tokens >= 0)[:, None]


def add_items(x: Tensor, items: Tensor, index: Tensor) -> Tensor:
    """x plus the row's item, if it has one. x [R, d], items [I, d], index [R]."""
    return x + embed(index, items)


def _by_position(weight: Tensor | Copies, batch: Batch) -> Tensor:
    """Each position's copy, or one that broadcasts: [sequences, length or 1, ...]."""
    if isinstance(weight, Tensor):
        return weight[None, None]
    modality = batch.in_sequence(batch["modality"])
    copy = torch.tensor(weight.of, device=modality.device)[modality]
    return torch.stack(list(weight.tensors))[copy]


def conv(
    x: Tensor,
    batch: Batch,
    weight: Tensor | Copies,
    bias: Tensor | Copies,
    reset: Tensor | None = None,
) -> Tensor:
    """Causal depthwise convolution along each sequence.

    y[t] = bias + sum over k of weight[c, k] * x[t - (K - 1) + k], with the weights of
    t's modality. x [R, E], weights [E, 1, K], biases [E]. Rows before a sequence are
    0. `reset` [sequences, length] is 1 where a document starts; rows before it are 0.
    """
    if x.is_cuda and conv_triton is not None:
        return fused_conv(x, batch, weight, bias, reset)
    xs = batch.in_sequence(x)
    w = _by_position(weight, batch).squeeze(-2)
    taps = w.shape[-1]
    document = None if reset is None else reset.cumsum(1)
    y = xs * w[..., taps - 1]
    for back in range(1, min(taps, batch.length)):
        earlier = F.pad(xs[:, :-back], (0, 0, back, 0))
        if document is not None:
            same = document == F.pad(document[:, :-back], (back, 0), value=-1)
            earlier = earlier * same[..., None]
        y = y + earlier * w[..., taps - 1 - back]
    return batch.in_rows(y + _by_position(bias, batch))


def fused_conv(
    x: Tensor,
    batch: Batch,
    weight: Tensor | Copies,
    bias: Tensor | Copies,
    reset: Tensor | None = None,
) -> Tensor:
    """`conv` by the kernels of conv_triton.py, which read and write rows in place."""
    copies, group, place = _of_each((weight, bias), batch)
    taps = copies[0].squeeze(-2).transpose(1, 2)
    document = None if reset is None else reset.cumsum(1)
    return conv_triton.conv(x, taps, copies[1], place, group, document)


def scan(
    u: Tensor,
    delta: Tensor,
    B: Tensor,
    C: Tensor,
    batch: Batch,
    A_log: Tensor | Copies,
    D: Tensor | Copies,
    reset: Tensor | None = None,
) -> Tensor:
    """The selective scan along each sequence, with A = -exp(A_log):

    h[t] = exp(delta[t] A) h[t - 1] + delta[t] B[t] u[t];  y[t] = C[t] h[t] + D u[t].

    u, delta [R, E]; B, C [R, N]; A_log [E, N]; D [E]; result [R, E]. `reset`
    [sequences, length] is 1 where a document starts, and h before it counts as 0.
    States are in f32. Only those between chunks are kept for the backward pass.
    """
    if u.is_cuda and scan_triton is not None:
        return fused_scan(u, delta, B, C, batch, A_log, D, reset)
    us, deltas, Bs, Cs = (batch.in_sequence(_at_least_f32(x)) for x in (u, delta, B, C))
    A = -torch.exp(_by_position(A_log, batch))
    h = us.new_zeros(batch.sequences, us.shape[-1], Bs.shape[-1])
    parts = []
    for t in range(0, batch.length, CHUNK):
        here = slice(t, t + CHUNK)
        own = A if A.shape[1] == 1 else A[:, here]
        resets = None if reset is None else reset[:, here]
        y, h = _recomputed(
            _scan_chunk,
            *(us[:, here], deltas[:, here], Bs[:, here], Cs[:, here], own, h, resets),
        )
        parts.append(y)
    y = torch.cat(parts, dim=1) + _by_position(D, batch) * us
    return batch.in_rows(y).to(u.dtype)


def fused_scan(
    u: Tensor,
    delta: Tensor,
    B: Tensor,
    C: Tensor,
    batch: Batch,
    A_log: Tensor | Copies,
    D: Tensor | Copies,
    reset: Tensor | None = None,
) -> Tensor:
    """`scan` by the kernels of scan_triton.py, which read and write rows in place."""
    copies, group, place = _of_each((A_log, D), batch)
    A = -torch.exp(copies[0]).transpose(1, 2)
    Bs, Cs = (batch.in_sequence(x) for x in (B, C))
    return scan_triton.scan(u, delta, Bs, Cs, A, copies[1], place, group, reset)


def _of_each(
    parameters: Sequence[Tensor | Copies], batch: Batch
) -> tuple[list[Tensor], Tensor | None, Tensor]:
    """Parameters of each modality [modalities, ...], each position's modality, and its
    row. Without copies there is one group, and no modality."""
    place = batch.place.unflatten(0, (batch.sequences, batch.length))
    if all(isinstance(one, Tensor) for one in parameters):
        return [one[None] for one in parameters], None, place
    of_each = [
        one.expand(len(batch.sizes), *one.shape)
        if isinstance(one, Tensor)
        else torch.stack([one.tensors[i] for i in one.of])
        for one in parameters
    ]
    return of_each, batch.in_sequence(batch["modality"]), place


def _scan_chunk(
    u: Tensor,
    delta: Tensor,
    B: Tensor,
    C: Tensor,
    A: Tensor,
    h: Tensor,
    reset: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The outputs of some positions and the state after them, from the state before.

    It multiplies by decays step by step and never divides by a product of them, which
    can be too small for f32.
    """
    decay = torch.exp(delta[..., None] * A)  # [sequences, T, E, N]
    if reset is not None:
        decay = decay * (1 - reset)[..., None, None]
    added = (delta * u)[..., None] * B[:, :, None, :]
    states = []
    for decay_t, added_t in zip(decay.unbind(1), added.unbind(1), strict=True):
        h = decay_t * h + added_t
        states.append(h)
    return torch.einsum("bten,btn->bte", torch.stack(states, dim=1), C), h


def rotate(
    x: Tensor, position: Tensor, table: Tensor, heads: int, inverse: bool = False
) -> Tensor:
    """RoPE in interleaved pairs: columns 2i and 2i + 1 of each head are rotated by the
    angle whose cosine and sine are table[position, 2i] and table[position, 2i + 1].

    x [R, heads * dh], position [R], table [positions, 2 * (dh // 2)]. The last column
    of a head of odd size is copied.
    """
    cosine, sine = table[position][:, None].unflatten(-1, (-1, 2)).unbind(-1)
    sine = -sine if inverse else sine
    split = x.unflatten(-1, (heads, -1))
    width = 2 * cosine.shape[-1]
    a, b = split[..., :width].unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([a * cosine - b * sine, a * sine + b * cosine], dim=-1)
    return torch.cat([turned.flatten(-2), split[..., width:]], dim=-1).flatten(-2)


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keys: Tensor | None,
    batch: Batch,
    heads: int,
    kv_heads: int,
) -> Tensor:
    """Softmax attention of each position over keys[..., 0] to keys[..., 1] of its
    sequence, both inclusive; without keys, over all positions up to its own. Query head
    h reads the kv head h // (heads / kv_heads).

    q [R, heads * dh]; k, v [R, kv_heads * dh]; keys [sequences, length, 2].
    """
    qs, ks, vs = (
        batch.in_sequence(x).unflatten(-1, (count, -1)).transpose(1, 2)
        for x, count in ((q, heads), (k, kv_heads), (v, kv_heads))
    )
    seen = None
    if keys is not None:
        at = torch.arange(batch.length, device=q.device)
        seen = ((at >= keys[..., :1]) & (at <= keys[..., 1:]))[:, None]
    y = F.scaled_dot_product_attention(
        *(qs, ks, vs, seen), is_causal=seen is None, enable_gqa=heads != kv_heads
    )
    return batch.in_rows(y.transpose(1, 2).flatten(-2))


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """The loss of each row; 0 if its target is negative. logits [R, V], target [R]."""
    return F.cross_entropy(
        _at_least_f32(logits), target, ignore_index=-1, reduction="none"
    )


def token_loss(x: Tensor, weight: Tensor, target: Tensor) -> Tensor:
    """The cross entropy of x times weight, in chunks of rows whose logits the backward
    pass computes again. x [R, d], weight [V, d], target [R]; result [R]."""
    return torch.cat(
        [
            _recomputed(_token_loss, rows, weight, targets)
            for rows, targets in zip(x.split(LOGITS), target.split(LOGITS), strict=True)
        ]
    )


@_compiled
def _token_loss(x: Tensor, weight: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(F.linear(x, weight), target)


def squared_error(prediction: Tensor, target: Tensor, index: Tensor) -> Tensor:
    """The mean squared error of each row with an item; 0 for others. [R, p], [R]."""
    error = (_at_least_f32(prediction) - target).square().mean(dim=-1)
    return torch.where(index >= 0, error, 0)


def sum_by_class(values: Tensor, classes: Tensor, count: int) -> Tensor:
    """The sums of the values of each class; negative classes do not count. [R]."""
    return torch.stack([(values * (classes == one)).sum() for one in range(count)])


def noised(
    clean: Tensor,
    level: Tensor,
    index: Tensor,
    items: Tensor,
    key: Tensor,
    batch: Batch,
    modality: int,
) -> tuple[Tensor, Tensor]:
    """Noisy items of a modality and their noise, both 0 at rows of other modalities.

    noisy = level[:, 0] * clean + level[:, 1] * noise. A number of the noise depends
    only on the key, the item, the patch and the column: Philox of the counter (block of
    four columns, item, document, epoch) gives two pairs of uniforms, and Box-Muller
    makes two normals of each pair. clean [R, p], level [R, 2], index [R], items [I, 4]:
    first row, item, document and epoch; key [2].
    """
    columns = clean.shape[1]
    blocks = -(-columns // 4)
    before, count = sum(batch.sizes[:modality]), batch.sizes[modality]
    at = torch.arange(before, before + count, device=clean.device)
    first, item, document, epoch = items[index[at]].unbind(-1)
    block = (at - first)[:, None] * blocks + torch.arange(blocks, device=clean.device)
    counter = [block, *(x[:, None].expand_as(block) for x in (item, document, epoch))]
    uniforms = [(word >> 8).double() / 2**24 for word in _philox(key, counter)]
    normals = []
    for a, b in (uniforms[:2], uniforms[2:]):
        radius = torch.sqrt(-2 * torch.log(a + 2**-25))
        normals += [radius * torch.cos(2 * torch.pi * b)]
        normals += [radius * torch.sin(2 * torch.pi * b)]
    drawn = torch.stack(normals, dim=-1).flatten(1)[:, :columns]
    noise = torch.zeros_like(clean).index_copy(0, at, drawn.to(clean.dtype))
    return level[:, :1] * clean + level[:, 1:] * noise, noise


def _philox(key: Tensor, counter: list[Tensor]) -> list[Tensor]:
    """Philox 4x32-10 (Salmon et al. 2011) on int64 tensors that hold 32-bit words."""
    word = 0xFFFFFFFF
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = _multiplied(0xD2511F53, x0)
        high1, low1 = _multiplied(0xCD9E8D57, x2)
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & word, (k1 + 0xBB67AE85) & word
    return [x0, x1, x2, x3]


def _multiplied(a: int, b: Tensor) -> tuple[Tensor, Tensor]:
    """The high and the low 32 bits of a product, without an overflow of 63 bits."""
    low = (a & 0xFFFF) * b
    whole = (a >> 16) * b + (low >> 16)
    return whole >> 16, ((whole & 0xFFFF) << 16) | (low & 0xFFFF)


def _at_least_f32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
