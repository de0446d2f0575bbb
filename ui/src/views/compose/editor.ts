// ProseMirror with exactly the schema that the server accepts.
import { baseKeymap, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { DOMSerializer, Schema, type MarkType, type Node, type NodeType } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { EditorState, type Command } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { linkAt, linksPlugin, linkSet } from "./links.ts";

export const marks = ["strong", "em", "u", "s", "ul", "ol", "blockquote", "pre"] as const;
export type Mark = (typeof marks)[number];

export const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: {
      content: "inline*",
      group: "block",
      parseDOM: [{ tag: "p" }],
      toDOM: () => ["p", 0],
    },
    blockquote: {
      content: "block+",
      group: "block",
      parseDOM: [{ tag: "blockquote" }],
      toDOM: () => ["blockquote", 0],
    },
    pre: {
      content: "text*",
      marks: "",
      group: "block",
      code: true,
      parseDOM: [{ tag: "pre", preserveWhitespace: "full" }],
      toDOM: () => ["pre", ["code", 0]],
    },
    ul: {
      content: "li+",
      group: "block",
      parseDOM: [{ tag: "ul" }],
      toDOM: () => ["ul", 0],
    },
    ol: {
      content: "li+",
      group: "block",
      parseDOM: [{ tag: "ol" }],
      toDOM: () => ["ol", 0],
    },
    li: { content: "paragraph block*", parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
    text: { group: "inline" },
    br: {
      inline: true,
      group: "inline",
      selectable: false,
      parseDOM: [{ tag: "br" }],
      toDOM: () => ["br"],
    },
    img: {
      attrs: { id: {}, alt: {} },
      inline: true,
      group: "inline",
      draggable: true,
      parseDOM: [
        {
          tag: 'img[src^="cid:"]',
          getAttrs: (image) => ({
            id: image.getAttribute("src")?.slice(4),
            alt: image.getAttribute("alt") ?? "",
          }),
        },
      ],
      toDOM: ({ attrs }) => ["img", { src: `cid:${attrs["id"]}`, alt: attrs["alt"] as string }],
    },
  },
  marks: {
    strong: { parseDOM: [{ tag: "strong" }, { tag: "b" }], toDOM: () => ["strong", 0] },
    em: { parseDOM: [{ tag: "em" }, { tag: "i" }], toDOM: () => ["em", 0] },
    u: { parseDOM: [{ tag: "u" }], toDOM: () => ["u", 0] },
    s: { parseDOM: [{ tag: "s" }, { tag: "del" }], toDOM: () => ["s", 0] },
    code: { parseDOM: [{ tag: "code" }], toDOM: () => ["code", 0] },
    link: {
      attrs: { href: {} },
      inclusive: false,
      parseDOM: [
        {
          tag: "a[href]",
          getAttrs: (element) => {
            const href = element.getAttribute("href") ?? "";
            return /^(https?|mailto):/i.test(href) ? { href } : false;
          },
        },
      ],
      toDOM: (mark) => ["a", { href: mark.attrs["href"] as string }, 0],
    },
  },
});

/** A position in the text, which follows its changes. */
export interface Place {
  at: number;
}

export interface Editor {
  readonly view: EditorView;
  /** What is held, in the order in which it was. */
  readonly places: Place[];
  toggle(mark: Mark): void;
  /** Makes the selection a link, or the link there another one or none. */
  link(href: string | null): void;
  /** Holds the place under the pointer of an event, or the one after what is selected. */
  hold(event: Event | null): Place;
  focus(): void;
  destroy(): void;
}

interface Options {
  html: string | null;
  text: string;
  label: string;
  onchange: (html: string, text: string) => void;
  /** Called with the formats that are active at the cursor, and the address of the link there. */
  onactive: (marks: ReadonlySet<Mark>, href: string | null) => void;
  /** Called to show the octets of a picture. */
  onpicture?: (image: HTMLImageElement, id: string) => void;
  /** Called when the user asks for a link by its key. */
  onlink?: () => void;
  onsend: () => void;
}

/** Returns the formats that are active at the cursor, or in the whole selection. */
export function activeOf(state: EditorState): ReadonlySet<Mark> {
  const { $from, from, to, empty } = state.selection;
  const around = new Set<string>();
  for (let depth = $from.depth; depth > 0; depth -= 1) around.add($from.node(depth).type.name);
  const stored = state.storedMarks ?? $from.marks();
  return new Set(
    marks.filter((mark) => {
      const type = schema.marks[mark];
      if (type === undefined) return around.has(mark);
      return empty ? type.isInSet(stored) !== undefined : state.doc.rangeHasMark(from, to, type);
    }),
  );
}

