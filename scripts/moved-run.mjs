// Tests that a run can be moved: trains with a tokenizer and a codebook, removes the project and uses the run with another
// HOME.
//   node scripts/moved-run.mjs                 makes a run and uses it here
//   node scripts/moved-run.mjs pack FOLDER     makes a run in FOLDER to copy to another machine
//   node scripts/moved-run.mjs try FOLDER      uses the run there (needs dist, bin, node_modules and FOLDER)
// Prints a table and exits with 1 if a result is wrong. Numbers are bit-identical on the device that trained the run and
// close on another device.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MOM = new URL("../bin/mom.mjs", import.meta.url).pathname;
const SPEC = `model {
  modality text: tokens(tokenizer: "parts/words.json")
  modality image: codes(codebook: "parts/pictures.safetensors")
  d_model: 8
  block mixer: mamba { d_state: 2, decouple: [in_proj] }
  layers: 1 * mixer
}
objective { text: cross_entropy, image: cross_entropy }
data { source: files("sets/pairs.jsonl"), length: 32, held_out: 0.3 }
train { steps: 6, batch: 2, validate_every: 3, checkpoint_every: 2, keep: 5, seed: 5 }
`;
const COLOURS = ["red", "green", "blue", "grey"];
/** A tokenizer of the kind WordLevel, with one id per word. */
const TOKENIZER = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "Whitespace" },
  post_processor: null,
  decoder: null,
  model: {
    type: "WordLevel",
    vocab: Object.fromEntries(["[UNK]", "a", "square", ...COLOURS].map((word, id) => [word, id])),
    unk_token: "[UNK]",
  },
};

/** @param home the HOME of the command, which also contains its caches */
function mom(home, cwd, ...args) {
  const { MOM_CACHE: _, XDG_CACHE_HOME: __, MOM_ALLOW: ___, ...env } = process.env;
  return spawnSync(process.execPath, [MOM, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), NO_COLOR: "1" },
  });
}

function right(ran) {
  if (ran.status === 0) return ran;
  throw new Error(`exit ${ran.status}: ${ran.stderr}`);
}

