// Links in the message editor: what is typed or pasted as an address becomes one.
import type { MarkType, Node } from "prosemirror-model";
import { Plugin, type Command, type EditorState, type Transaction } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { hrefTyped } from "./href.ts";

/** A link that the cursor or the selection is in. */
export interface LinkAt {
  href: string;
  from: number;
  to: number;
}

/** The link at the cursor, or the first one in the selection. */
export function linkAt(state: EditorState, link: MarkType): LinkAt | null {
  const { $from, from, to, empty } = state.selection;
  const beside = [$from.nodeBefore, $from.nodeAfter].map((node) => link.isInSet(node?.marks ?? []));
  const marked = empty ? (beside[0] ?? beside[1]) : firstIn(state.doc, from, to, link);
  if (!marked) return null;
  const href = marked.attrs["href"] as string;
  let [start, end] = [-1, -1];
  let found: LinkAt | null = null;
  $from.parent.forEach((child, offset) => {
    const at = $from.start() + offset;
    if (!marked.isInSet(child.marks)) return;
    if (end !== at) start = at;
    end = at + child.nodeSize;
    if (start <= to && end >= from) found = { href, from: start, to: end };
  });
  return found;
}

function firstIn(doc: Node, from: number, to: number, link: MarkType) {
  let found: ReturnType<MarkType["isInSet"]>;
  doc.nodesBetween(from, to, (node) => {
    found ??= link.isInSet(node.marks);
  });
  return found;
}

/** Makes the selection a link, or inserts one; changes or, without an address, removes the one there. */
export function linkSet(link: MarkType, href: string | null): Command {
  return (state, dispatch) => {
    const there = linkAt(state, link);
    const { from, to, empty } = state.selection;
    const range = there && empty ? there : { from, to };
    const tr = state.tr.removeMark(range.from, range.to, link);
    if (href !== null && range.from === range.to) {
      const shown = state.schema.text(href.replace(/^mailto:/i, ""), [link.create({ href })]);
      tr.replaceSelectionWith(shown, false);
    } else if (href !== null) {
      tr.addMark(range.from, range.to, link.create({ href }));
    }
    dispatch?.(tr.removeStoredMark(link).scrollIntoView());
    return true;
  };
}

/** Makes a link of the word before the cursor, if it is the address of something. */
export function wordLinked(state: EditorState, link: MarkType): Transaction | null {
  const { $from, empty } = state.selection;
  if (!empty || !$from.parent.inlineContent || !$from.parent.type.allowsMarkType(link)) return null;
  const before = $from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc");
  const found = /[^\s\ufffc(<"'«„“]+$/u.exec(before)?.[0] ?? "";
  // The end of a sentence is not part of the address.
  const word = found.replace(/[.,;:!?)\]}'"»“”…]+$/u, "");
  const href = hrefTyped(word);
  if (href === null) return null;
  const from = $from.pos - found.length;
  const to = from + word.length;
  return state.doc.rangeHasMark(from, to, link)
    ? null
    : state.tr.addMark(from, to, link.create({ href })).removeStoredMark(link);
}

/** Links what is typed and pasted. */
export function linksPlugin(link: MarkType): Plugin {
  const word = (view: EditorView) => {
    const tr = wordLinked(view.state, link);
    if (tr) view.dispatch(tr);
    return false;
  };
  return new Plugin({
    props: {
      handleTextInput: (view, _from, _to, text) => /^\s$/.test(text) && word(view),
      handleKeyDown: (view, event) => event.key === "Enter" && !event.isComposing && word(view),
      handlePaste(view, event) {
        const href = hrefTyped(event.clipboardData?.getData("text/plain").trim() ?? "");
        return href !== null && linkSet(link, href)(view.state, view.dispatch);
      },
    },
  });
}
