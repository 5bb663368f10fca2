// The functions that tests import from Vitest, for Node's test runner. bundle-tests.mjs replaces Vitest with this file.
// chai and @vitest/expect come with Vitest.
import * as node from "node:test";
import { format } from "node:util";
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
export const { expect } = chai;
export const beforeAll = node.before;
export const afterAll = node.after;
export const { beforeEach, afterEach } = node;

/** Formats names as Vitest does: `$key` from a case that is an object, `%s` and others from the arguments. */
function named(name, args) {
  const [first] = args;
  const filled = name.replace(/\$(\w+)/g, (found, key) => (first?.[key] === undefined ? found : String(first[key])));
  const used = filled.match(/%[sdijo]/g)?.length ?? 0;
  return format(filled, ...args.slice(0, used));
}

function variants(run) {
  const made = (name, body) => run(name, {}, body);
  const skipped = (reason) => (name, options, body) => run(name, { ...options, skip: reason }, body);
  made.skipIf = (condition) => (condition ? variants(skipped(String(condition))) : made);
  made.each = (cases) => (name, body) => {
    for (const one of cases) {
      const args = Array.isArray(one) ? one : [one];
      run(named(name, args), {}, () => body(...args));
    }
  };
  return made;
}

export const describe = variants((name, options, body) => {
  node.describe(name, options, body);
});
export const test = variants((name, options, body, ...rest) => {
  if (rest.length > 0) throw new Error("A test takes only a name and a function here.");
  node.test(name, options, () => body());
});
export const it = test;

/** Dawn keeps the process alive, so it exits when the runner has reported its results. */
export function finished() {
  node.after(() => setTimeout(() => process.exit(), 200).unref());
}
