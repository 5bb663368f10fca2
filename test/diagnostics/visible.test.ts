// Foreign text is shown so that it steers no terminal and hides nothing.
import fc from "fast-check";
import { expect, test } from "vitest";
import { shown } from "../../src/cli/streams.js";
import { render } from "../../src/diagnostics/render.js";
import { escapeHtml, visible, visibleLine } from "../../src/diagnostics/visible.js";

/** What must never reach a terminal: written by hand, and not from the table that is tested. */
const STEERS = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

test.each([
  ["an escape", "\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  ["a C1 control", "\u009b31m", "\\u009b31m"],
  ["a turned direction", "a\u202eb", "a\\u202eb"],
  ["a byte order mark inside", "a\ufeffb", "a\\ufeffb"],
  ["a line separator", "a\u2028b", "a\\u2028b"],
  ["a carriage return", "ok\rno", "ok\\u000dno"],
  ["tags that hide a text", "a\u{e0041}", "a\\udb40\\udc41"],
  ["a joiner in a name", "ad\u200dmin", "ad\\u200dmin"],
])("%s becomes visible", (_, text, wanted) => {
  expect(visible(text)).toBe(wanted);
  expect(JSON.parse(`"${visible(text)}"`)).toBe(text);
});

test("what is written with joiners and tags stays: a family, a flag, Persian", () => {
  for (const text of ["👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "é ü 中文 ❤️"]) expect(visible(text)).toBe(text);
});

test("lines and tabs stay in texts, and are named within a line", () => {
  expect(visible("a\n\tb")).toBe("a\n\tb");
  expect(visibleLine("a\n\tb")).toBe("a\\n\\tb");
});

test("nothing that steers is left, in a message, a stream without colours, or a page", () => {
  const foreign = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(foreign, (text) => {
      const strict = text.replaceAll(/[\n\t]/g, "");
      expect(visible(strict)).not.toMatch(STEERS);
      expect(escapeHtml(strict)).not.toMatch(STEERS);
      expect(shown(`x${strict}`, { colour: false, links: false })).not.toMatch(STEERS);
    }),
    { numRuns: 300, seed: 7 },
  );
});

test("of sequences mom's own pass where the stream has them; others do not", () => {
  const own = "\u001b[1mbold\u001b[22m \u001b]8;;file:///a\u0007a\u001b]8;;\u0007";
  expect(shown(own, { colour: true, links: true })).toBe(own);
  expect(shown(own, { colour: false, links: false })).not.toContain("\u001b");
  expect(shown("\u001b]8;;http://x\u0007", { colour: true, links: true })).not.toContain("\u001b");
  expect(shown("a\r\u001b[2Kb\u001b[2J", { colour: true, links: true })).not.toMatch(STEERS);
});

test("every field of a diagnostic is shown so, and the marks stand below what they mark", () => {
  const text = 'a: "\u001b[31mred" wrong';
  const start = text.indexOf("wrong");
  const evil = "\u001b[31mx\u202e";
  const said = render(
    [
      {
        name: "unknown-word",
        severity: "error",
        title: "T",
        message: evil,
        expected: evil,
        help: evil,
        example: evil,
        span: { path: `${evil}.mom`, start, end: start + 5 },
        related: [{ span: { path: "b.mom", start: 0, end: 0 }, note: evil }],
      },
    ],
    [
      { path: `${evil}.mom`, text },
      { path: "b.mom", text: evil },
    ],
    { colour: false },
  );
  expect(said.replaceAll("\n", "")).not.toMatch(STEERS);
  const [, line = "", marks = ""] = /\n(1 \|.*)\n( {2}\|.*)\n/.exec(said) ?? [];
  expect(marks.indexOf("^")).toBe(line.indexOf("wrong"));
  expect(marks.trimEnd().length).toBe(line.trimEnd().length);
});
