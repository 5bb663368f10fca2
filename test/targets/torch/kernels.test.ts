// The kernels of an emitted project give what its PyTorch operations give in float64, and the same bits each time.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BATCHES, missingTriton, python } from "./python.js";
import { allPrinted, type Printed, writeProject } from "./specs.js";

const TOLERANCE = { float32: 1e-6, bfloat16: 1e-2 };

/** Of d_inner channels. `large`: steps of the scan up to 20, whose decays no f32 holds. */
const SCANS = [
  { sequences: 2, length: 70, channels: 40, states: 4 },
  { sequences: 2, length: 70, channels: 40, states: 4, groups: 2, resets: true },
  { sequences: 1, length: 2048, channels: 96, states: 16, groups: 3, resets: true },
  { sequences: 2, length: 100, channels: 64, states: 16, groups: 2, resets: true, large: true },
  { sequences: 2, length: 300, channels: 96, states: 20, resets: true },
  { sequences: 1, length: 130, channels: 24, states: 128 },
  { sequences: 1, length: 3, channels: 1, states: 1 },
  { sequences: 2, length: 2048, channels: 96, states: 16, type: "bfloat16" },
];
const CONVOLUTIONS = [
  { sequences: 2, length: 70, channels: 40, taps: 4 },
  { sequences: 2, length: 70, channels: 40, taps: 4, groups: 2, resets: true },
  { sequences: 2, length: 333, channels: 40, taps: 3, groups: 3 },
  { sequences: 1, length: 2, channels: 3, taps: 4 },
  { sequences: 2, length: 256, channels: 64, taps: 4, type: "bfloat16" },
];

/** Prints for each case the relative errors of the result and of all gradients, and whether a second run gave the same. */
const COMPARE = `${BATCHES}
import json, sys
import ops
from batch import Batch

def compare(name, case):
    torch.manual_seed(0)
    sequences, length, channels = (case[key] for key in ("sequences", "length", "channels"))
    groups, rows = case.get("groups", 1), sequences * length
    kind = getattr(torch, case.get("type", "float32"))
    batch = sorted_batch(Batch, torch.randint(0, groups, (sequences, length)), groups, {})
    reset = (torch.rand(sequences, length) < 0.05).long() if case.get("resets") else None
    copies = lambda make: [make() for _ in range(groups)]
    if name == "scan":
        states = case["states"]
        delta = torch.nn.functional.softplus(torch.randn(rows, channels)) * (20 if case.get("large") else 0.3)
        rate = torch.log(torch.arange(1, states + 1.0)).repeat(channels, 1)
        data = [torch.randn(rows, channels), delta, torch.randn(rows, states), torch.randn(rows, states)]
        weights = [copies(lambda: rate + 0.1 * torch.randn(channels, states)), copies(lambda: torch.randn(channels))]
    else:
        data = [torch.randn(rows, channels)]
        weights = [copies(lambda: torch.randn(channels, 1, case["taps"])), copies(lambda: torch.randn(channels))]
    leaves = [one.to(kind).requires_grad_() for one in data] + [one.requires_grad_() for part in weights for one in part]
    gradients = []

    def run(fused):
        given = leaves if fused else [one.double() for one in leaves]
        inputs, rest = given[: len(data)], given[len(data) :]
        parts = [rest[:groups], rest[groups:]]
        parts = [ops.Copies(tuple(range(groups)), part) if groups > 1 else part[0] for part in parts]
        kernels = ops.scan_triton, ops.conv_triton
        if not fused:
            ops.scan_triton = ops.conv_triton = None
        y = getattr(ops, name)(*inputs, batch, *parts, reset) if name == "scan" else ops.conv(inputs[0], batch, *parts, reset)
        ops.scan_triton, ops.conv_triton = kernels
        if not gradients:
            gradients.append(torch.randn(y.shape, dtype=torch.float64))
        return [y, *torch.autograd.grad((y * gradients[0]).sum(), leaves)]

    wanted, found, again = run(False), run(True), run(True)
    errors = [error(a, b) for a, b in zip(found, wanted)]
    return {"errors": errors, "same": all(torch.equal(a, b) for a, b in zip(found, again))}

print(json.dumps([compare(sys.argv[1], case) for case in json.loads(sys.argv[2])]))
`;

test.skipIf(missingTriton !== undefined).each([
  { name: "scan", cases: SCANS },
  { name: "conv", cases: CONVOLUTIONS },
])("$name", ({ name, cases }) => {
  const folder = mkdtempSync(join(tmpdir(), "mom-torch-"));
  writeProject(folder, allPrinted[0] as Printed);
  const found = JSON.parse(python(folder, COMPARE, name, JSON.stringify(cases))) as {
    readonly errors: readonly number[];
    readonly same: boolean;
  }[];
  found.forEach(({ errors, same }, i) => {
    const one = cases[i] as { readonly type?: "bfloat16" };
    expect(Math.max(...errors), JSON.stringify(one)).toBeLessThan(TOLERANCE[one.type ?? "float32"]);
    expect(same, `the bits of ${JSON.stringify(one)}`).toBe(true);
  });
  process.stdout.write(`${name}: relative errors ${found.map(({ errors }) => Math.max(...errors).toExponential(1))}\n`);
  rmSync(folder, { recursive: true });
});
