// A request made by a form: one at a time, with the reason why the last one was refused.

export class Attempt {
  busy = $state(false);
  problem = $state("");

  /** Runs `act` unless one is already running. A failure becomes a text in `problem`. */
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
