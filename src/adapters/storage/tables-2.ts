/** The tables of version 2 of the schema that are others today, as schema.ts makes those of version 1 and of today from them. */
import type { Table } from './tables.ts';

/** `place`: in the order of all that was appended to the run. `asked`: null where nothing is told. */
export const historyTable: Table = {
  name: 'history',
  columns: {
    run: 'integer',
    process: 'integer',
    n: 'integer',
    place: 'integer',
    kind: 'text',
    hash: 'integer',
    code: 'text',
    result: 'bytes',
    at_us: 'integer',
    asked: 'bytes',
  },
  key: ['run', 'process', 'n'],
  optional: ['asked'],
};

export const journalTable: Table = {
  name: 'journal',
  columns: {
    run: 'integer',
    process: 'integer',
    seq: 'integer',
    type: 'text',
    n: 'integer',
    body: 'bytes',
    at_us: 'integer',
    place: 'integer',
  },
  key: ['run', 'process', 'seq'],
  optional: ['place', 'n'],
};

/** `is_start`: it tells its whole prompt. `keep`: how many nodes of the one before it. */
export const checkpointsTable: Table = {
  name: 'checkpoints',
  columns: {
    run: 'integer',
    process: 'integer',
    n: 'integer',
    is_start: 'integer',
    keep: 'integer',
    body: 'bytes',
    at_us: 'integer',
    place: 'integer',
  },
  key: ['run', 'process', 'n'],
  optional: ['place'],
};

export const ledgerTable: Table = {
  name: 'ledger',
  columns: {
    id: 'integer',
    run: 'integer',
    pid: 'integer',
    n: 'integer',
    node: 'text',
    what: 'text',
    reserved_us: 'integer',
    seq: 'integer',
    tokens: 'integer',
    tokens_cached: 'integer',
    tokens_out: 'integer',
    calls: 'integer',
    micro_dollars: 'integer',
    core_us: 'integer',
    at_us: 'integer',
  },
  counted: 'id',
  key: ['id'],
  unique: [['run', 'pid', 'n', 'what', 'reserved_us', 'seq', 'node']],
};

export const auditTable: Table = {
  name: 'audit',
  columns: {
    run: 'integer',
    place: 'integer',
    pid: 'integer',
    n: 'integer',
    action: 'text',
    input: 'bytes',
    output: 'bytes',
    micro_dollars: 'integer',
    at_us: 'integer',
    previous: 'bytes',
    hash: 'bytes',
    reasoning: 'text',
    person: 'text',
  },
  key: ['run', 'place'],
  optional: ['reasoning', 'person'],
};

/** Contents of pages, and long texts that rows refer to: of all runs. In the order in which they came: in that of their hashes they would fill no more than two thirds of their places. */
export const pagesTable: Table = {
  name: 'pages',
  columns: { id: 'integer', hash: 'bytes', text: 'bytes' },
  counted: 'id',
  key: ['id'],
  unique: [['hash']],
  isRepeatable: true,
};

/** Which run may need which of those: what no run uses goes when the last that used it is pruned. Run 0, which is none: what version 1 left. `hash`: as page-key.ts has it. */
export const pageUsesTable: Table = {
  name: 'page_uses',
  columns: { run: 'integer', hash: 'bytes' },
  key: ['run', 'hash'],
  isRepeatable: true,
};
