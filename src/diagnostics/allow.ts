// How messages repeat options for a shell: the folders outside the project that are allowed, and the settings.

const quoted = (path: string) => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

/** The flag that lets a spec read a folder, quoted for a shell. */
export const allowFlag = (folder: string): string => `--allow ${quoted(folder)}`;

/** The help for a file that a spec or its data may not read. */
export const allowHelp = (folder: string): string =>
  `Allow its folder with \`${allowFlag(folder)}\` or MOM_ALLOW, or copy it into the project: the folder of the nearest package.json, or else of the spec.`;

/** The flags that allow the same folders again. */
export const allowFlags = (folders: readonly string[] = []): string =>
  folders.map((folder) => ` ${allowFlag(folder)}`).join("");

/** The flags that change the same fields again. */
export const setFlags = (settings: readonly string[] = []): string =>
  settings.map((setting) => ` --set ${quoted(setting)}`).join("");
