/** What a row has at least. */
export interface TableRow {
  readonly id: number;
}

/** A row that stands for those below it, which it shows or hides. */
export interface Section extends TableRow {
  readonly title: string;
  /** What they come to. */
  readonly facts: string;
  readonly expanded: boolean;
}

export function isSection(row: TableRow): row is Section {
  return 'expanded' in row;
}
