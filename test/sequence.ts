// The order of the test files: those that take longest come first, so that no worker ends long after the other.
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes more than half a minute on two cores, longest first. Vitest itself knows no durations in a new clone. */
const LONGEST = [
  "cli/ablate",
  "docs/examples",
  "train/failures",
  "kernels/kernels",
  "tune/runs",
  "train/run",
  "cli/new",
  "train/init",
  "cli/verbs",
  "cli/streams",
  "cli/codebook",
  "kernels/recompute",
  "kernels/whole",
  "ablate/coverage",
  "cli/fmt",
  "docs/site",
  "docs/api",
  "inspect/specs",
  "inspect/verbs",
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
