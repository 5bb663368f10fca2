// The float64 reference matches the released PyTorch code after lowering and differentiation.
import { expect, test } from "vitest";
import type { Parameter, Program } from "../../src/ir/program.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { lower } from "../../src/passes/lower.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, type Values, values } from "../../src/reference/values.js";
import { type Fixture, fixtures, relativeError } from "../support/fixtures.js";

function parameterValues(program: Program, fixture: Fixture, prefix: string): Map<string, Float64Array> {
  return new Map(
    program.parameters.map((parameter) => {
      const copies = parameter.names.map((name) =>
        Array.from(fixture.tensors.get(prefix + name)?.data as Float32Array),
      );
      return [program.tensors[parameter.tensor]?.name as string, Float64Array.from(copies.flat())];
    }),
  );
}

function gradientOf(v: Values, parameter: Parameter, group: number): Float64Array {
  const name = v.program.tensors[parameter.tensor]?.name;
  const gradient = v.program.tensors.find((t) => t.role === "gradient" && t.name === name);
  if (!gradient) return new Float64Array(0);
  const all = read(v, gradient.id);
  const size = all.length / parameter.names.length;
  return all.subarray(group * size, (group + 1) * size);
}

test.each(fixtures("block"))("the gradients of block $name match PyTorch", (fixture) => {
  const options = { batch: fixture.batch, length: fixture.length, chunk: 64, part: "stack", noise: "given" } as const;
  const program = differentiate(lower(fixture.spec, options), [{ is: "input" }]);
  const parameters = parameterValues(program, fixture, "");
  const v = evaluate(
    values(program, (name) => parameters.get(name) ?? (fixture.tensors.get(name)?.data as Float32Array)),
  );
  const grad = program.tensors.find((t) => t.name === "grad.input");
  expect(
    relativeError(read(v, grad?.id as never), fixture.tensors.get("grad.input")?.data as Float32Array),
  ).toBeLessThan(1e-6);
  let compared = 0;
  for (const parameter of program.parameters) {
    parameter.names.forEach((name, group) => {
      const expected = fixture.tensors.get(`grad.${name}`)?.data as Float32Array | undefined;
      const got = gradientOf(v, parameter, group);
      if (!expected) {
        expect(got.length).toBe(0);
        return;
      }
      expect(relativeError(got, expected), name).toBeLessThan(2e-6);
      compared++;
    });
  }
  expect(compared).toBe([...fixture.tensors.keys()].filter((name) => name.startsWith("grad.layers")).length);
});
