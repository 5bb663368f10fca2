// Runs an emitted project with a Python that has PyTorch: that of MOM_TORCH_PYTHON, or python3.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ENV, finished, PYTHON, startRanks } from "../../../scripts/torch-ranks.mjs";

const found = spawnSync(PYTHON, ["-c", "import torch, safetensors"], { encoding: "utf8" });

/** Why the tests that need PyTorch are skipped; undefined if they run. */
export const missingTorch: string | undefined =
  found.status === 0 ? undefined : `${PYTHON} does not import torch and safetensors; set MOM_TORCH_PYTHON`;

if (missingTorch !== undefined)
  process.stderr.write(`Tests of emitted PyTorch projects are skipped: ${missingTorch}.\n`);

/** What a program prints. PyTorch compiles nothing. @param folder of the project, the working folder */
export function python(folder: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", program, ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...ENV, TORCH_COMPILE_DISABLE: "1" },
  });
  if (status !== 0) throw new Error(stderr || stdout);
  return stdout;
}

/** Python that makes batches on the device that tests use, and compares tensors. */
export const BATCHES = `
import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.set_default_device(device)

def error(a, b):
    size = b.double().norm()
    return ((a.double() - b.double()).norm() / (size if size > 0 else 1)).item()

def sorted_batch(Batch, modality, count, fields):
    """fields: [sequences, length, ...] by name"""
    flat = modality.flatten()
    order = torch.argsort(flat, stable=True)
    sizes = torch.bincount(flat, minlength=count).cpu()
    rows = {name: values.flatten(0, 1)[order] for name, values in {"modality": modality, **fields}.items()}
    ends = sizes.cumsum(0).int().to(device)
    return Batch(*modality.shape, sizes, order, torch.argsort(order), ends, rows)
`;

/** Runs train.py of a project on a number of ranks. @throws Error with what it printed if it fails */
export const ranks = async (folder: string, count: number, ...args: readonly string[]): Promise<void> =>
  await finished(await startRanks(folder, count, ...args));

/** The training records of a run. */
export const records = (
  run: string,
): { readonly step: number; readonly loss: number; readonly gradient_norm: number }[] =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === "train");

/** Why the tests of kernels for GPUs are skipped; undefined if they run. */
export const missingTriton: string | undefined =
  missingTorch ??
  (spawnSync(PYTHON, ["-c", "import torch, triton; torch.zeros(1).cuda()"]).status === 0
    ? undefined
    : `${PYTHON} has no Triton, or no GPU`);
