// Reads a JSON Lines file that is too large for a string and prints the memory that this takes:
//   node scripts/big-json-lines.mjs [--gb N] [--document BYTES]
// Writes the file and its shards into the system's temporary folder and deletes them. Needs `npm run build`.

import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nodeHost } from "../dist/src/api/node/host.js";
import { prepare } from "../dist/src/data/prepare.js";

const { values } = parseArgs({
  options: { gb: { type: "string", default: "3" }, document: { type: "string", default: "20000" } },
});
const [bytes, each] = [Number(values.gb) * 1e9, Number(values.document)];
const free = statfsSync(tmpdir());
// The file and its shards, with four bytes per token.
if (free.bavail * free.bsize < 6 * bytes) throw new Error(`${tmpdir()} has no space for ${6 * bytes} bytes.`);

const folder = mkdtempSync(join(tmpdir(), "mom-big-"));
const parts = {
  modalities: [{ kind: "bytes", name: "text" }],
  vocabulary: { size: 258, owner: 0, documentEnd: 256, padding: 257, first: [0], spans: [undefined] },
};

/** The peak memory of this process in MB. */
const peak = () => Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
const seconds = (since) => ((Date.now() - since) / 1000).toFixed(1);

try {
  const file = join(folder, "big.jsonl");
  const out = openSync(file, "w");
  let documents = 0;
  for (let written = 0; written < bytes; documents++) {
    const text = `document ${documents} ${"of words without end ".repeat(Math.ceil(each / 21))}`.slice(0, each);
    written += writeSync(out, `${JSON.stringify({ segments: [{ text }] })}\n`);
  }
  closeSync(out);
  process.stdout.write(`${statSync(file).size} bytes, ${documents} documents; peak ${peak()} MB before\n`);
  const begun = Date.now();
  const { dataSet, files } = await prepare(
    {
      source: { kind: "files", paths: ["big.jsonl"], columns: {}, either_order: false, long: "refuse" },
      length: 1024,
      held_out: 0.01,
      carry: true,
    },
    parts,
    { host: nodeHost, folder, cache: join(folder, "cache") },
  );
  const shards = files.reduce((sum, path) => sum + statSync(path).size, 0);
  process.stdout.write(
    `prepared in ${seconds(begun)} s: ${dataSet.documents.length} documents in ${files.length} shards of ${shards} bytes; peak ${peak()} MB\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
