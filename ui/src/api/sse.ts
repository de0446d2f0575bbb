// A parser of text/event-stream (WHATWG HTML §9.2.6), as far as the daemon uses it.

export interface ServerEvent {
  event: string;
  data: string;
  id: string | null;
}

/** Takes chunks as they arrive and returns the events that they complete. */
export class EventParser {
  #rest = "";
  #event: ServerEvent = { event: "message", data: "", id: null };
  #decoder = new TextDecoder();

  push(chunk: Uint8Array): ServerEvent[] {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    // A CR at the end may be the first half of a CRLF whose second half is still to come.
    const half = text.endsWith("\r") ? "\r" : "";
    const lines = text.slice(0, text.length - half.length).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + half;
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event.event = value;
    if (field === "data") this.#event.data += (this.#event.data ? "\n" : "") + value;
    if (field === "id") this.#event.id = value;
    return [];
  }

  #dispatch(): ServerEvent[] {
    const done = this.#event;
    this.#event = { event: "message", data: "", id: null };
    return done.data === "" ? [] : [done];
  }
}
