import type { SettingSchema } from 'picosocks5';
import { text } from '../words/words.js';

/** Which values of an extension's setting are right, in words: as they are to be typed. */
export function expectedOf(schema: SettingSchema): string {
  const { type, minimum, maximum } = schema;
  switch (type) {
    case 'boolean':
      return text('extensions.expected.boolean');
    case 'integer':
    case 'number': {
      const kind = text(`extensions.expected.${type}`);
      const [least, most] = [String(minimum), String(maximum)];
      if (minimum !== undefined && maximum !== undefined) {
        return text('extensions.expected.between', { kind, least, most });
      }
      if (minimum !== undefined) return text('extensions.expected.least', { kind, least });
      return maximum === undefined ? kind : text('extensions.expected.most', { kind, most });
    }
    case 'string':
      return expectedText(schema);
    case 'array':
      return text('extensions.expected.list', { item: expectedText(schema) });
  }
}

function expectedText(schema: SettingSchema): string {
  const { enum: words, pattern, patternErrorMessage: hint, minLength, maxLength } = schema;
  const [least, most] = [String(minLength), String(maxLength)];
  if (words !== undefined) return text('extensions.expected.choice', { choices: words.join(', ') });
  if (hint !== undefined) return text('extensions.expected.hint', { hint });
  if (pattern !== undefined) return text('extensions.expected.like', { pattern: pattern.source });
  if (minLength !== undefined && maxLength !== undefined) {
    return text('extensions.expected.length', { least, most });
  }
  if (minLength !== undefined) return text('extensions.expected.longer', { least });
  if (maxLength !== undefined) return text('extensions.expected.shorter', { most });
  return text('extensions.expected.text');
}
