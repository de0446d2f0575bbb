// What the rail and the title show of other places.
export const badge = $state({
  /** How many lines are unread in the chat. */
  chat: 0,
});
