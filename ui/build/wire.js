// Writes the types of the HTTP contract, `generated/wire.d.ts`, from `docs/openapi.json`.
//
// Every npm script that reads the types runs this first. It does nothing if the file was already
// generated from this contract by this script and this generator. The file is not within `src`:
// Cargo watches that folder, and would rebuild because of what its own build wrote.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const CONTRACT = new URL("../../docs/openapi.json", import.meta.url);
const SCRIPT = new URL(import.meta.url);
const GENERATOR = new URL("../node_modules/openapi-typescript/package.json", import.meta.url);
const FOLDER = new URL("../generated/", import.meta.url);
const TYPES = new URL("wire.d.ts", FOLDER);

const hash = createHash("sha256");
for (const input of [CONTRACT, SCRIPT, GENERATOR]) hash.update(readFileSync(input));
const stamp = `// Written by build/wire.js from docs/openapi.json (${hash.digest("hex")}).\n`;

if (!existsSync(TYPES) || !readFileSync(TYPES, "utf8").startsWith(stamp)) {
  const contract = JSON.parse(readFileSync(CONTRACT, "utf8"));
  // A field with a default may be left out of a request, so it stays optional.
  const types = await openapiTS(contract, { defaultNonNullable: false });
  mkdirSync(FOLDER, { recursive: true });
  // Scripts may run at the same time; a reader must always find a complete file.
  const draft = new URL(`wire.d.ts.${process.pid}`, FOLDER);
  writeFileSync(draft, stamp + astToString(types));
  renameSync(draft, TYPES);
}
