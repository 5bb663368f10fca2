// `layers`: products and sums of block names, as JSON and as a list of layers.
import { numberOf, type Value } from "../../grammar/tree.js";
import type { Span } from "../diagnostics/diagnostic.js";
import { notLayers } from "../diagnostics/model.js";
import { below } from "./places.js";
import type { Shaping } from "./shaping.js";
import type { Json } from "./spec.js";

/** A block's name, or a repeated part of the stack. */
export type LayerItem = string | { readonly times: number; readonly of: readonly LayerItem[] };

/** An item of `layers` in JSON, with the spans of its operands. */
interface Stretch {
  readonly span: Span;
  readonly name?: string;
  readonly times?: { readonly value: number; readonly span: Span };
  readonly of?: readonly Stretch[];
}

export function shapeLayers(value: Value, pointer: string, shaping: Shaping): Json | undefined {
  const stretches = stretch(value, shaping);
  return stretches && place(stretches, pointer, shaping);
}

function stretch(value: Value, shaping: Shaping): Stretch[] | undefined {
  const refuse = (span: Span): undefined => {
    shaping.diagnostics.push(notLayers(span, shaping.textOf(span)));
  };
  switch (value.type) {
    case "call":
      return value.args === undefined ? [{ span: value.span, name: value.name.text }] : refuse(value.span);
    case "string":
      return [{ span: value.span, name: value.text }];
    case "list":
    case "sum": {
      const parts = (value.type === "list" ? value.items : value.terms).map((part) => stretch(part, shaping));
      return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
    }
    case "product": {
      const counts = value.factors.filter((factor) => factor.type === "number");
      const [repeated, second] = value.factors.filter((factor) => factor.type !== "number");
      if (repeated === undefined) return refuse(value.span);
      if (second !== undefined) return refuse(second.span);
      const of = stretch(repeated, shaping);
      const times = counts.reduce((product, factor) => product * numberOf(factor.text), 1);
      return of && [{ span: value.span, times: { value: times, span: counts[0]?.span ?? value.span }, of }];
    }
    default:
      return refuse(value.span);
  }
}

function place(stretches: readonly Stretch[], pointer: string, shaping: Shaping): Json[] {
  return stretches.map(({ span, name, times, of }, i) => {
    const at = below(pointer, i);
    shaping.places.set(at, { value: span });
    if (name !== undefined) return name;
    if (times !== undefined) shaping.places.set(below(at, "times"), { value: times.span });
    return { times: times?.value ?? 1, of: place(of ?? [], below(at, "of"), shaping) };
  });
}

/** The number of layers, without listing them. */
export const countLayers = (items: readonly LayerItem[]): number =>
  items.reduce((sum, item) => sum + (typeof item === "string" ? 1 : item.times * countLayers(item.of)), 0);

/** The block names, bottom first. */
export const expandLayers = (items: readonly LayerItem[]): string[] =>
  items.flatMap((item) => {
    if (typeof item === "string") return item;
    const once = expandLayers(item.of);
    return Array.from({ length: item.times }, () => once).flat();
  });
