// A prepared data set as a folder: its shards, and `data.json`, which lists what each is for. The folder needs neither the source's
// files nor its packages.
import { InputError } from "../diagnostics/input-error.js";
import { storedAs } from "../modalities/modality.fields.js";
import type { ModelParts } from "../modalities/text.js";
import { jsonReader } from "./checked-json.js";
import type { Codecs } from "./codecs.js";
import { type DataGroups, shardsIn, withShards } from "./data-set.js";
import type { Disk } from "./disk.js";
import { PREPARED_FILE, PREPARED_FORMAT } from "./sources/source.fields.js";

interface Manifest extends DataGroups<string> {
  readonly format: string;
  /** How each modality is stored: everything but its name. */
  readonly modalities: readonly unknown[];
  /** The fingerprint of the tokenizers and codebooks that encoded the data. */
  readonly codecs: string;
}

const NAME = { type: "string", pattern: "^(?!\\.{1,2}$)[^/\\\\\\0]+$", maxLength: 200 };
const group = (properties: object) => ({
  type: "array",
  items: {
    type: "object",
    properties: { ...properties, shards: { type: "array", items: NAME } },
    required: [...Object.keys(properties), "shards"],
    additionalProperties: false,
  },
});

const readManifest = jsonReader<Manifest>({
  type: "object",
  properties: {
    format: { const: PREPARED_FORMAT },
    modalities: { type: "array" },
    codecs: { type: "string" },
    training: { ...group({ weight: { type: "number", exclusiveMinimum: 0 } }), minItems: 1 },
    validation: group({ name: { type: "string" } }),
  },
  required: ["format", "modalities", "codecs", "training", "validation"],
  additionalProperties: false,
});

/** What a shard's bytes depend on in the modalities. */
export const shapesOf = ({ modalities }: ModelParts) => modalities.map(storedAs);

/** The file `data.json` of a folder with these shards. */
export function manifestBytes(groups: DataGroups<string>, parts: ModelParts, codecs: Codecs): Uint8Array {
  const manifest: Manifest = {
    format: PREPARED_FORMAT,
    modalities: shapesOf(parts),
    codecs: codecs.fingerprint,
    training: groups.training,
    validation: groups.validation,
  };
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** The shards that a file `data.json` lists; none if it is damaged. */
export function shardsNamed(bytes: Uint8Array): string[] {
  const manifest = readManifest(bytes);
  return "wrong" in manifest ? [] : shardsIn(manifest.value).filter((shard) => shard.endsWith(".safetensors"));
}

interface Expected {
  /** The folder's name in errors. */
  readonly name: string;
  readonly parts: ModelParts;
  /** The codecs that must have encoded the data; undefined for those that are in the shards. */
  readonly codecs?: Pick<Codecs, "fingerprint">;
}

/**
 * The shards of a prepared folder, by path.
 * @throws InputError if it is not one, or was prepared for another model
 */
export function preparedGroups(disk: Disk, folder: string, { name, parts, codecs }: Expected): DataGroups<string> {
  const path = disk.paths.join(folder, PREPARED_FILE);
  if (!disk.exists(path))
    throw new InputError(
      "file-unreadable",
      `${name}: there are no prepared data, since it has no ${PREPARED_FILE}`,
      "Prepare them with `mom data prepare SPEC --out DIR`, or use the source itself.",
    );
  const manifest = readManifest(disk.read(path));
  if ("wrong" in manifest)
    throw new InputError(
      "bad-shard",
      `${name}: ${PREPARED_FILE} is damaged: ${manifest.wrong}`,
      "Prepare the data again.",
    );
  const { value } = manifest;
  if (JSON.stringify(value.modalities) !== JSON.stringify(shapesOf(parts)))
    throw new InputError(
      "bad-shard",
      `${name}: the data were prepared for modalities that differ from the model's`,
      "Prepare them again with this spec: `mom data prepare SPEC --out DIR`.",
    );
  if (codecs !== undefined && value.codecs !== codecs.fingerprint)
    throw new InputError(
      "bad-shard",
      `${name}: the data were prepared with another tokenizer or codebook`,
      "Use the one that they were prepared with, or prepare them again.",
    );
  for (const shard of shardsIn(value))
    if (!disk.exists(disk.paths.join(folder, shard)))
      throw new InputError("bad-shard", `${name}: the shard ${shard} is missing`, "Copy the complete folder again.");
  return withShards(value, (shard) => disk.paths.join(folder, shard));
}
