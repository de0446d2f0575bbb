// The types of the HTTP contract by name. They are generated from `docs/openapi.json`
// (build/wire.js), so that none is written twice.
import type { components } from "../../generated/wire.d.ts";

type Schemas = components["schemas"];

/** The type of a request: optional fields may be left out. */
export type Asked<Name extends keyof Schemas> = Schemas[Name];

/** The type of an answer: the daemon leaves no field out, but sends `null` instead. */
export type Answered<Name extends keyof Schemas> = Whole<Schemas[Name]>;

type Whole<T> = T extends readonly (infer One)[]
  ? Whole<One>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<T[Key]> }
    : T;
