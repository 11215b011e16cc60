/** Texts, each as one value. */
export const strings = { type: 'array', items: { type: 'string' } } as const;
export const count = { type: 'integer', minimum: 0, maximum: 1_000_000 } as const;
export const seconds = { type: 'number', minimum: 0, maximum: 3600 } as const;
