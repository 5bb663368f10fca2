// The sessions of a run, as lines of JSON: one for each process that trained it, with what its numbers depend on.
import { contentHash } from "../data/content-hash.js";
import type { DataSet } from "../data/data-set.js";
import { isRecord } from "../diagnostics/json-shape.js";
import { diskFailure } from "./errors.js";
import { pathIn, type Run } from "./run-folder.js";
import { VERSION } from "./version.gen.js";

export interface Session {
  /** When it began: ISO 8601, in UTC. */
  readonly began: string;
  /** The number of updates before it. */
  readonly step: number;
  /** The version of mom. */
  readonly version: string;
  readonly device: string;
  /** The SHA-256 of the run's spec.mom. */
  readonly spec: string;
  /** The fingerprint and the number of all documents. */
  readonly data: number;
  readonly documents: number;
}

/**
 * Records that this process starts to train the run, after `step` updates. The folder must have the spec that it trains.
 * @throws Failure if writing fails
 */
export function recordSession(
  run: Run,
  { step, device, dataSet }: { readonly step: number; readonly device: string; readonly dataSet: DataSet },
): Session {
  const { disk } = run;
  const session: Session = {
    began: new Date().toISOString(),
    step,
    version: VERSION,
    device,
    spec: contentHash(disk.read(pathIn(run, "spec"))),
    data: dataSet.fingerprint,
    documents: dataSet.documents.length,
  };
  const path = pathIn(run, "sessions");
  try {
    disk.append(path, new TextEncoder().encode(`${JSON.stringify(session)}\n`));
  } catch (error) {
    throw diskFailure(error, path, ", then continue from the last checkpoint with --resume.");
  }
  return session;
}

/** The sessions of a run in their order. Empty for runs of earlier versions; lines that are damaged are left out. */
export function readSessions(run: Run): Session[] {
  const path = pathIn(run, "sessions");
  if (!run.disk.exists(path)) return [];
  return new TextDecoder()
    .decode(run.disk.read(path))
    .split("\n")
    .flatMap((line) => asSession(line) ?? []);
}

function asSession(line: string): Session | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { began, step, version, device, spec, data, documents } = value;
  if (typeof began !== "string" || Number.isNaN(Date.parse(began))) return undefined;
  if (typeof version !== "string" || typeof device !== "string" || typeof spec !== "string") return undefined;
  if (typeof step !== "number" || typeof data !== "number" || typeof documents !== "number") return undefined;
  return { began, step, version, device, spec, data, documents };
}
