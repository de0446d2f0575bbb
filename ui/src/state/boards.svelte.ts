// What the pages know of boards: how often something there changed. They read it again then.
class Boards {
  changes = $state(0);

  changed(): void {
    this.changes += 1;
  }
}

export const boards = new Boards();
