// What the pages know of the calendar and of requests for meetings: how often something there changed.
// They read it again then.
class Schedule {
  changes = $state(0);

  changed(): void {
    this.changes += 1;
  }
}

export const schedule = new Schedule();
