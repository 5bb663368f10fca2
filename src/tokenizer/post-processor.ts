// The post-processor of a tokenizer.json. Training adds no tokens around a text, so that it may only leave the ids alone.
import { byType, fieldsOf, isNothing, listOf, type Place, refuse } from "./fields.js";

/** More would be nesting for its own sake. */
const MOST_NESTED = 16;

const PROCESSORS: Readonly<Record<string, (place: Place, depth: number) => void>> = {
  // These only move offsets, or add tokens that training leaves out.
  ByteLevel: (place) => void fieldsOf(place, "add_prefix_space", "trim_offsets", "use_regex"),
  RobertaProcessing: (place) => void fieldsOf(place, "sep", "cls", "trim_offsets", "add_prefix_space"),
  BertProcessing: (place) => void fieldsOf(place, "sep", "cls"),
  TemplateProcessing: (place) => {
    const { single } = fieldsOf(place, "single", "pair", "special_tokens");
    const texts = listOf(single).filter(
      ({ value }) => typeof value === "object" && value !== null && "Sequence" in value,
    );
    if (texts.length !== 1) refuse(single, `must have the text once, not ${texts.length} times`);
  },
  Sequence: (place, depth) => {
    const { processors } = fieldsOf(place, "processors");
    if (depth >= MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} deep`);
    for (const one of listOf(processors)) byType(one, PROCESSORS)(one, depth + 1);
  },
};

/** @throws InputError where it could change the ids of a text */
export function checkPostProcessor(place: Place): void {
  if (!isNothing(place)) byType(place, PROCESSORS)(place, 0);
}
