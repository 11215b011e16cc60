import assert from 'node:assert/strict';

/** A sample of an exposition: its value, by name and labels. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const VALUE = '[+-]?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf)|NaN';
const LINE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (${VALUE})$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/y;
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  counter: ['', '_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/**
 * Reads Prometheus' text format, or OpenMetrics, more strictly than either does: HELP and TYPE stand
 * before the samples of each family, which are together; none is there twice; buckets add up.
 */
export function parseExposition(text: string): Sample[] {
  assert.ok(text.endsWith('\n'));
  const lines = text.slice(0, -1).split('\n');
  const isOpen = lines.at(-1) === '# EOF';
  if (isOpen) lines.pop();
  const families = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  let family = '';
  let type = '';
  for (const line of lines) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') {
      assert.ok(!families.has(name), `${name} is there twice`);
      families.add(name);
      [family, type] = [name, ''];
    } else if (word === 'TYPE') {
      assert.equal(name, family);
      assert.ok(Object.hasOwn(ENDINGS, rest), line);
      type = rest;
    } else {
      const sample = sampleOf(line);
      const endings = isOpen && type === 'counter' ? ['_total'] : (ENDINGS[type] ?? []);
      assert.ok(
        endings.some((ending) => sample.name === family + ending),
        line,
      );
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      assert.ok(!seen.has(key), `${line} is there twice`);
      seen.add(key);
      samples.push(sample);
    }
  }
  checkBuckets(samples);
  return samples;
}

function sampleOf(line: string): Sample {
  const [, name = '', inside = '', value = ''] = LINE.exec(line) ?? [];
  assert.notEqual(name, '', `no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const [, label = '', text = ''] = LABEL.exec(inside) ?? assert.fail(`no label: ${line}`);
    labels[label] = text.replace(/\\(.)/g, (_, one) => (one === 'n' ? '\n' : one));
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

function checkBuckets(samples: readonly Sample[]): void {
  const last = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = `${name.replace(/_(bucket|count)$/, '')} ${JSON.stringify(rest)}`;
    if (le !== undefined) assert.ok(value >= (last.get(key) ?? 0), `${key}: le=${le}`);
    if (le !== undefined) last.set(key, value);
    else if (name.endsWith('_count')) assert.equal(value, last.get(key), key);
  }
}

/** The sum of all samples of a name that have some labels. */
export function total(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, one]) => sample.labels[key] === one))
    .reduce((sum, { value }) => sum + value, 0);
}
