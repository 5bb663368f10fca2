/** Writes all that the extension consists of into the folder. */
export declare function stageVscode(folder: string): Promise<{ readonly name: string; readonly version: string }>;
/** Where vsce is; undefined where it is not installed. */
export declare function installedVsce(): string | undefined;
/** Gives the path of the .vsix that it writes into the folder. */
export declare function packVscode(folder: string): Promise<string>;
