// What of a quota is shown: the storage, or the number of messages if that is the limit that the
// account is nearest to.
import type { Quota } from "../api/types.ts";
import type { Catalogue } from "../i18n/en.ts";
import { sizeText } from "./format.ts";

export interface Nearest {
  /** The part of the limit that is used, from 0 to 1; null if there is no limit. */
  part: number | null;
  text: string;
}

export function quotaNearest(quota: Quota, language: string, words: Catalogue): Nearest {
  const size = (octets: number) => sizeText(octets, language, words.time.bytes);
  const count = (n: number) => new Intl.NumberFormat(language).format(n);
  const { octets, octetsMax, messages, messagesMax } = quota;
  const stored = octetsMax === null ? -1 : octets / octetsMax;
  const counted = messagesMax === null ? -1 : messages / messagesMax;
  // People think of a mailbox in gigabytes; the number of messages matters once it fills up.
  const matters = quota.fullness !== "room" || octetsMax === null;
  if (messagesMax !== null && counted > stored && matters)
    return { part: whole(counted), text: words.quota.count(count(messages), count(messagesMax)) };
  if (octetsMax !== null)
    return { part: whole(stored), text: words.quota.used(size(octets), size(octetsMax)) };
  return { part: null, text: words.quota.unlimited(size(octets)) };
}

const whole = (part: number) => Math.min(1, part);
