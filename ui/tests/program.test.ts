import { expect, test } from "vitest";
import { isProgram } from "../src/lib/program.ts";

test.each([
  ["invoice.html.pdf.exe", true],
  ["Invoice.EXE", true],
  ["invoice.exe. ", true],
  // Shown as "invoiceexe.pdf": what counts is the end, not what is drawn last.
  ["invoice\u202efdp.exe", true],
  ["document.html", true],
  ["budget.xlsm", true],
  ["notes.one", true],
  ["setup.appref-ms", true],
  ["invoice.jnlp", true],
  ["query.iqy", true],
  ["start.desktop", true],
  ["update.appinstaller", true],
  ["page.svgz", true],
  ["disk.vmdk", true],
  ["letter.doc", false],
  ["invoice.xml", false],
  ["report.pdf", false],
  ["exe", false],
  ["photo.jpeg", false],
  ["", false],
])("%j may run code: %s", (name, expected) => {
  expect(isProgram(name)).toBe(expected);
});
