// The GPUs that this process can see.
import { readdirSync, statSync } from "node:fs";

/** Linux's number for the devices of NVIDIA's driver. */
const NVIDIA_MAJOR = 195;

/**
 * The number of NVIDIA GPUs whose devices are here. A container shows only its own; a device that is hidden by another
 * file does not count. 0 on other systems and for other vendors.
 */
export function nvidiaGpus(): number {
  try {
    return readdirSync("/dev").filter((name) => /^nvidia\d+$/.test(name) && isNvidia(`/dev/${name}`)).length;
  } catch {
    return 0;
  }
}

function isNvidia(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isCharacterDevice() === true && stats.rdev >> 8 === NVIDIA_MAJOR;
}
