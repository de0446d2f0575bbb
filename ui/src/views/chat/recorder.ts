// Recording with the microphone of this computer: octets, how long, and how loud it was.
import { background } from "../../lib/background.ts";

/** What is asked for, the first that the browser records. */
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const ENDINGS = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" } as const;
const LEVEL_EVERY_MS = 50;
const PIECE_MS = 1_000;
const BITS_PER_SECOND = 32_000;
/** As many levels are kept as the server takes. */
export const LEVELS_MAX = 100;

export interface Recording {
  file: File;
  lengthMs: number;
  levels: number[];
}

/** Why nothing is recorded. */
export type Hindrance = "refused" | "none" | "cannot" | "elsewhere";

export class NoRecording extends Error {
  readonly why: Hindrance;

  constructor(why: Hindrance) {
    super(why);
    this.why = why;
  }
}

export interface RecorderHooks {
  /** Called often, with how long it is and how loud, from 0 to 255. */
  moved(ms: number, level: number): void;
  /** Called when the recording is as long as it may be, or the microphone is gone. */
  ended(): void;
}

/** Whether the page was loaded as one that may use the microphone. Not every browser tells. */
function isAllowedHere(): boolean {
  const { featurePolicy } = document as {
    featurePolicy?: { allowsFeature(name: string): boolean };
  };
  return featurePolicy?.allowsFeature("microphone") ?? true;
}

/** Whether the document was loaded as the page of chat, whatever it shows now. */
function isChatDocument(): boolean {
  const [loaded] = performance.getEntriesByType("navigation");
  return loaded === undefined || new URL(loaded.name).pathname.split("/")[1] === "chat";
}

async function microphone(): Promise<MediaStream> {
  if (!isAllowedHere()) throw new NoRecording("elsewhere");
  const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
  if (mediaDevices === undefined || typeof MediaRecorder === "undefined")
    throw new NoRecording("cannot");
  try {
    return await mediaDevices.getUserMedia({ audio: true });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError")
      throw new NoRecording(isChatDocument() ? "refused" : "elsewhere");
    throw new NoRecording("none");
  }
}

/** At most as many levels as are kept, each the loudest of its part. */
export function levelsOf(all: number[]): number[] {
  const count = Math.min(LEVELS_MAX, all.length);
  return Array.from({ length: count }, (_, at) => {
    const part = all.slice(
      Math.floor((at * all.length) / count),
      Math.floor(((at + 1) * all.length) / count),
    );
    return Math.max(...part);
  });
}

export class Recorder {
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;
  readonly #context = new AudioContext();
  readonly #pieces: Blob[] = [];
  readonly #levels: number[] = [];
  readonly #began = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(stream: MediaStream, maxMs: number, hooks: RecorderHooks) {
    this.#stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const audioBitsPerSecond = BITS_PER_SECOND;
    this.#recorder = new MediaRecorder(stream, {
      audioBitsPerSecond,
      ...(mimeType === undefined ? {} : { mimeType }),
    });
    this.#recorder.ondataavailable = ({ data }) => this.#pieces.push(data);
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1_024;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples);
      const peak = samples.reduce((most, one) => Math.max(most, Math.abs(one - 128)), 0);
      const level = Math.min(255, peak * 2);
      this.#levels.push(level);
      const ms = performance.now() - this.#began;
      hooks.moved(ms, level);
      if (ms >= maxMs) hooks.ended();
    }, LEVEL_EVERY_MS);
    for (const track of stream.getTracks()) track.onended = () => hooks.ended();
    this.#recorder.start(PIECE_MS);
  }

  /** Begins to record, once the user allows it. */
  static async begin(maxMs: number, hooks: RecorderHooks): Promise<Recorder> {
    const stream = await microphone();
    try {
      return new Recorder(stream, maxMs, hooks);
    } catch {
      for (const track of stream.getTracks()) track.stop();
      throw new NoRecording("cannot");
    }
  }

  async stop(maxMs: number): Promise<Recording> {
    const lengthMs = Math.max(1, Math.min(maxMs, Math.round(performance.now() - this.#began)));
    const stopped = new Promise((resolve) => (this.#recorder.onstop = resolve));
    if (this.#recorder.state !== "inactive") {
      this.#recorder.stop();
      await stopped;
    }
    this.cancel();
    const type = (this.#recorder.mimeType || "audio/webm").split(";")[0] ?? "";
    const ending = ENDINGS[type as keyof typeof ENDINGS] ?? "webm";
    const file = new File(this.#pieces, `voice.${ending}`, { type });
    return { file, lengthMs, levels: levelsOf(this.#levels) };
  }

  /** Lets the microphone go. */
  cancel(): void {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.#context.state !== "closed")
      void background("letting the microphone go", this.#context.close());
  }
}
