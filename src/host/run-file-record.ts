/** The records of a run in a file that may come from anybody: each has the fields that readers of a storage rely on. */
import { shown } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';
import type { KernelRecord } from '../kernel/records.ts';
import { compileSchema } from '../kernel/schema/compile.ts';
import { mismatchOf } from '../kernel/schema/problem.ts';
import type { ArgumentSchema } from '../kernel/schema/types.ts';

/** One line that names the first field that is missing or of another kind; undefined when there is none. What a storage refuses by itself is left to it. */
export function recordProblem(record: object): string | undefined {
  const { type } = record as { readonly type?: unknown };
  const schema = typeof type === 'string' ? schemas.get(type) : undefined;
  if (schema === undefined)
    return `type: ${shown(type)} is not allowed; allowed: ${[...schemas.keys()].join(', ')}`;
  return mismatchOf(schema, record as Json, `${String(type)} record`);
}

type Fields = { readonly [name: string]: Json };

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const pid = { type: 'integer', minimum: 1 };
const amount = { type: 'number' };
const yes = { type: 'boolean' };
const any = {};
const list = (items: Json): Json => ({ type: 'array', items });
const object = (fields: Fields, optional: Fields = {}): Json => ({
  type: 'object',
  properties: { ...fields, ...optional },
  required: Object.keys(fields),
});

const result = {
  anyOf: [
    object({ ok: { const: true }, value: any }),
    object({ ok: { const: false }, code: text, message: text }),
  ],
};
/** A checkpoint's entry of a page table. */
const node = object({
  hash: text,
  tokens: count,
  number: { type: 'integer' },
  pages: count,
  space: text,
  first: { type: 'integer' },
  importance: amount,
  pinned: yes,
});
const place = { branch: text, pid, atUs: amount };
const call = { n: count, index: count, hash: { type: 'integer' }, attempt: count };
const journal = { ...place, seq: pid };

/** But for `v`, `run` and `type`, which all have. */
const fieldsOf: Readonly<Record<KernelRecord['type'], readonly [fields: Fields, optional?: Fields]>> = {
  'run.started': [
    { branch: text, atUs: amount },
    { origin: object({ kind: { enum: ['rewind', 'fork'] }, branch: text, after: count }, { edited: count }) },
  ],
  'process.started': [
    {
      ...place,
      parent: count,
      name: text,
      program: text,
      programVersion: { type: 'integer' },
      arguments: any,
      priority: amount,
      budget: text,
      engine: text,
      capabilities: object({
        tools: { anyOf: [{ const: 'all' }, list(text)] },
        spawn: yes,
        signal: { enum: ['descendants', 'all'] },
        send: { enum: ['run', 'all'] },
      }),
    },
    { scheduling: object({}) },
  ],
  'process.ended': [
    { ...place, outcome: { enum: ['completed', 'failed', 'cancelled', 'killed'] }, value: any },
  ],
  history: [{ ...place, n: count, kind: text, hash: { type: 'integer' }, result }],
  'tool.started': [{ ...journal, ...call }, { tool: text }],
  'tool.ended': [{ ...journal, ...call, result, isRepeated: yes }],
  'message.sent': [{ ...journal, from: count, message: any }],
  // An earlier version did not tell behind which syscall.
  'signal.sent': [{ ...journal, signal: text }, { n: count }],
  'answer.partial': [{ ...journal, n: count, text }],
  checkpoint: [
    {
      ...place,
      n: count,
      state: any,
      tip: text,
      base: text,
      keep: count,
      nodes: list(node),
      nextPage: count,
      random: any,
    },
  ],
  ledger: [
    {
      pid,
      n: count,
      node: text,
      what: { enum: ['reserved', 'settled'] },
      reservedUs: amount,
      seq: pid,
      tokens: amount,
      tokensCached: amount,
      tokensOut: amount,
      calls: amount,
      microDollars: amount,
      coreUs: amount,
      atUs: amount,
    },
  ],
  audit: [
    { pid, n: count, action: text, input: text, output: text, microDollars: amount, atUs: amount },
    { reasoning: text, person: text },
  ],
  page: [{ hash: text, text }],
  recording: [{ session: text, part: pid, lines: list(any), atUs: amount }],
};

const schemas = new Map<string, ArgumentSchema>(
  Object.entries(fieldsOf).map(([type, [fields, optional]]) => [
    type,
    compileSchema(object(fields, optional), type),
  ]),
);
