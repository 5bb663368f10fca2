// How the editor looks.
import { EditorView } from "@codemirror/view";

const ground = "#171a2b";
const raised = "#20243a";
const line = "#343a58";

export const look = EditorView.theme(
  {
    "&": { height: "100dvh", background: ground, color: "#e6e9f5", fontSize: "14px" },
    ".cm-scroller": { fontFamily: '"DejaVu Sans Mono", "Cascadia Code", Consolas, monospace', lineHeight: "1.55" },
    ".cm-content": { caretColor: "#f2b84b" },
    ".cm-cursor": { borderLeftColor: "#f2b84b", borderLeftWidth: "2px" },
    ".cm-gutters": { background: ground, color: "#838bb0", border: "none" },
    ".cm-activeLine, .cm-activeLineGutter": { background: "#1d2136" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "#35406b !important" },
    ".cm-matchingBracket": { background: "#35406b !important", outline: "none" },
    ".inlay": {
      color: "#8d95b5",
      background: raised,
      borderRadius: "4px",
      padding: "1px 7px",
      marginLeft: "14px",
      fontSize: "12px",
    },
    ".cm-tooltip": {
      background: raised,
      border: `1px solid ${line}`,
      borderRadius: "6px",
      boxShadow: "0 6px 24px #0008",
    },
    ".cm-completionInfo.cm-completionInfo-right": { marginLeft: "8px" },
    ".cm-diagnostic": { whiteSpace: "pre-line", padding: "6px 12px", maxWidth: "min(640px, 92vw)" },
    ".cm-diagnostic-error": { borderLeftColor: "#ff6b6b" },
    ".cm-diagnostic-warning": { borderLeftColor: "#f2b84b" },
    ".cm-tooltip-autocomplete ul": { fontFamily: "inherit", minWidth: "220px" },
    ".cm-tooltip-autocomplete ul li": { padding: "2px 10px !important" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "#35406b" },
    // Their icons are letters that few fonts have.
    ".cm-completionIcon": { display: "none" },
    ".cm-completionDetail": { color: "#8d95b5", fontStyle: "normal" },
    ".cm-tooltip .cm-completionInfo": {
      maxWidth: "min(520px, 92vw)",
      minWidth: "min(320px, 80vw)",
      padding: "2px 14px",
      whiteSpace: "normal",
      fontFamily: "inherit",
    },
    ".cm-completionInfo ul li": { padding: "0 !important", fontFamily: "inherit" },
    ".cm-lsp-documentation": { padding: "2px 14px", maxWidth: "min(680px, 92vw)" },
    ".cm-lsp-documentation p, .cm-completionInfo p": { margin: "8px 0" },
    ".cm-lsp-documentation ul, .cm-completionInfo ul": { margin: "8px 0", paddingLeft: "20px" },
    ".cm-tooltip code": { background: "#2b3050", borderRadius: "3px", padding: "0 4px" },
    ".cm-tooltip pre": { background: ground, borderRadius: "4px", padding: "8px 10px", margin: "8px 0" },
    ".cm-tooltip pre code": { background: "none", padding: "0" },
    ".cm-tooltip table": { borderCollapse: "collapse", margin: "8px 0" },
    ".cm-tooltip th, .cm-tooltip td": { padding: "1px 14px 1px 0", borderBottom: `1px solid ${line}` },
  },
  { dark: true },
);
