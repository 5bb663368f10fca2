// Foreign text is shown without escape sequences and hidden characters.
import fc from "fast-check";
import { expect, test } from "vitest";
import { shown } from "../../src/cli/streams.js";
import { render } from "../../src/diagnostics/render.js";
import { escapeHtml, visible, visibleLine } from "../../src/diagnostics/visible.js";

/** Characters that must never reach a terminal, written by hand instead of taken from the tested table. */
const STEERS = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

test.each([
  ["an escape", "\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  ["a C1 control", "\u009b31m", "\\u009b31m"],
  ["a reversed direction", "a\u202eb", "a\\u202eb"],
  ["a byte order mark inside", "a\ufeffb", "a\\ufeffb"],
  ["a line separator", "a\u2028b", "a\\u2028b"],
  ["a carriage return", "ok\rno", "ok\\u000dno"],
  ["tags that hide a text", "a\u{e0041}", "a\\udb40\\udc41"],
  ["a joiner in a name", "ad\u200dmin", "ad\\u200dmin"],
])("%s becomes visible", (_, text, wanted) => {
  expect(visible(text)).toBe(wanted);
  expect(JSON.parse(`"${visible(text)}"`)).toBe(text);
});

test("joiners and tags within emoji and Persian words are kept", () => {
  for (const text of ["👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "é ü 中文 ❤️"]) expect(visible(text)).toBe(text);
});

test("line breaks and tabs are kept in texts, and escaped within a line", () => {
  expect(visible("a\n\tb")).toBe("a\n\tb");
  expect(visibleLine("a\n\tb")).toBe("a\\n\\tb");
});

test("no control characters remain in messages, streams without colours and pages", () => {
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

test("only mom's own escape sequences are written, and only if the stream supports them", () => {
  const own = "\u001b[1mbold\u001b[22m \u001b]8;;file:///a\u0007a\u001b]8;;\u0007";
  expect(shown(own, { colour: true, links: true })).toBe(own);
  expect(shown(own, { colour: false, links: false })).not.toContain("\u001b");
  expect(shown("\u001b]8;;http://x\u0007", { colour: true, links: true })).not.toContain("\u001b");
  expect(shown("a\r\u001b[2Kb\u001b[2J", { colour: true, links: true })).not.toMatch(STEERS);
});

test("every field of a diagnostic is escaped, and the marks are below the marked text", () => {
  const text = 'a: "\u001b[31mred" wrong';
  const start = text.indexOf("wrong");
  const evil = "\u001b[31mx\u202e";
  const message = render(
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
  expect(message.replaceAll("\n", "")).not.toMatch(STEERS);
  const [, line = "", marks = ""] = /\n(1 \|.*)\n( {2}\|.*)\n/.exec(message) ?? [];
  expect(marks.indexOf("^")).toBe(line.indexOf("wrong"));
  expect(marks.trimEnd().length).toBe(line.trimEnd().length);
});
