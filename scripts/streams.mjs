// Runs each command with a stream that is closed, full, or ends early: node scripts/streams.mjs. Prints a table of exit
// codes and of files that training leaves. Needs Linux, bash and `npm run build`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "mom-streams-"));
const SPEC = `model {
  modality text: bytes
  d_model: 32
  block mixer: mamba { d_state: 8 }
  layers: 1 * mixer
}
objective { text: cross_entropy }
data { source: files("d.jsonl"), length: 32 }
train { steps: 30, batch: 2, validate_every: 10, checkpoint_every: 10 }
ablate widths { vary train.seed: [1, 2] }
`;
writeFileSync(join(folder, "s.mom"), SPEC);
const lines = Array.from({ length: 60 }, (_, i) => JSON.stringify({ segments: [{ text: `line ${i}` }] }));
writeFileSync(join(folder, "d.jsonl"), `${lines.join("\n")}\n`);

const mom = `"${process.execPath}" "${join(root, "bin/mom.mjs")}"`;
const VERBS = {
  check: "check s.mom",
  "check --emit": "check s.mom --emit json",
  fmt: "fmt --check s.mom",
  inspect: "inspect s.mom",
  diff: "diff s.mom s.mom",
  compile: "compile s.mom -o OUT",
  train: "train s.mom --out OUT",
  ablate: "ablate s.mom --out OUT",
  eval: "eval run",
  sample: "sample run --prompt line --tokens 4",
  "data look": "data look s.mom",
  explain: "explain model",
  schema: "schema",
  doctor: "doctor --adapter swiftshader",
};
const STREAMS = {
  none: (command) => `${command} >/dev/null 2>/dev/null`,
  "stdout full": (command) => `${command} >/dev/full 2>/dev/null`,
  "stdout ends": (command) => `${command} 2>/dev/null | true; exit \${PIPESTATUS[0]}`,
  "stdout closed": (command) => `${command} >&- 2>/dev/null`,
  "stderr full": (command) => `${command} >/dev/null 2>/dev/full`,
  "stderr ends": (command) => `{ ${command} 2>&1 >/dev/null; } | head -1 >/dev/null; exit \${PIPESTATUS[0]}`,
  "stderr closed": (command) => `${command} >/dev/null 2>&-`,
  "both full": (command) => `${command} >/dev/full 2>&1`,
};

const bash = (command) =>
  spawnSync("bash", ["-c", command], {
    cwd: folder,
    encoding: "utf8",
    timeout: 120_000,
    env: { ...process.env, MOM_ADAPTER: "swiftshader" },
  }).status;

let made = 0;
function outcome(verb, stream) {
  const out = `out-${++made}`;
  const code = bash(STREAMS[stream](`${mom} ${VERBS[verb].replace("OUT", out)}`));
  const log = join(folder, out, "log.txt");
  const done = ["report.html", "plan.json"].some((file) => existsSync(join(folder, out, file)));
  const left = VERBS[verb].includes("OUT") ? (done ? ", whole" : ", not whole") : "";
  const kept = existsSync(log) ? `, log.txt with ${readFileSync(log, "utf8").split("\n").length - 1} lines` : "";
  return `${code}${left}${kept}`;
}

try {
  bash(`${mom} train s.mom --out run 2>/dev/null`);
  const wanted = process.argv.slice(2);
  const verbs = Object.keys(VERBS).filter((verb) => wanted.length === 0 || wanted.includes(verb));
  const heads = Object.keys(STREAMS);
  console.log(`| command | ${heads.join(" | ")} |\n|${" --- |".repeat(heads.length + 1)}`);
  for (const verb of verbs) console.log(`| ${verb} | ${heads.map((stream) => outcome(verb, stream)).join(" | ")} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
