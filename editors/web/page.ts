// The page: CodeMirror as a client of `mom lsp`, over a WebSocket.
import { LSPClient, languageServerExtensions, type Transport } from "@codemirror/lsp-client";
import { EditorView } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { inlays } from "./inlays.js";
import { mom } from "./language.js";
import { look } from "./look.js";

/** Milliseconds for an answer. On a busy computer `mom lsp` takes longer to start than the three seconds of the default. */
const PATIENCE = 60_000;

/** What the server sends about the file to edit. */
interface Opened {
  readonly folder: string;
  readonly file: string;
  readonly text: string;
}

function connect(): Promise<Transport> {
  const socket = new WebSocket(`ws://${location.host}/`);
  const handlers = new Set<(message: string) => void>();
  socket.onmessage = ({ data }) => {
    for (const handler of handlers) handler(String(data));
  };
  return new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error("mom lsp does not answer"));
    socket.onopen = () =>
      resolve({
        send: (message) => socket.send(message),
        subscribe: (handler) => handlers.add(handler),
        unsubscribe: (handler) => handlers.delete(handler),
      });
  });
}

const opened: Opened = await (await fetch("/opened")).json();
const name = decodeURIComponent(opened.file.split("/").at(-1) ?? "");
document.title = `${name} · mom`;
const client = new LSPClient({ rootUri: opened.folder, timeout: PATIENCE, extensions: languageServerExtensions() });
client.connect(await connect());
new EditorView({
  doc: opened.text,
  extensions: [
    basicSetup,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": name }),
    mom,
    look,
    client.plugin(opened.file, "mom"),
    inlays(client, opened.file),
  ],
  parent: document.body,
});
