/** What the window and the main process say to each other about the window's own life. */

export interface LifeRequests {
  /** The page has kept what it shows, and can be given back as long as nobody looks. */
  'window.rest'(): void;
  /** A key is being recorded, or no more: meanwhile those of the menu do nothing. */
  'window.record'(isRecording: boolean): void;
  /** Shows everything larger (1), smaller (-1), or as large as it comes (0), from now on. */
  'window.zoom'(step: -1 | 0 | 1): void;
}

export interface LifeSubscriptions {
  /** Nobody has looked for a while: whether the page can be given back is for it to say. */
  unseen: undefined;
}
