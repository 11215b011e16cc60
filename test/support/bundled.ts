import { readdirSync } from 'node:fs';
import { EXTENSIONS } from '#build/extensions.js';

/** The names of the folders of the extensions that are part of the product, sorted. */
export const BUNDLED: readonly string[] = readdirSync(EXTENSIONS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