/** Trains a run in a project, moves the run into a folder and deletes the project. */
async function pack(folder) {
  const { default: sharp } = await import("sharp");
  mkdirSync(folder, { recursive: true });
  const project = join(folder, "project");
  const home = join(folder, "home");
  for (const each of ["parts", "sets/pictures"]) mkdirSync(join(project, each), { recursive: true });
  writeFileSync(join(project, "s.mom"), SPEC);
  writeFileSync(join(project, "parts/words.json"), JSON.stringify(TOKENIZER));
  const lines = [];
  for (let i = 0; i < 24; i++) {
    const colour = COLOURS[i % 4];
    const background = ["#f00", "#0f0", "#00f", "#888"][i % 4];
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background } });
    const dot = await sharp({ create: { width: 2, height: 2, channels: 3, background: "#fff" } })
      .png()
      .toBuffer();
    await picture
      .composite([{ input: dot, left: i % 6, top: i % 5 }])
      .png()
      .toFile(join(project, `sets/pictures/${i}.png`));
    lines.push({ segments: [{ text: `a ${colour} square` }, { image: `pictures/${i}.png` }] });
  }
  writeFileSync(join(project, "sets/pairs.jsonl"), `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  const fit = ["--size", "8x8", "--patch", "4x4", "--entries", "8", "--out", "parts/pictures.safetensors"];
  right(mom(home, project, "data", "codebook", "--pictures", "sets/pairs.jsonl", ...fit));
  right(mom(home, project, "train", "s.mom", "--out", "runs/one"));
  const expected = {
    evaluated: right(mom(home, project, "eval", "runs/one", "--json")).stdout,
    sampled: sample(home, project, "runs/one"),
    sums: sumsOf(join(project, "runs/one"), 6),
    device: deviceOf(join(project, "runs/one")),
  };
  cpSync(join(project, "runs/one"), join(folder, "run"), { recursive: true });
  cpSync(join(project, "sets"), join(folder, "sets"), { recursive: true });
  writeFileSync(join(folder, "expected.json"), JSON.stringify(expected));
  for (const gone of [project, home]) rmSync(gone, { recursive: true });
}

const deviceOf = (run) => JSON.parse(readFileSync(join(run, "choices.json"), "utf8")).device;
const sumsOf = (run, step) => readFileSync(join(run, `checkpoints/step-${step}/SHA256SUMS`), "utf8");

/** The samples of a text and a picture, as text. */
function sample(home, cwd, run) {
  const out = join(home, "samples");
  const prompt = ["--prompt", "a red square", "--modality", "image", "--seed", "3"];
  const drawn = right(mom(home, cwd, "sample", run, ...prompt, "--out", out, "--json"));
  const picture = readdirSync(out).find((name) => name.endsWith(".png"));
  const name = right(
    mom(home, cwd, "sample", run, "--image", join(out, picture), "--modality", "text", "--tokens", "4"),
  );
  const ids = JSON.parse(drawn.stdout).samples.map(({ segments }) => segments.map((segment) => segment.ids));
  return `${JSON.stringify(ids)} ${createHash("sha256")
    .update(readFileSync(join(out, picture)))
    .digest("hex")} ${name.stdout}`;
}

function attempt(folder) {
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
  const place = mkdtempSync(join(tmpdir(), "mom-moved-"));
  const home = join(place, "another/home");
  mkdirSync(home, { recursive: true });
  const run = join(place, "elsewhere/renamed");
  cpSync(join(folder, "run"), run, { recursive: true });
  const sets = join(place, "data-now");
  cpSync(join(folder, "sets"), sets, { recursive: true });
  const rows = [];
  const row = (what, of) => {
    try {
      rows.push([what, ...of()]);
    } catch (error) {
      rows.push([
        what,
        false,
        String(error.message ?? error)
          .split("\n")
          .slice(0, 2)
          .join(" "),
      ]);
    }
  };
  const lossOf = (text) => JSON.parse(text).loss;
  const near = (found, wanted) => Math.abs(found / wanted - 1);
  let equal = true;

  row("check RUN", () => [mom(home, place, "check", run).status === 0, ""]);
  row("inspect RUN", () => [mom(home, place, "inspect", run).status === 0, ""]);
  row("sample RUN", () => {
    const found = sample(home, place, run);
    equal = found === expected.sampled;
    return [true, equal ? "the same ids and pictures" : "other samples (another device)"];
  });
  row("eval RUN without its data", () => {
    const { status, stderr } = mom(home, place, "eval", run);
    return [status === 1 && stderr.includes("--data"), stderr.split("\n")[0]];
  });
  row("eval RUN --data DIR", () => {
    const found = right(mom(home, place, "eval", run, "--data", sets, "--json")).stdout;
    const off = near(lossOf(found), lossOf(expected.evaluated));
    return [off < 1e-4, found === expected.evaluated ? "bit-identical" : `loss differs by ${off.toExponential(1)}`];
  });
  row("train RUN --resume --data DIR", () => {
    for (const step of [4, 6]) rmSync(join(run, `checkpoints/step-${step}`), { recursive: true });
    const { stderr } = right(mom(home, place, "train", run, "--resume", "--data", sets));
    const same = sumsOf(run, 6) === expected.sums;
    const device = deviceOf(run) === expected.device ? "" : ", started on another device";
    const warned = stderr.includes("MOM0512") ? ", warned about other kernels" : "";
    return [same || warned !== "" || !equal, `${same ? "bit-identical weights" : "other weights"}${device}${warned}`];
  });
  row("eval of the resumed run", () => {
    const found = right(mom(home, place, "eval", run, "--data", sets, "--json")).stdout;
    const off = near(lossOf(found), lossOf(expected.evaluated));
    return [off < 1e-3, `loss differs by ${off.toExponential(1)}`];
  });
  row("resume with other data", () => {
    const other = join(place, "other");
    mkdirSync(other);
    writeFileSync(join(other, "pairs.jsonl"), '{"segments": [{"text": "a red square"}]}\n'.repeat(9));
    const { status, stderr } = mom(home, place, "train", run, "--resume", "--data", other);
    return [status === 1, stderr.split("\n").find((line) => line.startsWith("error")) ?? ""];
  });
  row("only specs have the extension .mom", () => {
    const named = readdirSync(run, { recursive: true }).filter((name) => name.endsWith(".mom"));
    return [named.join() === "spec.mom", named.join(" ")];
  });
  const width = Math.max(...rows.map(([what]) => what.length));
  for (const [what, well, detail] of rows)
    process.stdout.write(`${well ? "right" : "WRONG"}  ${what.padEnd(width)}  ${detail}\n`);
  rmSync(place, { recursive: true });
  return rows.every(([, well]) => well);
}

const [how, given] = process.argv.slice(2);
if (how === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "mom-packed-"));
  await pack(folder);
  process.exitCode = attempt(folder) ? 0 : 1;
  rmSync(folder, { recursive: true });
} else if (how === "pack" && given !== undefined && !existsSync(given)) await pack(resolve(given));
else if (how === "try" && given !== undefined) process.exitCode = attempt(resolve(given)) ? 0 : 1;
else {
  process.stderr.write("Usage: node scripts/moved-run.mjs [pack NEW-FOLDER | try FOLDER]\n");
  process.exitCode = 2;
}
