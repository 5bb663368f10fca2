// Trains from more pictures than fit into memory, and measures how.
//   node scripts/many-pictures.mjs make DIR [--count 200000] [--side 88]   captioned JPEG pictures as WebDataset shards
//   node scripts/many-pictures.mjs prepare DIR                            prepares them; then again, killed and continued
//   node scripts/many-pictures.mjs train DIR                              trains from the prepared data
// Prints pictures/s, the peak memory of `mom` and of the processes that decode pictures, and how busy the GPU is.
// Needs `npm run build`, and Linux for the figures of memory.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packTar } from "modern-tar";
import sharp from "sharp";
import { randomFrom } from "./corruptions.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "200000" },
    side: { type: "string", default: "88" },
    part: { type: "string" },
  },
});
const [command, folder] = positionals;
const [count, side] = [Number(values.count), Number(values.side)];
const PER_SHARD = 2000;
const STEPS = 1200;
const MOM = new URL("../bin/mom.mjs", import.meta.url).pathname;

const spec = `model {
  modality text: bytes
  modality image: patches(size: ${side}x${side}, patch: 8x8, channels: 3)
  d_model: 768
  block mixer: mamba { decouple: [in_proj, x_proj, dt_proj, out_proj] }
  layers: 6 * mixer
}
objective {
  text: cross_entropy
  image: ddpm(weight: 5)
}
data {
  source: webdataset("shards/*.tar", text: txt, image: jpg)
  length: 1024
  held_out: 0.005
}
train {
  steps: ${STEPS}
  batch: 16
  precision: f16
  optimizer: adamw(lr: 3e-4)
  validate_every: ${STEPS}
  checkpoint_every: ${STEPS}
}
`;

const COLOURS = {
  red: [220, 40, 40],
  green: [40, 180, 60],
  blue: [50, 80, 220],
  yellow: [235, 210, 50],
  white: [245, 245, 245],
  black: [20, 20, 20],
};
const SHAPES = {
  circle: (x, y, r) => x * x + y * y < r * r,
  square: (x, y, r) => Math.max(Math.abs(x), Math.abs(y)) < r * 0.85,
  diamond: (x, y, r) => Math.abs(x) + Math.abs(y) < r * 1.2,
  cross: (x, y, r) => Math.min(Math.abs(x), Math.abs(y)) < r * 0.35 && Math.max(Math.abs(x), Math.abs(y)) < r,
};
const PLACES = { left: [0.3, 0.5], right: [0.7, 0.5], top: [0.5, 0.3], bottom: [0.5, 0.7], centre: [0.5, 0.5] };

/** A noisy picture of a shape at a place, and its caption. */
function drawn(random) {
  const one = (record) => {
    const keys = Object.keys(record);
    return keys[Math.floor(random() * keys.length)];
  };
  const [shape, place, colour] = [one(SHAPES), one(PLACES), one(COLOURS)];
  let ground = one(COLOURS);
  while (ground === colour) ground = one(COLOURS);
  const [cx, cy] = PLACES[place].map((at) => (at + 0.08 * (random() - 0.5)) * side);
  const radius = side * (0.14 + 0.12 * random());
  const pixels = new Uint8Array(side * side * 3);
  // Cheap noise: pictures of one value would compress to nothing.
  let noise = Math.floor(random() * 2 ** 31) | 1;
  for (let y = 0, at = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const rgb = COLOURS[SHAPES[shape](x - cx, y - cy, radius) ? colour : ground];
      noise = (Math.imul(noise, 1664525) + 1013904223) | 0;
      const grain = (noise >> 26) / 2;
      for (let c = 0; c < 3; c++) pixels[at++] = Math.max(0, Math.min(255, rgb[c] + grain));
    }
  return { pixels, caption: `a ${colour} ${shape} on ${ground}, ${place}` };
}

/** Makes the shards whose number leaves the remainder `part` in several processes. */
async function makePart(part) {
  const parts = availableParallelism();
  for (let shard = part; shard * PER_SHARD < count; shard += parts) {
    const random = randomFrom(shard + 1);
    const first = shard * PER_SHARD;
    const members = [];
    for (let i = first; i < Math.min(first + PER_SHARD, count); i++) {
      const name = String(i).padStart(7, "0");
      const { pixels, caption } = drawn(random);
      const jpeg = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
        .jpeg()
        .toBuffer();
      members.push(
        { header: { name: `${name}.jpg`, size: jpeg.length, type: "file" }, body: new Uint8Array(jpeg) },
        { header: { name: `${name}.txt`, size: Buffer.byteLength(caption), type: "file" }, body: caption },
      );
    }
    writeFileSync(join(folder, "shards", `${String(shard).padStart(5, "0")}.tar`), await packTar(members));
  }
}

async function make() {
  if (values.part !== undefined) return await makePart(Number(values.part));
  mkdirSync(join(folder, "shards"), { recursive: true });
  writeFileSync(join(folder, "spec.mom"), spec);
  const begun = performance.now();
  const program = fileURLToPath(import.meta.url);
  const ended = Array.from({ length: availableParallelism() }, (_, part) => {
    const child = spawn(process.execPath, [program, ...process.argv.slice(2), "--part", String(part)], {
      stdio: "inherit",
    });
    return new Promise((resolve) => child.on("exit", resolve));
  });
  if ((await Promise.all(ended)).some((code) => code !== 0)) throw new Error("a process failed");
  const names = readdirSync(join(folder, "shards"));
  const bytes = names.reduce((sum, name) => sum + statSync(join(folder, "shards", name)).size, 0);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`${count} pictures, ${(bytes / 2 ** 20).toFixed(0)} MiB of tar files, made in ${seconds.toFixed(0)} s`);
}

