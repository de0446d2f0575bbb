// The shapes of the HTTP contract by name. They are made from `docs/openapi.json`
// (build/wire.js), so that none is written twice.
import type { components } from "../../generated/wire.d.ts";

type Schemas = components["schemas"];

/** What a request carries: what is optional may be left out. */
export type Asked<Name extends keyof Schemas> = Schemas[Name];

/** What the daemon answers. It leaves no field out: what there is none of is `null`. */
export type Answered<Name extends keyof Schemas> = Whole<Schemas[Name]>;

type Whole<T> = T extends readonly (infer One)[]
  ? Whole<One>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<T[Key]> }
    : T;
