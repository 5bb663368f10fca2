// The sources of data files: their options, their errors, and what only one of them has.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import type { DataSet } from "../../src/data/data-set.js";
import { type DataRequest, prepare } from "../../src/data/prepare.js";
import type { SourceFields } from "../../src/data/sources/source.fields.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import type { ModelParts } from "../../src/modalities/text.js";
import { textOf } from "../../src/modalities/text.js";
import { textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-sources-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const parts = textAndImages();

function write(name: string, contents: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), contents);
}

async function opened(source: SourceFields, more: Partial<DataRequest> = {}, of: ModelParts = parts): Promise<DataSet> {
  const data = { source, length: 64, held_out: 0, ...more };
  return (await prepare(data, of, { host: nodeHost, folder, cache: join(folder, "cache") })).dataSet;
}

const common = { either_order: false, long: "refuse" } as const;
const files = (...paths: string[]): SourceFields => ({ kind: "files", paths, columns: {}, ...common });
const table = (path: string, columns: Record<string, string[]> = { text: ["caption"] }): SourceFields => ({
  kind: "table",
  paths: [path],
  columns,
  delimiter: undefined,
  ...common,
});
const text = (long: "refuse" | "split" | "cut", ...paths: string[]): SourceFields => ({ kind: "text", paths, long });
const textsOf = (dataSet: DataSet) =>
  dataSet.documents.map(({ segments }) =>
    segments.map((segment) => (segment.kind === "ids" ? textOf(segment.ids, dataSet.parts) : "picture")).join("|"),
  );
const refusal = async (source: SourceFields, more?: Partial<DataRequest>): Promise<InputError> => {
  const failure = await opened(source, more).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof InputError) return failure;
  throw failure ?? new Error("not refused");
};
const line = (written: string) => `{"segments":[{"text":"${written}"}]}\n`;

describe("files", () => {
  it("are those of patterns, in the order of their names; braces give all that they stand for", async () => {
    for (const name of ["b/2", "b/1", "b/deep/3", "c-00", "c-01"]) write(`data/${name}.jsonl`, line(name));
    expect(textsOf(await opened(files("data/b/**/*.jsonl")))).toEqual(["b/1", "b/2", "b/deep/3"]);
    expect(textsOf(await opened(files("data/b/*.jsonl")))).toEqual(["b/1", "b/2"]);
    expect(textsOf(await opened(files("data/c-{00..01}.jsonl", "data/b/1.jsonl")))).toEqual(["c-00", "c-01", "b/1"]);
    expect((await refusal(files("data/c-{00..02}.jsonl"))).message).toMatch(/c-02\.jsonl: cannot read the file/);
    expect((await refusal(files("data/none*.jsonl"))).message).toMatch(/none\*\.jsonl: no file matches the pattern/);
    expect((await refusal(files("../*.jsonl"))).message).toMatch(/outside the project/);
  });

  it("may have the name of a pattern", async () => {
    write("data/odd[1].jsonl", line("odd"));
    expect(textsOf(await opened(files("data/odd[1].jsonl")))).toEqual(["odd"]);
  });

  it("may be compressed, whatever their name", async () => {
    write("data/packed.jsonl", gzipSync(line("packed") + line("twice")));
    expect(textsOf(await opened(files("data/packed.jsonl")))).toEqual(["packed", "twice"]);
    const zstd = "KLUv/SQc4QAAeyJzZWdtZW50cyI6W3sidGV4dCI6InoifV19Cns28eU=";
    write("data/z.jsonl", Buffer.from(zstd, "base64"));
    expect(textsOf(await opened(files("data/z.jsonl")))).toEqual(["z"]);
    write("data/z.jsonl", Buffer.from(zstd, "base64").subarray(0, 30));
    expect((await refusal(files("data/z.jsonl"))).message).toMatch(/Zstandard data are damaged or truncated/);
    const damaged = gzipSync(line("packed")).subarray(0, 30);
    write("data/damaged.jsonl.gz", damaged);
    expect((await refusal(files("data/damaged.jsonl.gz"))).message).toMatch(/gzip data are damaged or truncated/);
  });

  it("keep other keys of a document, and refuse a misspelt one", async () => {
    write("data/extra.jsonl", '{"id":7,"segments":[{"text":"a"}],"from":{"site":"x"}}\n{"segments":[{"text":"b"}]}\n');
    const dataSet = await opened(files("data/extra.jsonl"));
    expect(dataSet.documents.map(({ extra }) => extra)).toEqual([{ id: 7, from: { site: "x" } }, undefined]);
  });

  it("may be objects of mapped columns", async () => {
    write("data/flat.jsonl", '{"caption":"a cat","meta":{"by":"b"}}\n{"caption":null,"meta":{"by":"c"}}\n');
    const columns = { text: ["caption", "meta.by"] };
    expect(textsOf(await opened({ kind: "files", paths: ["data/flat.jsonl"], columns, ...common }))).toEqual([
      "a cat",
      "c",
    ]);
  });

  it("have segments that are only read", async () => {
    write("data/read.jsonl", '{"segments":[{"text":"ask ","loss":false},{"text":"answer"}]}\n');
    const [document] = (await opened(files("data/read.jsonl"))).documents;
    expect(document?.segments.map(({ counted }) => counted)).toEqual([false, true]);
    write("data/read.jsonl", '{"segments":[{"text":"ask ","loss":"no"}]}\n');
    expect((await refusal(files("data/read.jsonl"))).message).toMatch(/"loss" is "no", not true or false/);
  });
});

