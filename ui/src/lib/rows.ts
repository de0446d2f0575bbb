// Rows of a list of which only those in view are drawn.

/**
 * A row is never hidden. The list would hide one until it has been measured, and of those it has, the last one
 * whenever a row is added anywhere: what is hidden loses the focus, and a key that is pressed then does nothing.
 */
export const SHOWN = { style: { visibility: "inherit" } };
