// The reply of an outside recipient. Recipients, subject and quotation come from the server; only
// the text and the files are the recipient's. The draft is created once there is something to save.
import { ApiError, Unreachable } from "../../api/client.ts";
import * as api from "../../api/sending.ts";
import { language, t } from "../../i18n/index.svelte.ts";
import { reason } from "../../lib/reason.ts";
import { Message } from "../../state/message.svelte.ts";

type Phase = "writing" | "sending" | "sent";

export class Reply extends Message {
  phase = $state<Phase>("writing");
  notice = $state("");
  sent = $state.raw<api.Submission | null>(null);

  readonly about: string;
  #quote = "";

  constructor(about: string) {
    super();
    this.about = about;
  }

  /** Restores a saved reply. Viewing a message creates no draft. */
  async resume(): Promise<void> {
    const { items } = await api.draftList();
    const listed = items.find(
      ({ related }) => related?.reference === this.about && related.kind === "reply",
    );
    if (listed === undefined) return;
    const found = await api.draftRead(listed.id);
    if (this.draft !== null || this.text !== "") return;
    this.draft = found;
    this.text = found.text;
    this.takeFiles(found);
    this.notice = t().portal.replyResumed;
  }

  protected override mayKeep(): boolean {
    return this.phase === "writing";
  }

  async send(): Promise<void> {
    if (this.phase === "sending") return;
    this.problem = this.#hindrance();
    if (this.problem !== "") return;
    this.phase = "sending";
    this.rest();
    try {
      const draft = await this.save();
      this.sent = await api.submit(draft, this.idempotencyKey);
      this.phase = "sent";
    } catch (error) {
      this.problem = explain(error);
      this.phase = "writing";
    }
  }

  async undo(): Promise<void> {
    if (this.sent === null) return;
    try {
      this.draft = await api.undo(this.sent.reference);
      this.sent = null;
      this.phase = "writing";
      this.touch();
      this.notice = t().portal.undone;
    } catch (error) {
      const isLate = error instanceof ApiError && error.code === "too-late";
      this.problem = isLate ? t().portal.undoLate : explain(error);
    }
  }

  /** The page is being left: uploads stop, and the text is saved. */
  leave(): void {
    this.stopUploads();
    void this.saveQuietly();
  }

  #hindrance(): string {
    if (this.filesMissing === "going") return t().portal.stillUploading;
    if (this.filesMissing === "broken") return t().portal.uploadsBroken;
    return this.text.trim() === "" && this.files.length === 0 ? t().portal.empty : "";
  }

  protected override touch(): void {
    super.touch();
    this.notice = "";
  }

  protected override async write(): Promise<api.Draft> {
    if (this.draft === null) {
      this.draft = await api.draftFrom(this.about, "reply", language());
      this.#quote = this.draft.text.trim();
    }
    return this.#put(this.draft);
  }

  async #put(draft: api.Draft): Promise<api.Draft> {
    try {
      return await api.draftSave(draft.id, draft.version, this.#content(draft));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "edited-elsewhere") throw error;
      // The reply was edited in another tab. What this page shows wins.
      const newer = await api.draftRead(draft.id);
      return await api.draftSave(newer.id, newer.version, this.#content(newer));
    }
  }

  #content(draft: api.Draft): api.Content {
    const { to, cc, bcc, subject, related, choices, signed } = draft;
    const text = [this.text.trimEnd(), this.#quote].filter((part) => part !== "").join("\n\n");
    const attachments = this.attachments();
    return { to, cc, bcc, subject, text, html: null, attachments, related, choices, signed };
  }
}

function explain(error: unknown): string {
  if (error instanceof Unreachable) return t().portal.sendUnsure;
  if (!(error instanceof ApiError)) return t().portal.sendFailed(String(error));
  if (error.code === "consent-required") return t().portal.wouldBeClear;
  return t().portal.sendFailed(reason(error));
}
