// The text of a post, split into what is shown.
import { expect, test } from "vitest";
import { marked, quotation, spans } from "../src/lib/marked.ts";

test("marks within a line", () => {
  expect(spans("a **b c** d *e* `f*g*`")).toEqual([
    { kind: "text", text: "a " },
    { kind: "bold", text: "b c" },
    { kind: "text", text: " d " },
    { kind: "slanted", text: "e" },
    { kind: "text", text: " " },
    { kind: "typed", text: "f*g*" },
  ]);
  for (const plain of ["2 * 3 * 4", "**", "* a*b", "<b>x</b>", ""])
    expect(spans(plain)).toEqual([{ kind: "text", text: plain }]);
});

test("blocks of lines", () => {
  const text = "One\ntwo\n\n> said\n> > before\n\n- a\n* b\n1. c\n```\n- **d**\n```\nend";
  const kinds = marked(text).map((one) => one.kind);
  expect(kinds).toEqual(["text", "quote", "list", "list", "typed", "text"]);
  const [, quote, , numbered, typed] = marked(text);
  expect(quote?.kind === "quote" && quote.blocks.map((one) => one.kind)).toEqual(["text", "quote"]);
  expect(numbered).toMatchObject({ numbered: true, items: [[{ text: "c" }]] });
  expect(typed).toMatchObject({ text: "- **d**" });
  expect(marked("```\nnever closed")).toEqual([{ kind: "typed", text: "never closed" }]);
});

test("every text ends, however deep its quotations are, and loses no line", () => {
  const deep = `${">".repeat(2_000)} end`;
  expect(JSON.stringify(marked(deep))).toContain("end");
  for (const text of [">", "- ", "1.", "```", "*\n>\n-", "\r\n\r\n", "> ```\n> x"]) marked(text);
});

test("a quotation is one when it is shown", () => {
  const [who, quote] = marked(`${quotation("Noa", "a\n\nb")}mine`);
  expect(who).toMatchObject({ lines: [[{ kind: "bold", text: "Noa" }]] });
  expect(quote).toMatchObject({ kind: "quote", blocks: [{ kind: "text" }, { kind: "text" }] });
});
