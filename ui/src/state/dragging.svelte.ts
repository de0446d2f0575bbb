// Messages being dragged to a mailbox. Every act that can be dragged has a button and a key too
// (WCAG 2.5.7).

class Dragging {
  references = $state.raw<string[]>([]);

  start(event: DragEvent, references: string[]): void {
    this.references = references;
    // What another program would get when they are dropped there: nothing of any message.
    event.dataTransfer?.setData("text/plain", "");
    if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
  }

  end(): void {
    this.references = [];
  }
}

export const dragging = new Dragging();