describe("tables", () => {
  it("have quoted cells with separators, quotes and line breaks, in any of the usual line endings", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      write("t.csv", ["\ufeffid,caption", '1,"a ""b"", c', `next"`, "2,plain", ""].join(end));
      expect(textsOf(await opened(table("t.csv")))).toEqual([`a "b", c${end}next`, "plain"]);
    }
  });

  it("may be separated by tabs or semicolons", async () => {
    write("t.tsv", "caption\tid\na, b\t1\n");
    expect(textsOf(await opened(table("t.tsv")))).toEqual(["a, b"]);
    write("s.csv", "caption;id\na, b;1\n");
    expect(textsOf(await opened({ ...(table("s.csv") as object), delimiter: "semicolon" } as SourceFields))).toEqual([
      "a, b",
    ]);
  });

  it("are refused with the line and the columns", async () => {
    write("t.csv", 'id,captoin\n1,"a\nb"\n2\n');
    const column = await refusal(table("t.csv"));
    expect(`${column.message} ${column.remedy}`).toMatch(/t\.csv:1: there is no column "caption" .*`captoin`/);
    expect((await refusal(table("t.csv", { text: ["captoin"] }))).message).toMatch(/t\.csv:4: the row has 1 cells/);
    write("t.csv", 'id,caption\n1,"a\n2,b\n');
    expect((await refusal(table("t.csv"))).message).toMatch(/t\.csv:2: a quote is not closed/);
    write("t.csv", Uint8Array.of(...new TextEncoder().encode("id,caption\n1,"), 0xff));
    expect((await refusal(table("t.csv"))).message).toMatch(/not UTF-8/);
  });
});

describe("WebDatasets", () => {
  const entry = (name: string, body: string | Uint8Array) => {
    const data = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return { header: { name, size: data.length, type: "file" as const }, body: data };
  };
  const source = (columns: Record<string, string[]>): SourceFields => ({
    kind: "webdataset",
    paths: ["w.tar"],
    columns,
    ...common,
  });

  it("have samples of neighbouring files, and columns of their JSON", async () => {
    const entries = [
      entry("./x/1.json", '{"caption":"one"}'),
      entry("./x/1.cls", "7"),
      entry("./x/2.json", '{"caption":"two"}'),
      entry("x/.hidden", "no"),
    ];
    write("w.tar", await packTar(entries));
    expect(textsOf(await opened(source({ text: ["json.caption"] })))).toEqual(["one", "two"]);
    expect(textsOf(await opened(source({ text: ["cls", "json.caption"] })))).toEqual(["7", "two"]);
    const gap = await refusal(source({ text: ["cls"] }));
    expect(gap.message).toBe('w.tar: x/2: every mapped column is empty (cls); the columns are "json"');
  });

  it("end the name of a sample at its first dot; the error explains it", async () => {
    write("w.tar", await packTar([entry("x/a.b.1.txt", "one"), entry("x/a.b.2.txt", "two")]));
    const { message, remedy } = await refusal(source({ text: ["txt"] }));
    expect(message).toMatch(/^w\.tar: no document has the column "txt", .* the columns are "b\.1\.txt", "b\.2\.txt"$/);
    expect(remedy).toMatch(
      /ends at its first dot\. Map "b\.1\.txt", or rename a\.b\.1\.txt, for example to a_b_1\.txt/,
    );
  });

  it("skip members that are not mapped, wherever the file's pieces end", async () => {
    const entries = Array.from({ length: 40 }, (_, i) => [
      entry(`${i}.txt`, `text ${i}`),
      entry(`${i}.bin`, new Uint8Array(1000 + 700 * i)),
      entry(`${i}.raw`, new Uint8Array(5000)),
    ]);
    const tar = await packTar(entries.flat());
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    write("w.tar", tar);
    expect(textsOf(await opened(source({ text: ["txt"] })))).toEqual(texts);
    // Unpacked data arrive in pieces of other sizes.
    write("w.tar", gzipSync(tar));
    expect(textsOf(await opened(source({ text: ["txt"] })))).toEqual(texts);
  });

  it("are refused if they are truncated or repeat a file", async () => {
    const tar = await packTar([entry("1.txt", "a".repeat(2000)), entry("2.txt", "b")]);
    write("w.tar", tar.subarray(0, 1500));
    expect((await refusal(source({ text: ["txt"] }))).message).toMatch(/tar file is damaged or truncated/);
    write("w.tar", await packTar([entry("1.txt", "a"), entry("1.txt", "b")]));
    expect((await refusal(source({ text: ["txt"] }))).message).toMatch(/two files of this name/);
  });
});

