// Runs an emitted project with a Python that has PyTorch: that of MOM_TORCH_PYTHON, or python3.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const PYTHON = process.env.MOM_TORCH_PYTHON ?? "python3";

const found = spawnSync(PYTHON, ["-c", "import torch, safetensors"], { encoding: "utf8" });

/** Why the tests that need PyTorch are skipped; undefined if they run. */
export const missingTorch: string | undefined =
  found.status === 0 ? undefined : `${PYTHON} does not import torch and safetensors; set MOM_TORCH_PYTHON`;

if (missingTorch !== undefined)
  process.stderr.write(`Tests of emitted PyTorch projects are skipped: ${missingTorch}.\n`);

/** More threads than free cores make small tensors many times slower. Debian's PyTorch lacks libuv. */
const ENV = { ...process.env, OMP_NUM_THREADS: "1", USE_LIBUV: "0", GLOO_SOCKET_IFNAME: "lo" };

/** What a program prints. @param folder of the project, the working folder */
export function python(folder: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", program, ...args], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: ENV,
  });
  if (status !== 0) throw new Error(stderr || stdout);
  return stdout;
}

/** Runs train.py of a project on a number of ranks, as torchrun does. */
export async function ranks(folder: string, count: number, ...args: readonly string[]): Promise<void> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  const world = {
    WORLD_SIZE: `${count}`,
    LOCAL_WORLD_SIZE: `${count}`,
    MASTER_ADDR: "127.0.0.1",
    MASTER_PORT: `${port}`,
  };
  const all = Array.from({ length: count }, async (_, rank) => {
    const env = { ...ENV, ...world, RANK: `${rank}`, LOCAL_RANK: `${rank}` };
    const one = spawn(PYTHON, ["train.py", ...args], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    one.stderr.on("data", (part: Buffer) => {
      text += part.toString();
    });
    const [code] = (await once(one, "exit")) as [number | null];
    if (code !== 0) throw new Error(text);
  });
  await Promise.all(all);
}

/** The training records of a run. */
export const records = (
  run: string,
): { readonly step: number; readonly loss: number; readonly gradient_norm: number }[] =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === "train");
