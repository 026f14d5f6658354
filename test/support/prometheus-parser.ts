/** Reads the Prometheus text exposition format 0.0.4 and takes nothing that is not in it. */

export interface PrometheusFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly PrometheusSample[];
}
interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const nameText = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const types = ['counter', 'gauge', 'histogram'];

/** Throws on the first line that is wrong: families in one piece with HELP and TYPE before them, no series twice, histograms whose buckets rise to their count. */
export function parsePrometheus(text: string): ReadonlyMap<string, PrometheusFamily> {
  const families = new Map<string, PrometheusFamily & { readonly samples: PrometheusSample[] }>();
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  let current = '';
  let help: readonly [name: string, text: string] | undefined;
  const series = new Set<string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const helped = new RegExp(`^# HELP (${nameText}) ([^]*)$`).exec(line);
    const typed = new RegExp(`^# TYPE (${nameText}) (\\w+)$`).exec(line);
    if (helped !== null) {
      if (families.has(helped[1]!)) fail('a family twice');
      help = [helped[1]!, unescaped(helped[2]!, false)];
    } else if (typed !== null) {
      const [, name = '', type = ''] = typed;
      if (help?.[0] !== name || !types.includes(type)) fail('a type without its help');
      current = name;
      families.set(name, { type, help: help![1], samples: [] });
      help = undefined;
    } else {
      const family = families.get(current) ?? fail('a sample without a family');
      const sample = sampleOf(line, fail);
      const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!suffixes.some((suffix) => sample.name === `${current}${suffix}`))
        fail('a sample of another family');
      if (family.type === 'counter' && (!current.endsWith('_total') || sample.value < 0)) fail('no counter');
      const key = JSON.stringify([
        sample.name,
        Object.entries(sample.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ]);
      if (series.has(key)) fail('a series twice');
      series.add(key);
      family.samples.push(sample);
    }
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkHistogram(name, samples);
  return families;
}

function sampleOf(line: string, fail: (why: string) => never): PrometheusSample {
  const [, name = ''] = new RegExp(`^(${nameText})`).exec(line) ?? fail('no sample');
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const [whole = '', label = '', value = ''] =
        /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|(?=\}))/.exec(rest) ?? fail('no label');
      if (label in labels) fail('a label twice');
      labels[label] = unescaped(value, true);
      rest = rest.slice(whole.length);
    }
    rest = rest.slice(1);
  }
  const [, number = ''] = /^ (\+Inf|-Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(rest) ?? fail('no value');
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) };
}

function unescaped(text: string, isLabel: boolean): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => {
    if (letter === 'n') return '\n';
    if (letter === '\\' || (isLabel && letter === '"')) return letter;
    throw new Error(`\\${letter} in ${text}`);
  });
}

function checkHistogram(name: string, samples: readonly PrometheusSample[]): void {
  const groups = new Map<string, PrometheusSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels['le']!.replace('Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const rises = (values: readonly number[]): boolean =>
      values.every((value, index) => index === 0 || value >= values[index - 1]!);
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    if (!rises(bounds) || !rises(counts) || bounds.at(-1) !== Infinity || counts.at(-1) !== count)
      throw new Error(`${name}: its buckets are ${bounds.join(' ')}: ${counts.join(' ')} of ${count}`);
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no sum`);
  }
}
