// The TextMate grammar, run by the engine that editors use.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar } from "vscode-textmate";
import { ROOT } from "../support/mom.js";

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM(readFileSync(wasm));
  const file = join(ROOT, "editors/vscode/syntaxes/mom.tmLanguage.json");
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(file, "utf8"), file),
  });
  const loaded = await registry.loadGrammar("source.mom");
  if (loaded === null) throw new Error("no grammar");
  grammar = loaded;
});

/** Words of a text with the innermost scope of each, without spaces. */
function scoped(text: string): { word: string; scope: string }[] {
  let stack = textmate.INITIAL;
  return text.split("\n").flatMap((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    return tokens
      .map(({ startIndex, endIndex, scopes }) => ({
        word: line.slice(startIndex, endIndex).trim(),
        scope: (scopes.at(-1) ?? "").replace(/\.mom$/, ""),
      }))
      .filter(({ word }) => word !== "");
  });
}

const of = (text: string, word: string): string[] =>
  scoped(text).flatMap((one) => (one.word === word ? [one.scope] : []));

describe("a word's scope", () => {
  test.each([
    ["// a comment", "// a comment", "comment.line.double-slash"],
    ["/// a doc comment", "/// a doc comment", "comment.line.documentation"],
    ["//// a comment", "//// a comment", "comment.line.double-slash"],
    ['import "base.mom"', "import", "keyword.control.import"],
    ["model { remove mixer }", "remove", "keyword.control.remove"],
    ["model { remove mixer }", "mixer", "entity.name.type"],
    ["model {", "model", "keyword.other.section"],
    ["block mixer: mamba {", "block", "storage.type"],
    ["block mixer: mamba {", "mixer", "entity.name.type"],
    ["block mixer: mamba {", "mamba", "entity.name.function"],
    ["optimizer: adamw { lr: 1 }", "optimizer", "variable.other.property"],
    ["optimizer: adamw { lr: 1 }", "adamw", "entity.name.function"],
    ["block mixer: mamba", "mamba", "variable.other.constant"],
    ["ablate projections {", "ablate", "storage.type"],
    ["ablate projections {", "projections", "entity.name.type"],
    ["vary train.optimizer.lr: [1e-3]", "train.optimizer.lr", "entity.name.type"],
    ["baseline { mixer.decouple: [] }", "mixer.decouple", "variable.other.property"],
    ["d_model: 256", "d_model", "variable.other.property"],
    ["d_model: 256", "256", "constant.numeric"],
    ["vocab: 65_536", "65_536", "constant.numeric"],
    ["lr: 3e-4", "3e-4", "constant.numeric"],
    ["weight: -1.5", "-1.5", "constant.numeric"],
    ["size: 32x32", "32x32", "constant.numeric.size"],
    ["carry: true", "true", "constant.language.boolean"],
    ["dt_rank: auto", "auto", "constant.language"],
    ["optimizer: adamw(lr: 1)", "adamw", "entity.name.function"],
    ["optimizer: adamw(lr: 1)", "lr", "variable.other.property"],
    ["layers: 2 * (mixer + dense)", "*", "keyword.operator.arithmetic"],
    ["layers: 2 * (mixer + dense)", "dense", "variable.other.constant"],
    ['path: "a\\n.jsonl"', "\\n", "constant.character.escape"],
    ["d_model = 3", "=", "invalid.illegal"],
    ["lr: 3.e", "3.e", "invalid.illegal.number"],
    ["source: 'a'", "'a'", "invalid.illegal.quotes"],
  ])("%s: %s is %s", (text, word, scope) => {
    expect(of(text, word)).toEqual([scope]);
  });

  test("continues over lines within brackets, and a string ends with its line", () => {
    expect(of("betas: [\n  0.9,\n  0.95,\n]\nsteps: 3", "steps")).toEqual(["variable.other.property"]);
    expect(of("adamw(\n  lr: 1\n)\nsteps: 3", "lr")).toEqual(["variable.other.property"]);
    expect(of('import "base\nmodel {', "model")).toEqual(["keyword.other.section"]);
  });
});

const SPECS = readdirSync(join(ROOT, "specs"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".mom"),
);

test.each(SPECS)("in specs/%s every word has a scope that is not illegal", (file) => {
  const words = scoped(readFileSync(join(ROOT, "specs", file), "utf8"));
  expect(words.length).toBeGreaterThan(3);
  expect(words.filter(({ scope }) => scope.startsWith("invalid") || scope === "source")).toEqual([]);
});
