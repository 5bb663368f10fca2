// Emitted projects give the outputs, the gradients and the training runs of the released PyTorch code.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Fixture, fixtures } from "../../support/fixtures.js";
import { BATCHES, missingTorch, python } from "./python.js";
import { printed, writeProject } from "./specs.js";

const blocks = fixtures("block");
const models = fixtures("train");
/** Relative L2 error of outputs and gradients in f32 (fixtures/README.md). */
const TOLERANCE = 5e-5;

/** Functions of both programs. */
const COMMON = `${BATCHES}
import importlib, json, sys
from safetensors.torch import load_file

def opened(folder, tensors, prefix):
    """The modules of a project, and its model with weights of a fixture."""
    sys.path.insert(0, folder)
    for name in ("batch", "ops", "model"):
        sys.modules.pop(name, None)
    modules = [importlib.import_module(name) for name in ("batch", "ops", "model")]
    sys.path.pop(0)
    model = modules[2].Model()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if prefix + name in tensors:
                tensor.copy_(tensors[prefix + name])
    return *modules, model
`;

/** Prints the relative errors of each fixture: of the change of the residual stream, and of each gradient. */
const COMPARE = `${COMMON}
found = {}
for folder, path in zip(sys.argv[1::2], sys.argv[2::2]):
    tensors = load_file(path, device)
    batch_py, ops, _, model = opened(folder, tensors, "")
    modality = tensors["modality"].long()
    given = {name: tensors[name] for name in ("input", "output", "cotangent", "grad.input")}
    batch = sorted_batch(batch_py.Batch, modality, int(modality.max()) + 1, given)
    # Every other fixture crosses many chunks of the scan.
    ops.CHUNK = 64 if len(found) % 2 else 8
    x = batch["input"].requires_grad_()
    y = x
    for layer in model.layers:
        y = layer(y, batch)
    (y * batch["cotangent"]).sum().backward()
    errors = {"output": error(y - x, batch["output"] - x), "input": error(x.grad, batch["grad.input"])}
    named = dict(model.named_parameters())
    for name in tensors:
        if name.startswith("grad.") and name != "grad.input":
            errors[name] = error(named[name[5:]].grad, tensors[name])
    found[path] = errors
print(json.dumps(found))
`;

