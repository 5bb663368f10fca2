// Runs an emitted project with a Python that has PyTorch: that of MOM_TORCH_PYTHON, or python3.
import { spawnSync } from "node:child_process";

const PYTHON = process.env.MOM_TORCH_PYTHON ?? "python3";

const found = spawnSync(PYTHON, ["-c", "import torch, safetensors"], { encoding: "utf8" });

/** Why the tests that need PyTorch are skipped; undefined if they run. */
export const missingTorch: string | undefined =
  found.status === 0 ? undefined : `${PYTHON} does not import torch and safetensors; set MOM_TORCH_PYTHON`;

if (missingTorch !== undefined)
  process.stderr.write(`Tests of emitted PyTorch projects are skipped: ${missingTorch}.\n`);

/** What a program prints. @param folder of the project, the working folder */
export function python(folder: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", program, ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    // More threads than cores that are free make small tensors many times slower.
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  if (status !== 0) throw new Error(stderr || stdout);
  return stdout;
}
