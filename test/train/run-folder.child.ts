// Makes a run's folder and kills itself before one disk operation. Arguments: the folder, the operation's number.
import { nodeDisk } from "../../src/api/node/disk.js";
import type { Disk } from "../../src/data/disk.js";
import { createRun } from "../../src/train/run-folder.js";

const [folder, last] = process.argv.slice(2);
let operations = 0;
const counted = <A extends unknown[], R>(operation: (...of: A) => R) => {
  return (...of: A): R => {
    if (operations++ === Number(last)) process.kill(process.pid, "SIGKILL");
    return operation(...of);
  };
};
const disk: Disk = {
  ...nodeDisk,
  makeFolder: counted(nodeDisk.makeFolder),
  create: counted(nodeDisk.create),
  sync: counted(nodeDisk.sync),
  rename: counted(nodeDisk.rename),
};
createRun(String(folder), { spec: "model {}\n", plan: "{}\n", file: "a.mom" }, disk);