/** Prints the largest relative errors of each fixture over its updates, by AdamW as the project has it. */
const TRAIN = `${COMMON}
import torch.distributed as dist

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
found = {}
for folder, path in zip(sys.argv[1::2], sys.argv[2::2]):
    tensors = load_file(path, device)
    batch_py, ops, model_py, model = opened(folder, tensors, "init.")
    sys.path.insert(0, folder)
    from data import constant_table
    from optimizers import AdamW, gradient_norm, pattern
    named = dict(model.named_parameters())
    no_decay = [pattern(name) for name, p in named.items() if p.ndim < 2 or name.endswith("A_log")]
    settings = {"lr": 3e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.1, "no_decay": no_decay}
    optimizer = AdamW(named, settings)
    pictures = "batch.0.noisy" in tensors
    errors = {}
    def note(name, value):
        errors[name] = max(errors.get(name, 0), value)
    for step in range(len(tensors["loss"])):
        of = lambda name: tensors[f"batch.{step}.{name}"]
        modality, tokens = of("modality").long(), of("tokens").long()
        item = (modality == 1) & pictures
        predicts = torch.zeros_like(item)
        predicts[:, :-1] = ~item[:, :-1] & ~item[:, 1:]
        following = lambda x: torch.where(predicts, x.roll(-1, 1), -1)
        fields = {
            "embedded": torch.where(item, -1, tokens),
            "target": following(tokens),
            "target_class": following(modality),
            "target_scale": predicts / predicts.sum(),
        }
        if pictures:
            begins = item & ~torch.nn.functional.pad(item[:, :-1], (1, 0))
            index = torch.where(item, begins.flatten().cumsum(0).view_as(item) - 1, -1)
            fields |= {"index.image": index, "scale.image": 5 * item / item.sum()}
            fields |= {"noisy": of("noisy"), "noise": of("noise")}
        batch = sorted_batch(batch_py.Batch, modality, 2 if pictures else 3, fields)
        if pictures:
            model_py.noised = lambda *_: (batch["noisy"], batch["noise"])
            batch.fields |= {name: batch["noise"] for name in ("clean.image", "level.image", "item.image", "noise_key")}
            batch.fields["timestep.image"] = of("timestep")[begins].long()
            batch.fields["timesteps.1000"] = torch.from_numpy(constant_table({"is": "timesteps", "steps": 1000})).to(device)
        losses = model(batch)
        losses.total.backward()
        norm = gradient_norm(model)
        factor = (1 / (norm + 1e-6)).clamp(max=1)
        relative = lambda name, value: note(name, abs(value.item() / tensors[name][step].item() - 1))
        relative("loss", losses.total)
        relative("grad_norm", norm)
        if pictures:
            relative("loss.image", losses.sums["loss.image"][0] / item.sum())
            relative("loss.text", losses.sums["loss.tokens"][0] / predicts.sum())
        if step == 0:
            for name, p in named.items():
                note("grad0_clipped", error(p.grad * factor, tensors[f"grad0_clipped.{name}"]))
        with torch.no_grad():
            optimizer.step(step, lambda peak: peak, factor)
        model.zero_grad()
    for name, p in named.items():
        note("final", error(p, tensors[f"final.{name}"]))
    sys.path.pop(0)
    found[path] = errors
print(json.dumps(found))
`;

/** Runs a program on the projects of fixtures, in a folder that it removes. @returns the errors of each fixture by name */
function errorsOf(program: string, given: readonly Fixture[]): Map<string, Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "mom-torch-"));
  const args = given.flatMap(({ name, path, spec }) => {
    const project = join(folder, name);
    mkdirSync(project);
    writeProject(project, printed(name, spec));
    return [project, path];
  });
  const found = JSON.parse(python(folder, program, ...args)) as Record<string, Record<string, number>>;
  rmSync(folder, { recursive: true });
  return new Map(given.map(({ name, path }) => [name, found[path] ?? {}]));
}

const describeWorst = (errors: Iterable<Record<string, number>>): string =>
  Math.max(...[...errors].flatMap((one) => Object.values(one))).toExponential(1);

test.skipIf(missingTorch !== undefined)("blocks with every subset of decoupled projections", () => {
  const found = errorsOf(COMPARE, blocks);
  for (const { name, tensors } of blocks) {
    const errors = found.get(name) ?? {};
    const gradients = [...tensors.keys()].filter((one) => one.startsWith("grad."));
    expect(Object.keys(errors), name).toHaveLength(1 + gradients.length);
    for (const [what, error] of Object.entries(errors)) expect(error, `${name}: ${what}`).toBeLessThan(TOLERANCE);
  }
  process.stdout.write(`worst relative error of ${blocks.length} fixtures: ${describeWorst(found.values())}\n`);
});

test.skipIf(missingTorch !== undefined)("20 updates of models around the blocks", () => {
  const found = errorsOf(TRAIN, models);
  for (const { name, tensors } of models) {
    const errors = found.get(name) ?? {};
    const compared = ["loss", "grad_norm", "grad0_clipped", "final"];
    if (tensors.has("loss.image")) compared.push("loss.image", "loss.text");
    expect(Object.keys(errors).sort(), name).toEqual(compared.sort());
    for (const [what, error] of Object.entries(errors))
      expect(error, `${name}: ${what}`).toBeLessThan(what === "final" ? 1e-3 : 1e-4);
  }
  process.stdout.write(`worst relative error of ${models.length} runs: ${describeWorst(found.values())}\n`);
});
