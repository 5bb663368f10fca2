"""Times the Triton kernels of an emitted PyTorch project: forward and backward of the scan and of the convolution.

  python3 bench/torch_kernels.py PROJECT

8 sequences of 2048 positions, d_inner 1536, d_state 16, four taps. Prints the time that a kernel itself takes on the GPU,
the mean of five calls after a tenth of a second of work.
"""

import sys
import time

sys.path.insert(0, sys.argv[1])

import conv_triton  # noqa: E402
import scan_triton  # noqa: E402
import torch  # noqa: E402
from torch.nn.functional import softplus  # noqa: E402
from torch.profiler import ProfilerActivity, profile  # noqa: E402

SEQUENCES, LENGTH, CHANNELS, STATES, TAPS, CALLS = 8, 2048, 1536, 16, 4, 5
ROWS = SEQUENCES * LENGTH
torch.set_default_device("cuda")


def milliseconds(work) -> dict[str, float]:
    """By the name of the kernel."""
    begun = time.time()
    while time.time() - begun < 0.1:
        work()
        torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as found:
        for _ in range(CALLS):
            work()
        torch.cuda.synchronize()
    return {event.key: event.self_device_time_total / 1e3 / CALLS for event in found.key_averages()}


def show(name: str, times: dict[str, float]) -> None:
    kernels = {key: one for key, one in times.items() if key.startswith("_")}
    parts = ", ".join(f"{key} {one:.3f}" for key, one in kernels.items())
    print(f"{name}: {sum(kernels.values()):.3f} ms ({parts}), with sums {sum(times.values()):.3f} ms", flush=True)


def measure(name: str, call, leaves: list[torch.Tensor]) -> None:
    y = call()
    gradient = torch.randn_like(y)
    show(f"{name} forward", milliseconds(call))
    show(f"{name} backward", milliseconds(lambda: torch.autograd.grad(y, leaves, gradient, retain_graph=True)))


for kind in (torch.bfloat16, torch.float32):
    torch.manual_seed(0)
    place = torch.randperm(ROWS).view(SEQUENCES, LENGTH)
    u = torch.randn(ROWS, CHANNELS, dtype=kind, requires_grad=True)
    delta = softplus(torch.randn(ROWS, CHANNELS) - 4).to(kind).requires_grad_()
    B, C = (torch.randn(SEQUENCES, LENGTH, STATES, requires_grad=True) for _ in range(2))
    A = (-16 * torch.rand(1, STATES, CHANNELS)).requires_grad_()
    D = torch.randn(1, CHANNELS, requires_grad=True)
    scanned = (u, delta, B, C, A, D)
    measure(f"scan {kind}", lambda args=scanned, at=place: scan_triton.scan(*args, at, None, None), [*scanned])
    weight, bias = (torch.randn(1, *shape, requires_grad=True) for shape in ((TAPS, CHANNELS), (CHANNELS,)))
    convolved = (u, weight, bias)
    measure(f"conv {kind}", lambda args=convolved, at=place: conv_triton.conv(*args, at, None, None), [*convolved])
