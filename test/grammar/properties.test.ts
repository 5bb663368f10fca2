// The parser gives a tree or errors for any text, and a printed tree parses to the same tree.
// FUZZ sets the number of texts of each kind. The default keeps the suite short.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "../../grammar/parse.js";
import { print } from "../../grammar/print.js";
import { check } from "../../src/front/check.js";
import { bare, file } from "./trees.js";

const numRuns = Number(process.env.FUZZ ?? 2000);
const settings = { numRuns, seed: 20250116 };
const LONG = 3_600_000;

/** Checks that a text gives a tree or diagnostics, and that places are within the text. */
function parses(text: string): void {
  const { entries, diagnostics } = parse({ path: "fuzz.mom", text });
  if (diagnostics.length === 0) expect(entries.length > 0 || /^(?:\s|,|\ufeff|\/\/[^\r\n]*)*$/.test(text)).toBe(true);
  for (const { span } of diagnostics) {
    expect(span).toBeDefined();
    if (span === undefined) continue;
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(text.length);
  }
}

test(
  `the parser handles ${numRuns} random byte strings`,
  () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => parses(Buffer.from(bytes).toString("utf8"))),
      settings,
    ),
  LONG,
);

const WORDS = [
  ..."{}[]():,.+*=;#'\"\\/-\n\t",
  "\n  ",
  "model",
  "mixer",
  "import ",
  "remove ",
  "true",
  "vary ",
  "block ",
  "ablate ",
  "mamba",
  "32x32",
  "1e-4",
  "65_536",
  "1.2.3",
  '"a.mom"',
  "// note",
  "/// doc",
  "/* x */",
  "d-state",
  "€",
  " ",
];

test(
  `${numRuns} random token strings are parsed and refused`,
  () => {
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((list) => list.join(""));
    const tried = fc.property(words, (text) => {
      parses(text);
      const { spec, diagnostics } = check({ path: "fuzz.mom", text }, () => undefined);
      expect(spec).toBeUndefined();
      expect(diagnostics.length).toBeGreaterThan(0);
    });
    fc.assert(tried, settings);
  },
  LONG,
);

test(
  `printing and then parsing is the identity on ${numRuns} trees`,
  () => {
    const same = fc.property(file, (entries) => {
      const { entries: again, diagnostics } = parse({ path: "printed.mom", text: print(entries) });
      expect(diagnostics).toEqual([]);
      expect(bare(again)).toEqual(bare(entries));
    });
    fc.assert(same, settings);
  },
  LONG,
);
