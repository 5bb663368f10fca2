// Sorts the test files: the longest come first, so that all workers end at about the same time.
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take 15 seconds or more on two cores, longest first. In a new clone Vitest does not know durations. */
const LONGEST = [
  "docs/examples",
  "kernels/kernels",
  "train/failures",
  "tune/runs",
  "cli/ablate",
  "train/run",
  "cli/bench",
  "cli/new",
  "inspect/verbs",
  "parity/fixtures",
  "train/init",
  "docs/site",
  "docs/api",
  "kernels/recompute",
  "cli/codebook",
  "cli/fmt",
  "cli/main",
  "cli/compiled",
  "data/prepare",
  "kernels/plan",
  "editors/web",
  "cli/verbs",
  "train/held-out",
  "cli/streams",
  "tune/nodes",
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return at < 0 ? LONGEST.length : at;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
