// The blocks of an emitted project give the outputs and gradients of the released PyTorch code.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fixtures } from "../../support/fixtures.js";
import { missingTorch, python } from "./python.js";
import { printed } from "./specs.js";

const blocks = fixtures("block");
/** Relative L2 error of outputs and gradients in f32 (fixtures/README.md). */
const TOLERANCE = 5e-5;

/** Prints the worst relative error of each fixture: of the change of the residual stream, and of each gradient. */
const COMPARE = `
import importlib, json, sys
import torch
from safetensors.torch import load_file

def error(a, b):
    size = b.double().norm()
    return ((a.double() - b.double()).norm() / (size if size > 0 else 1)).item()

found = {}
for folder, path in zip(sys.argv[1::2], sys.argv[2::2]):
    sys.path.insert(0, folder)
    for name in ("batch", "ops", "model"):
        sys.modules.pop(name, None)
    batch_of, ops = importlib.import_module("batch").Batch, importlib.import_module("ops")
    tensors = load_file(path)
    model = importlib.import_module("model").Model()
    named = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in named.items():
            if name in tensors:
                tensor.copy_(tensors[name])
    modality = tensors["modality"].long()
    flat = modality.flatten()
    order = torch.argsort(flat, stable=True)
    sizes = torch.bincount(flat, minlength=int(flat.max()) + 1)
    batch = batch_of(*modality.shape, sizes, order, torch.argsort(order), sizes.cumsum(0).int(), {"modality": flat[order]})
    # Every other fixture crosses many chunks of the scan.
    ops.CHUNK = 64 if len(found) % 2 else 8
    x = tensors["input"].flatten(0, 1)[order].requires_grad_()
    y = x
    for layer in model.layers:
        y = layer(y, batch)
    (y * tensors["cotangent"].flatten(0, 1)[order]).sum().backward()
    rows = lambda name: tensors[name].flatten(0, 1)[order]
    errors = {"output": error(y - x, rows("output") - rows("input")), "input": error(x.grad, rows("grad.input"))}
    for name in tensors:
        if name.startswith("grad.") and name != "grad.input":
            errors[name] = error(named[name[5:]].grad, tensors[name])
    found[path] = errors
    sys.path.pop(0)
print(json.dumps(found))
`;

test.skipIf(missingTorch !== undefined)("blocks with every subset of decoupled projections", () => {
  const folder = mkdtempSync(join(tmpdir(), "mom-torch-"));
  const args = blocks.flatMap(({ name, path, spec }) => {
    const project = join(folder, name);
    mkdirSync(project);
    for (const [file, text] of Object.entries(printed(name, spec).files)) writeFileSync(join(project, file), text);
    return [project, path];
  });
  const found = JSON.parse(python(folder, COMPARE, ...args)) as Record<string, Record<string, number>>;
  for (const { name, path, tensors } of blocks) {
    const errors = found[path] ?? {};
    const gradients = [...tensors.keys()].filter((one) => one.startsWith("grad."));
    expect(Object.keys(errors), name).toHaveLength(1 + gradients.length);
    for (const [what, error] of Object.entries(errors)) expect(error, `${name}: ${what}`).toBeLessThan(TOLERANCE);
  }
  const worst = Math.max(...Object.values(found).flatMap((errors) => Object.values(errors)));
  process.stdout.write(`worst relative error of ${blocks.length} fixtures: ${worst.toExponential(1)}\n`);
  rmSync(folder, { recursive: true });
});
