/** Gives the path of the .vsix that it writes into the folder. */
export declare function packVscode(folder: string): Promise<string>;