export function editorStart(holder: HTMLElement, options: Options): Editor {
  const send: Command = () => {
    options.onsend();
    return true;
  };
  const item = nodeOf("li");
  const link = markOf("link");
  const state = EditorState.create({
    doc: documentOf(options.html === null ? options.text : ""),
    plugins: [
      history(),
      linksPlugin(link),
      keymap({
        "Mod-z": undo,
        "Mod-y": redo,
        "Shift-Mod-z": redo,
        "Mod-b": toggleMark(markOf("strong")),
        "Mod-i": toggleMark(markOf("em")),
        "Mod-u": toggleMark(markOf("u")),
        "Mod-k": () => {
          options.onlink?.();
          return true;
        },
        "Mod-Enter": send,
        Enter: splitListItem(item),
        "Mod-]": sinkListItem(item),
        "Mod-[": liftListItem(item),
      }),
      keymap(baseKeymap),
    ],
  });
  const places: Place[] = [];
  let begun = false;
  const view = new EditorView(holder, {
    state,
    attributes: {
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": options.label,
      dir: "auto",
      "data-testid": "composer-body",
    },
    nodeViews: {
      // Its source is no address that a browser can load.
      img: ({ attrs }) => {
        const image = document.createElement("img");
        image.alt = attrs["alt"] as string;
        options.onpicture?.(image, attrs["id"] as string);
        return { dom: image };
      },
    },
    dispatchTransaction(transaction) {
      const next = view.state.apply(transaction);
      view.updateState(next);
      for (const place of places) place.at = transaction.mapping.map(place.at, -1);
      options.onactive(activeOf(next), linkAt(next, link)?.href ?? null);
      if (begun && transaction.docChanged) options.onchange(htmlOf(next.doc), textOf(next.doc));
    },
  });
  // HTML enters through the editor's paste handling: only what the schema allows gets through.
  if (options.html !== null) {
    view.pasteHTML(options.html);
    // A new state with this document, so that Undo cannot go back before it.
    const { doc, plugins } = view.state;
    view.updateState(EditorState.create({ doc, plugins }));
  }
  begun = true;
  return {
    view,
    places,
    toggle(mark) {
      commandOf(mark)(view.state, view.dispatch);
      view.focus();
    },
    link(href) {
      linkSet(link, href)(view.state, view.dispatch);
      view.focus();
    },
    hold(event) {
      const { clientX: left, clientY: top } = (event ?? {}) as MouseEvent;
      const under = left ? view.posAtCoords({ left, top }) : null;
      const place = { at: under?.pos ?? view.state.selection.to };
      places.push(place);
      return place;
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function commandOf(mark: Mark): Command {
  if (mark === "ul" || mark === "ol") return wrapInList(nodeOf(mark));
  if (mark === "blockquote") return wrapIn(nodeOf(mark));
  if (mark === "pre")
    return (state, dispatch) => {
      const to = activeOf(state).has("pre") ? "paragraph" : "pre";
      return setBlockType(nodeOf(to))(state, dispatch);
    };
  return toggleMark(markOf(mark));
}

function nodeOf(name: string): NodeType {
  const found = schema.nodes[name];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function markOf(name: string): MarkType {
  const found = schema.marks[name];
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** Returns a document made of lines of text. */
export function documentOf(text: string): Node {
  const paragraph = (line: string) =>
    nodeOf("paragraph").create(null, line === "" ? null : schema.text(line));
  return nodeOf("doc").create(null, text.split("\n").map(paragraph));
}

export function htmlOf(doc: Node): string {
  // In a document that loads nothing, since the source of a picture is no address.
  const inert = document.implementation.createHTMLDocument();
  const serializer = DOMSerializer.fromSchema(schema);
  const fragment = serializer.serializeFragment(doc.content, { document: inert });
  const holder = inert.createElement("div");
  holder.append(fragment);
  return holder.getHTML();
}

export function textOf(doc: Node): string {
  const leaf = ({ attrs }: Node) => (attrs["id"] ? `[${attrs["alt"]}]` : "\n");
  return doc.textBetween(0, doc.content.size, "\n", leaf);
}
