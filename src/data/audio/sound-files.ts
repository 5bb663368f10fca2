// The sound files of a folder, or those that a JSON Lines file names.
import { type NamedFile, namedFiles } from "../named-files.js";
import type { Reach } from "../reach.js";
import { AUDIO_ENDINGS } from "./read-audio.js";

/**
 * @param path a folder, all of which is searched, in the order of names; or a file of documents
 * @param reach what a file of documents may name
 * @throws InputError where there is none
 */
export const soundFiles = (path: string, reach: Reach): NamedFile[] =>
  namedFiles(
    path,
    {
      endings: AUDIO_ENDINGS,
      key: "audio",
      what: "sound",
      several: "sound files",
      remedies: {
        path: "Give a folder of WAV or FLAC files, or a JSON Lines file.",
        folder: `Their names end in ${AUDIO_ENDINGS.join(" or ")}.`,
        documents: 'A document names one as {"audio": "a.wav"}.',
      },
    },
    reach,
  );
