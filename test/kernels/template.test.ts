// The language of kernel templates: sections, repeats, `#{…}`, and errors.
import { expect, test } from "vitest";
import { expand } from "../../src/kernels/template.js";

const FLAGS = { NORM: true, SPLIT: false };
const CONSTANTS = { WIDTH: 2, STEP: 8, ORDER: "row_major" };
const expanded = (template: string): string[] => expand(template, FLAGS, CONSTANTS).map(({ text }) => text);

test("repeated sections can be nested", () => {
  const template = "#repeat I WIDTH\n#repeat J I + 1\n  c#{I}#{J} = x#{J}_at;\n#end\n#end";
  expect(expanded(template)).toEqual(["  c00 = x0_at;", "  c10 = x0_at;", "  c11 = x1_at;"]);
});

test("a repeated line keeps its indentation", () => {
  expect(expanded("    #repeat I 2: let a#{I} = b[I];")).toEqual(["    let a0 = b[I];", "    let a1 = b[I];"]);
});

test("the values of indices are kept with each line", () => {
  expect(expand("#repeat I 2: a[Iu]", FLAGS, CONSTANTS).map(({ indices }) => indices)).toEqual([{ I: 0 }, { I: 1 }]);
});

test.each([
  ["#repeat I 3: #{2 - I}", ["2", "1", "0"]],
  ["#repeat I 2: #{4 * I + WIDTH * 3}u", ["6u", "10u"]],
  ["#repeat I 3: at#{+ STEP * I}", ["at", "at + 8u", "at + 16u"]],
  ["#repeat I 2: v.#{xyzw[2 * I]}", ["v.x", "v.z"]],
  ["#repeat I 0: x", []],
  ["#if NORM\n#repeat I 2: n#{I}\n#else\nx\n#end", ["n0", "n1"]],
  ["#if SPLIT\n#repeat I 2: n#{I}\n#else\nx\n#end", ["x"]],
  ["x // #1 of 2", ["x // #1 of 2"]],
])("%j expands", (template, lines) => {
  expect(expanded(template)).toEqual(lines);
});

test.each([
  ["#repeat I 2\nx", "a section of a template is not closed: #repeat I 2"],
  ["#if NORM\nx", "a section of a template is not closed: #if NORM"],
  ["x\n#end", "invalid line of a template: #end"],
  ["#else", "invalid line of a template: #else"],
  ["#endif", "invalid line of a template: #endif"],
  ["#repeat 4: x", "invalid line of a template: #repeat 4: x"],
  ["  #repeat i 4: x", "invalid line of a template: #repeat i 4: x"],
  ["#repeat I\n#end", "invalid line of a template: #repeat I"],
  ["#repeat I 2: c#{I", "invalid line of a template: c#{I"],
  ["c#I", "invalid line of a template: c#I"],
  ["#repeat I 2: #{I +}", "invalid expression in a template: #{I +}"],
  ["#{}", "invalid expression in a template: #{}"],
  ["#{(1 + 2) * 3}", "invalid expression in a template: #{(1 + 2) * 3}"],
  ["#repeat I 2: #{K}", "no whole number of at least 0 in a template: #{K}"],
  ["#repeat I COUNT: x", "no whole number of at least 0 in a template: #repeat I COUNT: x"],
  ["#{ORDER}", "no whole number of at least 0 in a template: #{ORDER}"],
  ["#repeat I 2: #{0 - I}", "no whole number of at least 0 in a template: #{0 - I}"],
  ["#{2u}", "no whole number of at least 0 in a template: #{2u}"],
  ["#repeat I 5: #{xyzw[I]}", "invalid index of a letter in a template: #{xyzw[I]}"],
])("%j is refused", (template, message) => {
  expect(() => expanded(template)).toThrow(new Error(message));
});
