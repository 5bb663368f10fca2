// Adds verdicts to a cache while other processes do the same. Arguments: the folder and the writer's number.
import { nodeDisk } from "../../src/api/node/disk.js";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { openCache } from "../../src/tune/cache.js";

const [folder, writer] = process.argv.slice(2);
const opened = { profile: profileNamed("nvidia-h100") as Profile, description: "written at once" } as OpenDevice;
const cache = openCache(nodeDisk, String(folder), opened, () => process.exit(1));
for (let i = 0; i < 25; i++) {
  await cache.add(`${writer} ${i}`, { variant: "a", candidates: {} });
  await cache.add("everyone's", { variant: String(writer), candidates: {} });
}
