// `mom data look` shows the size of a data set, and its documents as text.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTokenizer } from "../../src/data/codecs.js";
import { buildMom, type Mom, ROOT } from "../support/mom.js";

const folder = mkdtempSync(join(tmpdir(), "mom-look-"));
const spec = join(folder, "a.mom");
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
  copyFileSync(join(ROOT, "specs/emoji-tokenizer.json"), join(folder, "t.json"));
  const documents = [
    [{ text: "red heart" }, { codes: Array.from({ length: 20 }, (_, i) => i) }],
    [{ codes: [7] }, { text: "a cät" }],
  ];
  writeFileSync(join(folder, "a.jsonl"), documents.map((segments) => JSON.stringify({ segments })).join("\n"));
  writeFileSync(
    spec,
    `model {
       modality text: tokens(tokenizer: "t.json")
       modality image: codes(vocab: 20)
       d_model: 8
       block mixer: mamba
       layers: mixer
     }
     objective { text: cross_entropy, image: cross_entropy }
     data { source: files("a.jsonl"), length: 64, held_out: 0 }
     train { steps: 1, batch: 1 }`,
  );
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const look = (...args: string[]) => mom.run(["data", "look", ...args], folder, { MOM_CACHE: join(folder, "cache") });

test("counts documents, positions and tokens by modality, and shows documents", () => {
  const { code, stdout } = look(spec);
  expect(code).toBe(0);
  const lines = stdout.split("\n");
  expect(lines[0]).toBe("2 documents (0 held-out)");
  // Each document has two markers around its codes, and an end marker.
  const { modalities, positions } = JSON.parse(look(spec, "--json").stdout);
  const text = modalities[0].positions;
  expect(modalities).toEqual([
    { modality: "text", kind: "tokens", segments: 2, positions: text, longest: modalities[0].longest },
    { modality: "image", kind: "codes", segments: 2, positions: 21, longest: 20 },
  ]);
  expect(text).toBeLessThan("red hearta cät".length);
  expect(positions).toMatchObject({ all: text + 21 + 2 * 3, length: 64 });
  expect(stdout).toContain('0: text: "red heart" | image: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 … (20)');
  expect(stdout).toContain('1: image: 7 | text: "a cät"');
});

test("as JSON, each text has its tokens and their ids", () => {
  const { shown } = JSON.parse(look(spec, "--json").stdout);
  const tokenizer = readTokenizer(readFileSync(join(ROOT, "specs/emoji-tokenizer.json")), "t.json");
  const text = (own: string) => {
    const ids = tokenizer.encode(own);
    return { modality: "text", text: own, tokens: ids.map((id) => tokenizer.tokenOf(id)), ids };
  };
  const image = (...ids: number[]) => ({ modality: "image", ids });
  expect(shown.map(({ segments }: { segments: unknown }) => segments)).toEqual([
    [text("red heart"), image(...Array.from({ length: 20 }, (_, i) => i))],
    [image(7), text("a cät")],
  ]);
  expect(text("red heart").tokens.join("")).toBe("redĠheart");
});

test("--html writes a page, besides the text", () => {
  const page = join(folder, "a.html");
  const { code, stdout, stderr } = look(spec, "--html", page, "--documents", "1");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^2 documents/);
  expect(stderr).toContain(`wrote ${page}`);
  const html = readFileSync(page, "utf8");
  expect(html).toContain("<title>Data of a</title>");
  // The codes have no codebook, so only their ids are shown.
  expect(html).toContain('title="id 19;');
  expect(html).not.toContain("<audio");
  expect(look(spec, "--html", "a.mom").stderr).toContain(".html");
});

test("a missing spec is an error", () => {
  expect(look(join(folder, "none.mom")).code).toBe(1);
});
