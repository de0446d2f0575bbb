// Messages being dragged to a mailbox. Everything that dragging does can be done with a button and
// a key too (WCAG 2.5.7).

class Dragging {
  references = $state.raw<string[]>([]);

  start(event: DragEvent, references: string[]): void {
    this.references = references;
    // Another program on which they are dropped gets nothing of any message.
    event.dataTransfer?.setData("text/plain", "");
    if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
  }

  end(): void {
    this.references = [];
  }
}

export const dragging = new Dragging();