describe("a mapped column that no document has", () => {
  const entry = (name: string, body: string) => ({
    header: { name, size: body.length, type: "file" as const },
    body: new TextEncoder().encode(body),
  });
  const of = (kind: string, path: string, columns: Record<string, string[]>): SourceFields =>
    ({
      kind,
      ...(kind === "folder" ? { path, metadata: undefined } : { paths: [path] }),
      columns,
      ...common,
    }) as SourceFields;

  it("is an error, also beside one that is there, and names the columns", async () => {
    write("m.tar", await packTar([entry("1.txt", "a"), entry("1.json", '{"source":{"author":"b"}}')]));
    write("m.jsonl", '{"caption":"a","file":null}\n{"caption":"b"}\n');
    write("m/1.txt", "a");
    write("m/2.caption", "b");
    write(
      "m.json",
      '[{"conversations":[{"from":"gpt","value":"a"}],"picture":"1.png"},{"conversations":[{"from":"gpt","value":"b"}]}]',
    );
    for (const [source, wrong, remedy] of [
      [
        of("webdataset", "m.tar", { image: ["jpg", "webp"], text: ["txt"] }),
        '"jpg" or "webp", to which image is',
        /^Map image/,
      ],
      [
        of("webdataset", "m.tar", { text: ["json.sourc.author"] }),
        '"json.sourc.author"',
        /^Did you mean `json.source.author`/,
      ],
      [
        of("files", "m.jsonl", { text: ["caption"], image: ["picture"] }),
        '"picture", .* "caption", "file"$',
        /^Map image/,
      ],
      [of("files", "m.jsonl", { text: ["captoin"] }), '"captoin"', /^Did you mean `caption`\?$/],
      [of("folder", "m", { text: ["txt"], image: ["png"] }), '"png", .* "txt", "caption"$', /^Map image/],
      [of("conversations", "m.json", { image: ["pictures"] }), '"pictures"', /^Did you mean `picture`\?$/],
    ] as const) {
      const refused = await refusal(source);
      expect(refused.message).toMatch(new RegExp(`^m[.a-z]*: no document has the column ${wrong}`));
      expect(refused.remedy).toMatch(remedy);
    }
  });

  it("is allowed beside an alternative that a document has", async () => {
    write("n.jsonl", '{"caption":"a"}\n{"caption":"b","own":"c"}\n');
    expect(textsOf(await opened(of("files", "n.jsonl", { text: ["none", "own", "caption"] })))).toEqual(["a", "c"]);
  });

  it("may be a field of a Parquet struct", async () => {
    const path = "test/cases/layouts/parquet";
    const name = readdirSync(path)[0] ?? "";
    write("p.parquet", readFileSync(join(path, name)));
    const { message, remedy } = await refusal(of("parquet", "p.parquet", { text: ["caption"], image: ["image.byte"] }));
    expect(message).toMatch(/^p\.parquet: no document has the column "image\.byte", to which image is mapped/);
    expect(remedy).toMatch(/`image\.bytes`/);
  });
});

