// The VS Code extension: a client of `mom lsp`, and the commands Inspect, Train and Show kernel.
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import {
  commands,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  ProgressLocation,
  Uri,
  ViewColumn,
  window,
  workspace,
} from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";
import { kernelsOf, type Program, programOf } from "./program.js";

const run = promisify(execFile);
/** Kernels of a large model are some megabytes of text. */
const OUTPUT = 256 * 2 ** 20;

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const shown = new Map<string, string>();
  const changed = new EventEmitter<Uri>();
  const show: Show = async (title, text) => {
    const uri = Uri.from({ scheme: "mom-output", path: `/${title}` });
    shown.set(uri.toString(), text);
    changed.fire(uri);
    const document = await workspace.openTextDocument(uri);
    await window.showTextDocument(document, { preview: true, viewColumn: ViewColumn.Beside });
  };
  const provider = {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri: Uri): string => shown.get(uri.toString()) ?? "",
  };
  const registered: Disposable[] = [
    changed,
    workspace.registerTextDocumentContentProvider("mom-output", provider),
    commands.registerCommand("mom.inspect", () => inspect(show)),
    commands.registerCommand("mom.train", train),
    commands.registerCommand("mom.showKernel", () => showKernel(show)),
    commands.registerCommand("mom.restart", () => restart()),
  ];
  context.subscriptions.push(...registered);
  await restart();
}

export const deactivate = (): Promise<void> | undefined => client?.stop();

type Show = (title: string, text: string) => Promise<void>;

function program(): Program {
  const path = workspace.getConfiguration("mom").get<string>("path") ?? "";
  const folders = (workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  return programOf(path, folders, process.platform);
}

async function restart(): Promise<void> {
  await client?.stop();
  const { command, args, shell } = program();
  client = new LanguageClient(
    "mom",
    "mom",
    { command, args: [...args, "lsp"], transport: TransportKind.stdio, options: { shell } },
    { documentSelector: [{ language: "mom" }] },
  );
  try {
    await client.start();
  } catch {
    const answer = "Open the settings";
    const message = `mom: \`${command}\` did not start. Install it in the workspace (npm install mixture-of-mamba), or say where it is in \`mom.path\`.`;
    if ((await window.showErrorMessage(message, answer)) === answer)
      await commands.executeCommand("workbench.action.openSettings", "mom.path");
  }
}

/** The spec in the active editor, saved; undefined if there is none. */
async function spec(): Promise<string | undefined> {
  const document = window.activeTextEditor?.document;
  if (document?.languageId !== "mom") {
    void window.showInformationMessage("Open a .mom file first.");
    return undefined;
  }
  if (document.isUntitled || document.isDirty) await document.save();
  return document.isUntitled ? undefined : document.uri.fsPath;
}

/** The output of a command; undefined if it failed, which has been shown. */
async function output(title: string, file: string, args: readonly string[]): Promise<string | undefined> {
  const { command, args: before, shell } = program();
  const options = { cwd: dirname(file), maxBuffer: OUTPUT, shell, env: { ...process.env, NO_COLOR: "1" } };
  const progress = { location: ProgressLocation.Window, title };
  try {
    const work = () => run(command, [...before, ...args], options);
    return (await window.withProgress(progress, work)).stdout;
  } catch (error) {
    const told = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    void window.showErrorMessage(told.split("\n").slice(0, 4).join(" "));
    return undefined;
  }
}

const device = (): string => workspace.getConfiguration("mom").get<string>("device") ?? "webgpu-default";
const nameOf = (file: string): string => file.split(/[\\/]/).at(-1) ?? file;

async function inspect(show: Show): Promise<void> {
  const file = await spec();
  if (file === undefined) return;
  const text = await output("mom inspect", file, ["inspect", file, "--device", device()]);
  if (text !== undefined) await show(`${nameOf(file)} inspected.txt`, text);
}

async function showKernel(show: Show): Promise<void> {
  const file = await spec();
  if (file === undefined) return;
  const text = await output("mom compiles", file, ["inspect", file, "--device", device(), "--dump", "emit"]);
  if (text === undefined) return;
  const kernels = kernelsOf(text);
  const items = kernels.map(({ name, text: source }) => ({
    label: name,
    description: `${source.split("\n").length} lines`,
    source,
  }));
  const chosen = await window.showQuickPick(items, { title: `Kernels of ${nameOf(file)}`, matchOnDescription: true });
  if (chosen !== undefined) await show(`${chosen.label}.wgsl`, chosen.source);
}

async function train(): Promise<void> {
  const file = await spec();
  if (file === undefined) return;
  const { command, args } = program();
  const terminal = window.createTerminal({ name: `mom train ${nameOf(file)}`, cwd: dirname(file) });
  terminal.show();
  terminal.sendText([command, ...args, "train", file].map(quoted).join(" "));
}

/** Quotes a word for the shell of a terminal. */
const quoted = (word: string): string => (/^[\w./:\\-]+$/.test(word) ? word : `"${word}"`);
