// Something asked of the server by a form: once at a time, and why it was refused last.

export class Attempt {
  busy = $state(false);
  problem = $state("");

  /** Runs unless the one before is still under way. What fails becomes a sentence. */
  async run(act: () => Promise<void>, explain: (error: unknown) => string): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = "";
    try {
      await act();
    } catch (error) {
      this.problem = explain(error);
    } finally {
      this.busy = false;
    }
  }
}