describe("conversations", () => {
  const source = (more: object = {}): SourceFields =>
    ({
      kind: "conversations",
      paths: ["c.json"],
      roles: undefined,
      columns: {},
      long: "refuse",
      ...more,
    }) as SourceFields;

  it("put pictures in place of `<image>`, mark the roles, and count answers only", async () => {
    write("c.json", '[{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Yo"}]}]');
    write(
      "same.jsonl",
      '{"segments":[{"text":"USER: ","loss":false},{"text":"Hi","loss":false},{"text":"\\n","loss":false},{"text":"ASSISTANT: ","loss":false},{"text":"Yo"},{"text":"\\n"}]}',
    );
    const [dialogues, lines] = [await opened(source()), await opened(files("same.jsonl"))];
    const shape = (dataSet: DataSet) => dataSet.documents.map(({ segments }) => segments);
    expect(shape(dialogues)).toEqual(shape(lines));
    write(
      "c.json",
      '{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},{"role":"bot","content":"Yo"}]}\n',
    );
    const roles = [
      { role: "user", marker: "Q: " },
      { role: "bot", marker: "A: " },
    ];
    expect(textsOf(await opened(source({ roles })))).toEqual(["Q: |Hi|\n|A: |Yo|\n"]);
    const unknown = await refusal(source());
    expect(unknown.message).toMatch(/c\.json:1: a turn has the unknown role "bot"/);
  });

  it("are refused if places and pictures do not match, or the list ends too early", async () => {
    write("c.json", '[{"conversations":[{"from":"human","value":"<image> Hi"}]}]');
    expect((await refusal(source())).message).toMatch(
      /item 0: the text has 1 places for files, but the document has 0/,
    );
    write("c.json", '[{"conversations":[{"from":"human","value":"Hi"}]}');
    expect((await refusal(source())).message).toMatch(/item 1: the list ends too early/);
  });
});

describe("documents longer than a sequence", () => {
  it("are refused, cut or split", async () => {
    write("long.txt", "abcdefghij".repeat(15));
    expect((await refusal(text("refuse", "long.txt"))).message).toMatch(/long\.txt: the document takes 151 positions/);
    expect((await refusal(text("refuse", "long.txt"))).remedy).toMatch(/`long: cut` .* `long: split`/);
    expect(textsOf(await opened(text("cut", "long.txt")))).toEqual(["abcdefghij".repeat(15).slice(0, 63)]);
    const split = textsOf(await opened(text("split", "long.txt")));
    expect(split.map(({ length }) => length)).toEqual([63, 63, 24]);
    expect(split.join("")).toBe("abcdefghij".repeat(15));
  });

  it("keep their picture when they are cut, if it comes first", async () => {
    writeFileSync(join(folder, "dot.svg"), '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"/>');
    write("cut.jsonl", `{"t":"${"a".repeat(100)}","i":"dot.svg"}\n`);
    const cut = (columns: Record<string, string[]>): SourceFields =>
      ({ kind: "files", paths: ["cut.jsonl"], columns, either_order: false, long: "cut" }) as SourceFields;
    expect(textsOf(await opened(cut({ text: ["t"], image: ["i"] })))).toEqual(["a".repeat(63)]);
    expect(textsOf(await opened(cut({ image: ["i"], text: ["t"] })))).toEqual([expect.stringMatching(/^picture\|a+$/)]);
  });

  it("stay on one side of the split", async () => {
    for (let i = 0; i < 20; i++) write(`many/${i}.txt`, `${i} `.repeat(60));
    const { documents, validation } = await opened(text("split", "many/*.txt"), { held_out: 0.4 });
    const held = new Set(validation.map((number) => documents[number]?.label));
    const kept = documents.filter((_, number) => !validation.includes(number)).map(({ label }) => label);
    expect(held.size).toBeGreaterThan(2);
    expect(kept.filter((label) => held.has(label))).toEqual([]);
  });
});

describe("a file of another layout", () => {
  it("is recognized, and the message gives the source that takes it", async () => {
    write("p.jsonl", "PAR1....");
    expect((await refusal(files("p.jsonl"))).remedy).toBe('Use parquet("p.jsonl", text: caption, image: image).');
    write("w.tar", await packTar([{ header: { name: "1.txt", size: 1, type: "file" }, body: "a" }]));
    expect((await refusal(files("w.tar"))).remedy).toMatch(/^Use webdataset\("w.tar"/);
    const mapped = {
      kind: "files",
      paths: ["p.jsonl"],
      columns: { image: ["jpg", "png"], text: ["json.a"] },
      ...common,
    };
    expect((await refusal(mapped as SourceFields)).remedy).toBe(
      'Use parquet("p.jsonl", image: [jpg, png], text: "json.a").',
    );
    write("t.csv", "a,b\n1,2\n");
    expect((await refusal(files("t.csv"))).remedy).toMatch(/^Use table\("t.csv"/);
    write("l.csv", line("a"));
    expect((await refusal(table("l.csv"))).remedy).toBe('Use files("l.csv", text: caption).');
  });
});