/** Bytes of a process's memory: [now, at most]; undefined if it ended. */
function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kibibytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    return [1024 * kibibytes("VmRSS"), 1024 * kibibytes("VmHWM")];
  } catch {
    return undefined;
  }
}

const childrenOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/**
 * Runs `mom` in the folder.
 * @param until asked several times a second, with the process's id, whether to kill it
 */
function measured(args, until = () => false) {
  const begun = performance.now();
  const child = spawn(process.execPath, [MOM, ...args], {
    cwd: folder,
    env: { ...process.env, MOM_CACHE: "cache", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [own, decoders, output] = [0, 0, ""];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      own = Math.max(own, memoryOf(child.pid)?.[1] ?? 0);
      decoders = Math.max(
        decoders,
        childrenOf(child.pid).reduce((sum, pid) => sum + (memoryOf(pid)?.[0] ?? 0), 0),
      );
      if (until(child.pid)) child.kill("SIGKILL");
    }, 100);
    child.on("close", (status, signal) => {
      clearInterval(timer);
      resolve({ status, signal, own, decoders, output, seconds: (performance.now() - begun) / 1000 });
    });
  });
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const cached = () => {
  try {
    return readdirSync(join(folder, "cache", "data")).filter((name) => name.endsWith(".safetensors"));
  } catch {
    return [];
  }
};
const digest = () =>
  spawnSync("sh", ["-c", "sha256sum prepared/* | sha256sum"], { cwd: folder, encoding: "utf8" }).stdout.slice(0, 16);

function say(what, { status, signal, own, decoders, seconds, output }, more = "") {
  console.log(
    `${what}: ${seconds.toFixed(1)} s, mom at most ${mebibytes(own)}, decoders ${mebibytes(decoders)}${more}` +
      (status === 0 || signal === "SIGKILL" ? "" : `\nFAILED (${status ?? signal}):\n${output.slice(-2000)}`),
  );
}

async function prepare() {
  const pictures = readdirSync(join(folder, "shards")).length * PER_SHARD;
  console.log(`about ${pictures} pictures, ${availableParallelism()} cores`);
  const args = ["data", "prepare", "spec.mom", "--out", "prepared"];
  for (const made of ["cache", "prepared"]) rmSync(join(folder, made), { recursive: true, force: true });
  const whole = await measured(args);
  say("prepared", whole, `, ${Math.round(pictures / whole.seconds)} pictures/s`);
  const expected = digest();
  const shards = cached().length;
  for (const made of ["cache", "prepared"]) rmSync(join(folder, made), { recursive: true, force: true });
  const half = await measured(args, () => cached().length >= shards / 2);
  say(`killed with ${cached().length} of ${shards} shards`, half);
  const rest = await measured(args);
  say("continued", rest, digest() === expected ? ", same prepared data" : ", OTHER PREPARED DATA");
  const again = await measured(args);
  say("again, with everything in the cache", again);
  const bytes = readdirSync(join(folder, "prepared")).map((name) => statSync(join(folder, "prepared", name)).size);
  console.log(`${bytes.length} files, ${mebibytes(bytes.reduce((sum, size) => sum + size, 0))} of prepared data`);
}

async function train() {
  rmSync(join(folder, "run"), { recursive: true, force: true });
  const monitor = spawn("nvidia-smi", ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "200"]);
  const samples = [];
  monitor.stdout?.on("data", (text) => {
    for (const line of String(text).trim().split("\n")) samples.push({ at: performance.now(), busy: Number(line) });
  });
  monitor.on("error", () => {});
  // Between its first and last steps, training only trains: it has no checkpoint and no validation to wait for.
  let [first, last, held] = [undefined, undefined, 0];
  const watch = (pid) => {
    try {
      const lines = readFileSync(join(folder, "run", "metrics.jsonl"), "utf8").split("\n").length;
      if (lines > 100) first ??= performance.now();
      if (lines > STEPS - 100) last ??= performance.now();
    } catch {}
    if (first !== undefined && last === undefined) held = Math.max(held, memoryOf(pid)?.[0] ?? 0);
    return false;
  };
  const run = await measured(["train", "spec.mom", "--data", "prepared", "--out", "run"], watch);
  monitor.kill();
  say("trained", run);
  const during = samples.filter(({ at }) => at > first && at < last).map(({ busy }) => busy);
  console.log(
    `steps 100 to ${STEPS - 100}: ${((last - first) / (STEPS - 200)).toFixed(1)} ms each, mom at most ${mebibytes(held)}`,
  );
  if (during.length > 0)
    console.log(
      `GPU busy ${(during.reduce((sum, busy) => sum + busy, 0) / during.length).toFixed(1)} % of this time ` +
        `(nvidia-smi, ${during.length} samples)`,
    );
  const rows = readFileSync(join(folder, "run", "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  console.log(JSON.stringify(rows.at(-1)));
  console.log(run.output.split("\n").slice(-6).join("\n"));
}

const commands = { make, prepare, train };
if (folder === undefined || !(command in commands)) {
  console.error("usage: node scripts/many-pictures.mjs make | prepare | train DIR");
  process.exit(2);
}
await commands[command]();
