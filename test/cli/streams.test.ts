// Output that cannot be written, names and texts with escape sequences, and files that cannot be read, as processes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepingLost } from "../../src/cli/streams.js";
import { buildMom, type Mom } from "../support/mom.js";

let mom: Mom;
let folder: string;
const SPEC = `model {
  modality text: bytes
  d_model: 32
  block mixer: mamba { d_state: 8 }
  layers: 1 * mixer
}
objective { text: cross_entropy }
data { source: files("d.jsonl"), length: 32 }
train { steps: 3, batch: 2, validate_every: 3, checkpoint_every: 3 }
`;
const EVIL = "\u001b]0;owned\u0007\u009b31m\u202e\u001b[31m";
const STEERS = /(?![\n\t])[\p{Cc}\u202e]/u;

beforeAll(async () => {
  mom = await buildMom();
  folder = mkdtempSync(join(tmpdir(), "mom-streams-"));
  writeFileSync(join(folder, "s.mom"), SPEC);
  const line = (text: string) => `${JSON.stringify({ segments: [{ text }] })}\n`;
  writeFileSync(join(folder, "d.jsonl"), Array.from({ length: 40 }, (_, i) => line(`${EVIL} ${i}`)).join(""));
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const shell = (command: string) =>
  spawnSync("bash", ["-c", command.replaceAll("MOM", `"${process.execPath}" "${mom.main}"`)], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, MOM_ADAPTER: "swiftshader", MOM_CACHE: join(folder, "cache") },
  });

const linux = existsSync("/dev/full");

test.skipIf(!linux)("a result that cannot be written is an error; a reader that closes the pipe is not", () => {
  const full = shell("MOM check s.mom >/dev/full");
  expect([full.status, full.stderr]).toEqual([
    1,
    "error: the result could not be written: no space is left on the device\n",
  ]);
  expect(shell("MOM schema >/dev/full").status).toBe(1);
  expect(shell("set -o pipefail; MOM schema | head -1 >/dev/null").status).toBe(0);
});

test.skipIf(!linux)(
  "training continues if its log cannot be written, and the rest of the log is kept in the run",
  () => {
    expect(shell("set -o pipefail; { MOM train s.mom --out ends 2>&1 >/dev/null; } | true").status).toBe(0);
    expect(existsSync(join(folder, "ends/checkpoints/step-3"))).toBe(true);
    const log = readFileSync(join(folder, "ends/log.txt"), "utf8");
    expect(log).toMatch(/^The output could not be written \(.*\)\. These lines are the rest of it\.\n/);
    expect(log).toMatch(/Report: +\S+report\.html\n$/);
  },
);

test("the reason for lost output is reported once", () => {
  let text = "";
  const keep = keepingLost((more) => {
    text += more;
  });
  keep("a\n", "its reader has closed it");
  keep("b\n", "its reader has closed it");
  expect(text).toBe(
    "The output could not be written (its reader has closed it). These lines are the rest of it.\na\nb\n",
  );
});

test("escape sequences from any input do not reach the terminal", () => {
  const evilName = `${EVIL}.mom`;
  writeFileSync(join(folder, evilName), SPEC);
  writeFileSync(join(folder, "name.mom"), SPEC.replace("d_model: 32", `d_model: ${JSON.stringify("x")} // ${EVIL}`));
  writeFileSync(join(folder, "path.mom"), SPEC.replace("d.jsonl", EVIL));
  writeFileSync(join(folder, "keys.json"), JSON.stringify({ [EVIL]: { a: 1 }, model: { [EVIL]: EVIL } }));
  writeFileSync(join(folder, "import.mom"), `import "${EVIL}"\n${SPEC}`);
  writeFileSync(join(folder, "t.json"), JSON.stringify({ model: { type: EVIL, vocab: { [EVIL]: 0 } } }));
  writeFileSync(join(folder, "token.mom"), SPEC.replace("text: bytes", 'text: tokens(tokenizer: "t.json")'));
  const commands = [
    // One process checks them all, because each has its own place in the output.
    ["check", evilName, "name.mom", "path.mom", "keys.json", "import.mom"],
    ["check", `no${EVIL}`],
    ["data", "look", "s.mom"],
    ["data", "look", "token.mom"],
    ["explain", EVIL],
    ["eval", EVIL],
    [EVIL],
  ];
  for (const command of commands) {
    const { stdout, stderr, code } = mom.run(command, folder, { MOM_CACHE: join(folder, "cache"), FORCE_COLOR: "1" });
    const own = new RegExp(`${String.fromCharCode(27)}\\[(?:1|2|22|3\\d|39|7|27)m`, "g");
    // Colours come from mom only, never from the input.
    expect(`${stdout}${stderr}`.replaceAll(own, ""), command.join(" ")).not.toMatch(STEERS);
    expect(code, `${command.join(" ")}: ${stderr}`).not.toBe(70);
  }
});

test("a file that cannot be read is not an internal error", () => {
  symlinkSync("loop.mom", join(folder, "loop.mom"));
  const names = ["loop.mom", `${"x".repeat(300)}.mom`];
  const faults: string[] = [];
  for (const verb of [["check"], ["fmt"], ["eval"], ["data", "look"]])
    for (const name of names) {
      const { code, stderr } = mom.run([...verb, name], folder, { MOM_ADAPTER: "swiftshader" });
      if (code !== 1 && code !== 2) faults.push(`${verb.join(" ")} ${name}: ${code} ${stderr}`);
    }
  expect(faults).toEqual([]);
});
