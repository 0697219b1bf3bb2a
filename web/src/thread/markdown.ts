import DOMPurify from "dompurify";
import MarkdownIt, { type MarkdownIt as Parser } from "markdown-it";

import type { Citation } from "../api/contract";

/** What marks are rendered with: what they cite, and how each is announced. */
export interface Marks {
  citations: readonly Citation[];
  label: (citation: Citation) => string;
}

const MARK = /^\[(\d{1,3})\](?!\()/;
const TAGS = [
  "a",
  "blockquote",
  "br",
  "button",
  "code",
  "del",
  "em",
  "h3",
  "h4",
  "h5",
  "h6",
  "hr",
  "li",
  "ol",
  "p",
  "pre",
  "s",
  "strong",
  "table",
  "tbody",
  "td",
  "th",
  "thead",
  "tr",
  "ul",
  "div",
];
const ATTRIBUTES = [
  "aria-label",
  "class",
  "data-cite",
  "disabled",
  "href",
  "rel",
  "start",
  "tabindex",
  "target",
  "type",
];

const parser = made();

/** The Markdown of an answer as safe HTML; `[n]` becomes a button that opens the source. */
export function answerHtml(text: string, marks: Marks): string {
  return DOMPurify.sanitize(parser.render(text, { marks }), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  });
}

// Bold words between spaces or punctuation; not `f(**options)` or `2**8`.
const BOLD = /(^|[\s(["“'‘])\*\*(?=\S)((?:\\.|[^\\*\n])+?)\*\*(?=$|[\s.,;:!?)\]"”'’])/gm;

/** The words of an answer without marks and markup, for the clipboard and for announcements. */
export function answerPlain(text: string): string {
  const unmarked = text.replace(/ ?(?<!\\)\[\d{1,3}\](?!\()/g, "").replace(BOLD, "$1$2");
  return unmarked.replace(/\\([!-/:-@[-`{-~])/g, "$1").trim();
}

function made(): Parser {
  const parser = new MarkdownIt({ html: false, linkify: true, breaks: true });
  parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
  parser.disable("image");
  parser.inline.ruler.before("link", "citation", (state, silent) => {
    const number = Number(MARK.exec(state.src.slice(state.pos, state.pos + 6))?.[1] ?? 0);
    if (!number) return false;
    if (!silent) state.push("citation", "", 0).meta = { number };
    state.pos += String(number).length + 2;
    return true;
  });
  parser.renderer.rules["citation"] = (tokens, index, _, env) =>
    mark(Number(tokens[index]?.meta?.["number"]), env?.["marks"] as Marks, parser);
  parser.renderer.rules["link_open"] = (tokens, index, options, _, self) => {
    tokens[index]?.attrSet("target", "_blank");
    tokens[index]?.attrSet("rel", "noopener noreferrer nofollow");
    return self.renderToken(tokens, index, options);
  };
  parser.renderer.rules["table_open"] = () => '<div class="table" tabindex="0"><table>';
  parser.renderer.rules["table_close"] = () => "</table></div>";
  parser.core.ruler.push("classes", (state) => {
    for (const token of state.tokens) {
      for (const [index, child] of (token.children ?? []).entries()) {
        const before = token.children?.[index - 1];
        // A mark stays on the line of the word that it belongs to.
        if (child.type === "citation" && before) before.content = before.content.replace(/ $/, "\u00a0");
      }
      if (/^heading_/.test(token.type)) token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 2)}`;
      // The page's policy allows no style in the text, so a column's side becomes a class.
      const side = /text-align:\s*(\w+)/.exec(String(token.attrGet("style") ?? ""))?.[1];
      if (!side) continue;
      token.attrs = (token.attrs ?? []).filter(([name]) => name !== "style");
      token.attrSet("class", `side-${side}`);
    }
  });
  return parser;
}

function mark(number: number, marks: Marks, parser: Parser): string {
  const citation = marks.citations.find((one) => one.number === number);
  // Marks of an answer that is still being written lead nowhere yet.
  if (!citation)
    return marks.citations.length ? `[${number}]` : `<button class="cite" type="button" disabled>${number}</button>`;
  const label = parser.utils.escapeHtml(marks.label(citation));
  return `<button class="cite" type="button" data-cite="${number}" aria-label="${label}">${number}</button>`;
}
