// Makes a project with a tiny spec and twenty lines of text in a new folder, and runs the command line there.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MOM = new URL("../bin/mom.mjs", import.meta.url).pathname;

/**
 * A model with a few hundred parameters, whose state is carried from sequence to sequence.
 * @param train more fields of `train`
 */
export const tinySpec = (train) => `model {
  modality text: bytes
  d_model: 4
  block mixer: mamba { d_state: 2 }
  layers: 1 * mixer
}
objective { text: cross_entropy }
data { source: files("d.jsonl"), length: 8, carry: true, reset: true, held_out: 0.3 }
train { batch: 2, checkpoint_every: 2, seed: 3, ${train} }
`;

/**
 * @param name of the folder
 * @param train more fields of `train` in its `s.mom`
 * @returns the folder, paths in it, and functions that run or spawn `mom` there with its own cache
 */
export function tinyProject(name, train) {
  const root = mkdtempSync(join(tmpdir(), `mom-${name}-`));
  const at = (...names) => join(root, ...names);
  writeFileSync(at("s.mom"), tinySpec(train));
  const lines = Array.from({ length: 20 }, (_, i) => JSON.stringify({ segments: [{ text: `a line of number ${i}` }] }));
  writeFileSync(at("d.jsonl"), `${lines.join("\n")}\n`);
  const env = { ...process.env, MOM_CACHE: at("cache"), NO_COLOR: "1" };
  const options = { cwd: root, env };
  const mom = (...args) => spawnSync(process.execPath, [MOM, ...args], { ...options, encoding: "utf8" });
  const spawned = (...args) => spawn(process.execPath, [MOM, ...args], { ...options, stdio: "ignore" });
  return { root, at, mom, spawned };
}
