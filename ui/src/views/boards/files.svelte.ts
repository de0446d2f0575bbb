// The files of a post that is being written: they are uploaded as those of a message are, and no draft
// names them.
import * as api from "../../api/sending.ts";
import { background } from "../../lib/background.ts";
import { isStillThere, Message } from "../../state/message.svelte.ts";

/** What was written, with the files that were uploaded, and of a change the ones that stay. */
export interface Written {
  title: string;
  text: string;
  readers: string[];
  files: string[];
  kept: string[];
}

export class PostFiles extends Message {
  protected mayKeep(): boolean {
    return false;
  }

  protected write(): Promise<api.Draft> {
    throw new Error("a post has no draft");
  }

  isPicture(): boolean {
    return false;
  }

  /** Those that are on the server. */
  get uploaded(): string[] {
    return this.attachments();
  }

  get missing(): "going" | "broken" | null {
    return this.filesMissing;
  }

  /** Looks which of them the server still has: a post whose answer was lost may have taken them. */
  async look(): Promise<void> {
    const done = this.files.filter(({ state, upload }) => state === "done" && upload !== null);
    const gone = new Set<number>();
    for (const { key, upload } of done) {
      if (upload !== null && !(await isStillThere(upload))) gone.add(key);
    }
    this.files = this.files.map((one) =>
      gone.has(one.key) ? { ...one, upload: null, state: "failed" } : one,
    );
  }

  /** Begins anew, once they belong to a post. */
  posted(): void {
    this.rest();
    this.files = [];
  }

  /** Ends what is still going on, and removes what no post has. */
  end(): void {
    this.rest();
    this.stopUploads();
    for (const { upload } of this.files) {
      if (upload) void background("removing an attachment", api.uploadDelete(upload.id));
    }
    this.files = [];
  }
}
