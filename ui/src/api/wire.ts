// The types of the HTTP contract by name. They are generated from `docs/openapi.json`
// (build/wire.js), so that none is written twice.
import type { components, operations } from "../../generated/wire.d.ts";

type Schemas = components["schemas"];

/** The type of a request: optional fields may be left out. */
export type Asked<Name extends keyof Schemas> = Schemas[Name];

/** The query of a request, by the name of its operation. */
export type AskedIn<Name extends keyof operations> = operations[Name] extends {
  parameters: { query?: infer Query };
}
  ? Required<NonNullable<Query>>
  : never;

/** The type of an answer: the daemon leaves no field out, but sends `null` instead. */
export type Answered<Name extends keyof Schemas> = Whole<Schemas[Name]>;

type Whole<T> = T extends readonly (infer One)[]
  ? Whole<One>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<T[Key]> }
    : T;
