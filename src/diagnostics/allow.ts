// How a message tells the way to open a folder outside the project.

const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

/** The flag that lets a spec read what lies in a folder, as a shell takes it. */
export const allowFlag = (folder: string): string => `--allow ${quoted(folder)}`;

/** A sentence for a file that a spec or data may not read yet. */
export const allowHelp = (folder: string): string =>
  `Allow its folder with \`${allowFlag(folder)}\` or MOM_ALLOW, or copy it into the project: the folder of the nearest package.json, else of the spec.`;

/** The folders that a command was given, as it would be given them again. */
export const allowFlags = (folders: readonly string[] = []): string =>
  folders.map((folder) => ` ${allowFlag(folder)}`).join("");
