// The text/event-stream grammar (WHATWG HTML §9.2.6), as much as the daemon uses.

export interface ServerEvent {
  event: string;
  data: string;
  id: string | null;
}

/** Takes chunks as they arrive and gives back the events they complete. */
export class EventParser {
  #rest = "";
  #event: ServerEvent = { event: "message", data: "", id: null };
  #decoder = new TextDecoder();

  push(chunk: Uint8Array): ServerEvent[] {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    // A CR at the end may be half of a CRLF whose other half is still on its way.
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
