// Starts train.py of an emitted PyTorch project on a number of ranks, as torchrun does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** A Python with PyTorch 2.6 or later. */
export const PYTHON = process.env.MOM_TORCH_PYTHON ?? "python3";

/** More threads than free cores make small tensors many times slower. Debian's PyTorch lacks libuv. */
export const ENV = { ...process.env, OMP_NUM_THREADS: "1", USE_LIBUV: "0", GLOO_SOCKET_IFNAME: "lo" };

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return String(port);
}

/** The processes of the ranks, each the leader of a group. @param project its folder */
export async function startRanks(project, count, ...args) {
  const world = {
    WORLD_SIZE: String(count),
    LOCAL_WORLD_SIZE: String(count),
    MASTER_ADDR: "127.0.0.1",
    MASTER_PORT: await freePort(),
  };
  return Array.from({ length: count }, (_, rank) =>
    spawn(PYTHON, ["train.py", ...args], {
      cwd: project,
      env: { ...ENV, ...world, RANK: String(rank), LOCAL_RANK: String(rank) },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    }),
  );
}

/** Waits for the ranks. @throws Error with what they printed if one fails */
export async function finished(processes) {
  const texts = processes.map(({ stderr }) => {
    const text = { value: "" };
    stderr.on("data", (part) => {
      text.value += part;
    });
    return text;
  });
  const codes = await Promise.all(processes.map((one) => once(one, "exit")));
  if (codes.some(([code]) => code !== 0)) throw new Error(texts.map(({ value }) => value).join("\n"));
}
