// Writes checkpoints to a run as fast as possible until it is killed. Arguments: the run's folder, the first step.
import { nodeDisk } from "../../src/api/node/disk.js";
import { openRun } from "../../src/train/run-folder.js";
import { sampleCheckpoint, storeCheckpoint } from "./sample-checkpoint.js";

const [folder, first] = process.argv.slice(2);
const run = openRun(String(folder), nodeDisk);
process.stdout.write("ready\n");
for (let step = Number(first); ; step++) {
  await storeCheckpoint(run, sampleCheckpoint(step), 2);
  // The second write of a step replaces its folder.
  await storeCheckpoint(run, sampleCheckpoint(step), 2);
}
