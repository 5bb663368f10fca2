import { describe, expect, it } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { filesOfPatterns, pathMatcher } from "../../src/data/patterns.js";
import { reachOf } from "../../src/data/reach.js";

describe("the pattern of a path", () => {
  it.each([
    ["*.txt", "a.txt", true],
    ["*.txt", "a.txt.gz", false],
    ["*.txt", "b/a.txt", false],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "aXbYc!", false],
    ["*", "", true],
    ["part-??.jsonl", "part-07.jsonl", true],
    ["part-??.jsonl", "part-7.jsonl", false],
    ["?.txt", "😀.txt", true],
    ["[a-cx].txt", "x.txt", true],
    ["[a-cx].txt", "d.txt", false],
    ["[!a-c].txt", "d.txt", true],
    ["[^a-c].txt", "a.txt", false],
    ["[]-].txt", "-.txt", true],
    ["[\\]].txt", "].txt", true],
    ["[a.txt", "[a.txt", true],
    ["\\*.txt", "*.txt", true],
    ["\\*.txt", "a.txt", false],
    ["a(1|2)+.txt", "a(1|2)+.txt", true],
    ["**/*.txt", "a.txt", true],
    ["**/*.txt", "b/c/a.txt", true],
    ["a/**/b/*.txt", "a/b/c/b/x.txt", true],
    ["a/**/b/*.txt", "a/b/c/x.txt", false],
    ["a/**", "a/b/c", true],
    ["**b", "aab", true],
    ["**b", "a/b", false],
  ])("%s on %s: %s", (pattern, path, expected) => {
    expect(pathMatcher(pattern)(path)).toBe(expected);
  });

  it("is matched in a time that does not explode with its wildcards", () => {
    const stars = pathMatcher(`${"*e".repeat(100)}z`);
    const folders = pathMatcher(`${"**/e/".repeat(100)}z`);
    const begun = performance.now();
    expect(stars("e".repeat(255))).toBe(false);
    expect(folders("e/".repeat(255))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("is refused if its braces expand to more than is read", () => {
    const reach = reachOf(nodeDisk, "/spec.mom");
    const pattern = `${"long".repeat(20)}-{00000..99000}.jsonl`;
    expect(() => filesOfPatterns([pattern], "/", reach)).toThrow(/braces expand to more than/);
  });

  it("has a longest length", () => {
    const reach = reachOf(nodeDisk, "/spec.mom");
    expect(() => filesOfPatterns([`${"{".repeat(5000)}`], "/", reach)).toThrow(
      /has 5000 characters; the limit is 4096/,
    );
  });
});
