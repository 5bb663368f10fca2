// Changes the JSON files of a run and of a compiled folder at random and reads them as the commands do:
//   node scripts/fuzz-run-files.mjs [--each 300] [--seed 1]
// A changed file must be read or refused with a message. Anything else is a fault, with which a command would exit with
// code 70. Needs `npm run build`.

import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadDataSet, openCompiled, shardPaths } from "../dist/src/api/compiled-folder.js";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { checkFile } from "../dist/src/api/read-spec.js";
import { compile, trainingOn } from "../dist/src/compile.js";
import { Failure } from "../dist/src/diagnostics/failure.js";
import { InputError } from "../dist/src/diagnostics/input-error.js";
import { TooLarge } from "../dist/src/ir/too-large.js";
import { writeReport } from "../dist/src/report/run-report.js";
import { latestCheckpoint } from "../dist/src/train/checkpoint.js";
import { recordedChoices } from "../dist/src/train/choices.js";
import { lostRecords } from "../dist/src/train/recorded.js";
import { dataOf, runAt } from "../dist/src/train/run-folder.js";
import { readWeights } from "../dist/src/train/start-source.js";
import { randomFrom } from "./corruptions.mjs";
import { mutated } from "./json-mutations.mjs";
import { tinyProject } from "./tiny-project.mjs";

const { values } = parseArgs({
  options: { each: { type: "string", default: "300" }, seed: { type: "string", default: "1" } },
});
const { root, at, mom } = tinyProject("fuzz", "steps: 2, validate_every: 2");
for (const args of [
  ["train", "s.mom", "--out", "run"],
  ["compile", "s.mom", "-o", "made"],
]) {
  const ran = mom(...args);
  if (ran.status !== 0) throw new Error(ran.stderr);
}
const run = runAt(at("run"), nodeDisk);
const CHECKPOINT = at("run/checkpoints/step-2");

/** Updates the checksum of the changed state. Otherwise only the checksum would be tested. */
function resummed() {
  const sum = createHash("sha256")
    .update(readFileSync(join(CHECKPOINT, "state.json")))
    .digest("hex");
  const list = readFileSync(join(CHECKPOINT, "SHA256SUMS"), "utf8").replace(
    /^[0-9a-f]{64} {2}state\.json$/m,
    `${sum}  state.json`,
  );
  writeFileSync(join(CHECKPOINT, "SHA256SUMS"), list);
}
const { spec } = checkFile(nodeDisk, at("run"));
const report = () => writeReport(run, { title: "run", spec });
const FILES = {
  "made/plan.json": () => {
    const { spec, profile } = openCompiled(at("made"), nodeDisk);
    compile(spec, trainingOn(spec, profile));
  },
  "made/data/data.json": () =>
    loadDataSet(nodeDisk, shardPaths(at("made"), nodeDisk), openCompiled(at("made"), nodeDisk).spec.model, 0.3),
  "run/checkpoints/step-2/state.json": () => {
    resummed();
    latestCheckpoint(run);
  },
  "run/origin.json": () => checkFile(nodeDisk, at("run")),
  "run/data.json": () => dataOf(run),
  "run/plan.json": () => readWeights({ kind: "checkpoint", path: "run" }, at("run")),
  "run/choices.json": () => recordedChoices(run),
  "run/metrics.jsonl": () => {
    lostRecords(run, 2);
    report();
  },
  "run/timing.jsonl": () => {
    lostRecords(run, 2);
    report();
  },
  "run/about.json": report,
  "run/samples/step-2/index.json": report,
};
let faults = 0;
for (const [name, read] of Object.entries(FILES)) {
  const text = readFileSync(at(name), "utf8");
  const random = randomFrom(Number(values.seed));
  const counts = { read: 0, refused: 0, faults: 0 };
  const begun = Date.now();
  let slowest = 0;
  for (let i = 0; i < Number(values.each); i++) {
    writeFileSync(at(name), mutated(text, name.endsWith(".jsonl"), random));
    const before = Date.now();
    try {
      read();
      counts.read++;
    } catch (error) {
      const refused =
        error instanceof Failure ||
        error instanceof InputError ||
        error instanceof TooLarge ||
        (error?.syscall && error?.path);
      if (refused) counts.refused++;
      else {
        counts.faults++;
        faults++;
        if (counts.faults <= 3)
          process.stdout.write(
            `  ${name}: ${String(error?.stack ?? error)
              .split("\n")
              .slice(0, 4)
              .join(" | ")}\n`,
          );
      }
    }
    slowest = Math.max(slowest, Date.now() - before);
  }
  writeFileSync(at(name), text);
  if (name.endsWith("state.json")) resummed();
  const took = ((Date.now() - begun) / 1000).toFixed(0);
  process.stdout.write(
    `${name.padEnd(36)} ${counts.read} read, ${counts.refused} refused, ${counts.faults} faults (${took} s, slowest ${slowest} ms)\n`,
  );
}
rmSync(root, { recursive: true, force: true });
process.exitCode = faults === 0 ? 0 : 1;
