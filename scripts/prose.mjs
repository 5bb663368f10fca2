// Lints the project's prose with textlint: pages, comments, messages, help texts, descriptions of the schema and specs.
//   node scripts/prose.mjs [--root FOLDER] [PATH…]   exit 1 if a file has a word or a sentence that scripts/prose-words.json rules out
// A source file is linted as a text of its comments and its strings, with everything else replaced by spaces, so lines
// and columns are those of the file.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TextlintKernel } from "@textlint/kernel";
import markdownPlugin from "@textlint/textlint-plugin-markdown";
import textPlugin from "@textlint/textlint-plugin-text";
import patternRule from "@textlint-rule/textlint-rule-pattern";
import sentenceLength from "textlint-rule-sentence-length";
import writeGood from "textlint-rule-write-good";
import ts from "typescript";

const { values, positionals } = parseArgs({ options: { root: { type: "string" } }, allowPositionals: true });
const ROOT = resolve(values.root ?? fileURLToPath(new URL("..", import.meta.url)));
const WORDS = JSON.parse(readFileSync(new URL("prose-words.json", import.meta.url), "utf8"));
/** Characters in a sentence of a page. */
const LONGEST_SENTENCE = 280;
/** What others wrote, what is generated, and what must show wrong words. */
const LEFT_OUT =
  /\.gen\.ts$|^test\/(docs\/prose\.test\.ts$|reject\/)|^scripts\/prose|^docs\/mistakes\.md$|^examples\/.*report\.md$|^editors\/.*\/LICENSE/;

const plugins = [
  { pluginId: "markdown", plugin: markdownPlugin.default ?? markdownPlugin },
  { pluginId: "text", plugin: textPlugin.default ?? textPlugin },
];
const words = {
  ruleId: "words",
  rule: patternRule.default ?? patternRule,
  options: { patterns: WORDS.map(({ pattern, use }) => ({ pattern: `/${pattern}/i`, message: `Use: ${use}` })) },
};
const repeated = {
  ruleId: "repeated-words",
  rule: writeGood.default ?? writeGood,
  options: Object.fromEntries(
    ["weasel", "so", "thereIs", "passive", "adverb", "tooWordy", "cliches", "eprime"].map((check) => [check, false]),
  ),
};
const sentences = {
  ruleId: "sentence-length",
  rule: sentenceLength.default ?? sentenceLength,
  options: { max: LONGEST_SENTENCE },
};

const spaces = (text) => text.replaceAll(/[^\n]/g, " ");
/** Code within prose becomes a word of the same length, unlike the one before it. */
function withoutCode(text) {
  let count = 0;
  return text.replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[^A-Za-z]/g, "qxz"[count++ % 3]));
}

/** A text in which only the given ranges are kept. */
function keepOnly(source, ranges) {
  let text = "";
  let at = 0;
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0])) {
    if (start < at) continue;
    text += spaces(source.slice(at, start)) + source.slice(start, end);
    at = end;
  }
  return withoutCode(text + spaces(source.slice(at)));
}

const isProse = (text) => /[A-Za-z]{2,} +[A-Za-z`]{2,} +[A-Za-z`]/.test(text) && !/\dpx\b/.test(text);

/** Comments and strings of TypeScript or JavaScript. */
function scriptText(path, source) {
  const tree = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const ranges = [];
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (isProse(node.text)) ranges.push([node.getStart(tree) + 1, node.end - 1]);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  const seen = new Set();
  const comments = (at) => {
    for (const one of [
      ...(ts.getLeadingCommentRanges(source, at) ?? []),
      ...(ts.getTrailingCommentRanges(source, at) ?? []),
    ]) {
      if (seen.has(one.pos)) continue;
      seen.add(one.pos);
      ranges.push([one.pos + 2, one.end]);
    }
  };
  const tokens = (node) => {
    comments(node.pos);
    comments(node.end);
    for (const child of node.getChildren(tree)) tokens(child);
  };
  tokens(tree);
  return keepOnly(source, ranges).replaceAll(/^( *)\*(?=\/?)|\*\/$/gm, spaces);
}

/** Comments of WGSL templates and of specs. */
const commentText = (source) =>
  keepOnly(
    source,
    [...source.matchAll(/\/\/\/?(.*)$/gm)].map((m) => [m.index + 2, m.index + m[0].length]),
  );

/** Descriptions of the schema. */
const schemaText = (source) =>
  keepOnly(
    source,
    [...source.matchAll(/"description": "((?:[^"\\]|\\.)*)"/g)].map((m) => [m.index + 16, m.index + m[0].length - 1]),
  );

function textOf(path) {
  const source = readFileSync(join(ROOT, path), "utf8");
  switch (extname(path)) {
    case ".md":
      return { ext: ".md", text: source };
    case ".ts":
    case ".mjs":
      return { ext: ".txt", text: scriptText(path, source) };
    case ".wgsl":
    case ".mom":
      return { ext: ".txt", text: commentText(source) };
    case ".json":
      return { ext: ".txt", text: schemaText(source) };
  }
}

const LINTED = /\.(md|ts|mjs|wgsl|mom)$|^grammar\/spec\.schema\.json$/;
const files = execFileSync("git", ["ls-files", "--", ...positionals], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((path) => LINTED.test(path) && !LEFT_OUT.test(path));

const kernel = new TextlintKernel();
let found = 0;
for (const path of files) {
  const { ext, text } = textOf(path);
  const rules = ext === ".md" ? [words, repeated, sentences] : [words, repeated];
  const { messages } = await kernel.lintText(text, { ext, filePath: path, plugins, rules });
  for (const { line, column, message, ruleId } of messages) {
    const shown = text
      .split("\n")
      [line - 1]?.slice(column - 1, column + 30)
      .trim();
    console.error(`${path}:${line}:${column}: "${shown}": ${message} [${ruleId}]`);
    found++;
  }
}
console.error(`${files.length} files, ${found} findings`);
process.exitCode = found > 0 ? 1 : 0;
