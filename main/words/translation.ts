import type { Plural } from './words.js';

/** What a file of another language has to have: each text of the English one, in as many forms. */
export type Translation<T> = { readonly [K in keyof T]: T[K] extends string ? string : Plural };
