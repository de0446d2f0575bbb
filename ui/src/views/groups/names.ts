// How a group is called where its name cannot be read.
import type { Group } from "../../api/groups.ts";
import type { Catalogue } from "../../i18n/en.ts";

export function groupName(group: Group, words: Catalogue): string {
  if (group.name !== null && group.name !== undefined) return group.name;
  const named = group.address ?? null;
  if (named !== null) return named;
  // A manager of the site never reads the name of a group that is not listed.
  const waits = group.role !== "outside" || group.listed;
  return waits ? words.groups.unnamedYet : words.groups.unnamed;
}
