// Whom a line is meant for in particular: `@` and the name of somebody who is in the room.

interface Named {
  id: string;
  name: string;
}

/** How many are offered at once, and how many a line may mention. */
const OFFERED_MAX = 6;
const MENTIONS_MAX = 50;

/** What is typed of a name before the caret, behind an `@`; `null` if nothing is. */
export function begun(text: string, caret: number): string | null {
  return /(?:^|\s)@([^\s@]{0,40})$/u.exec(text.slice(0, caret))?.[1] ?? null;
}

/** Those whose name, or a word of it, begins so. */
export function offered<One extends Named>(all: One[], begin: string): One[] {
  const wanted = begin.toLocaleLowerCase();
  const fits = ({ name }: One) =>
    [name, ...name.split(/\s+/u)].some((word) => word.toLocaleLowerCase().startsWith(wanted));
  return all.filter(fits).slice(0, OFFERED_MAX);
}

/** The text with a name in place of what was typed of it, and where the caret stands then. */
export function completed(text: string, caret: number, name: string): [string, number] {
  const before = text.slice(0, caret - (begun(text, caret) ?? "").length);
  const whole = `${before}${name} `;
  return [whole + text.slice(caret).replace(/^ /u, ""), whole.length];
}

/** The IDs of those whom a text names. */
export function mentioned(all: Named[], text: string): string[] {
  const isNamed = ({ name }: Named) => {
    for (let at = text.indexOf(`@${name}`); at >= 0; at = text.indexOf(`@${name}`, at + 1)) {
      // "@Dan" is not in "@Dana".
      if (!/^[\p{L}\p{N}]/u.test(text.slice(at + name.length + 1))) return true;
    }
    return false;
  };
  return all
    .filter(isNamed)
    .slice(0, MENTIONS_MAX)
    .map(({ id }) => id);
}
