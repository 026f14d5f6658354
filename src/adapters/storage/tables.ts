/** The tables of a storage in a database, as its schema is today; what makes it of an earlier one stands in schema.ts. */

export type ColumnType = 'integer' | 'text' | 'bytes';

export interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly key: readonly string[];
  /** Columns that may hold null. */
  readonly optional?: readonly string[];
  /** Counted by the database, in the order of the inserts. */
  readonly counted?: string;
  /** Further keys that must be unique. */
  readonly unique?: readonly (readonly string[])[];
  /** Further columns to look rows up by. */
  readonly indexed?: readonly (readonly string[])[];
  /** Columns that must be unique among the rows that fulfil a condition, and to look these up by. */
  readonly uniqueAmong?: { readonly columns: readonly string[]; readonly where: string };
  /** A row that is inserted again is the same row. */
  readonly isRepeatable?: boolean;
}

/** Statements that make its indexes. */
export function indexesOf({ name, indexed = [], uniqueAmong }: Table): string[] {
  const made = indexed.map(
    (columns) => `create index ${name}_by_${columns.join('_')} on ${name} (${columns.join(', ')})`,
  );
  if (uniqueAmong === undefined) return made;
  const { columns, where } = uniqueAmong;
  return [
    ...made,
    `create unique index ${name}_once_by_${columns.join('_')} on ${name} (${columns.join(', ')}) where ${where}`,
  ];
}

/**
 * `version` counts the transactions that touched the run, `places` what was appended to it; the head of its audit chain stands apart from the chain. `fence` rises with each new holder of
 * its lease. `pruned_us`: when all but its audit log and its ledger was removed.
 */
export const runsTable: Table = {
  name: 'runs',
  columns: {
    id: 'integer',
    name: 'text',
    version: 'integer',
    places: 'integer',
    audit_count: 'integer',
    audit_hash: 'text',
    fence: 'integer',
    holder: 'text',
    leased_until_us: 'integer',
    pruned_us: 'integer',
  },
  counted: 'id',
  key: ['id'],
  optional: ['holder', 'leased_until_us', 'pruned_us'],
  unique: [['name']],
};

export const branchesTable: Table = {
  name: 'branches',
  columns: { run: 'integer', branch: 'integer', name: 'text', started: 'bytes' },
  key: ['run', 'branch'],
};

/** `process` counts those of the run; `place`, `ended_place`: as in the history. Beside each what may come next to it: the last n of its history and of its checkpoints, the last number of its journal; `tally`: what these come to (process-tallies.ts). */
export const processesTable: Table = {
  name: 'processes',
  columns: {
    run: 'integer',
    process: 'integer',
    branch: 'integer',
    pid: 'integer',
    started: 'text',
    place: 'integer',
    last_n: 'integer',
    last_seq: 'integer',
    checkpoint_n: 'integer',
    tip: 'text',
    prompt_length: 'integer',
    ended: 'text',
    ended_place: 'integer',
    tally: 'text',
  },
  key: ['run', 'process'],
  optional: ['place', 'ended', 'ended_place', 'tally'],
};

/**
 * What one append told of one process, results and journal, in its order: as passages.ts has it. `place` of the first: in the order of all that was appended to the run. `last_n`: of the
 * history then, or a later one that the journal names. In all tables that each step writes to, rows lie in the order in which they came: the next rows of a thousand runs fall into one page,
 * not into a thousand.
 */
export const passagesTable: Table = {
  name: 'passages',
  columns: {
    id: 'integer',
    run: 'integer',
    process: 'integer',
    place: 'integer',
    last_n: 'integer',
    body: 'bytes',
  },
  counted: 'id',
  key: ['id'],
  indexed: [['run', 'process', 'last_n']],
};

/** `is_start`: it tells its whole prompt. `keep`: how many nodes of the one before it. */
export const checkpointsTable: Table = {
  name: 'checkpoints',
  columns: {
    id: 'integer',
    run: 'integer',
    process: 'integer',
    n: 'integer',
    is_start: 'integer',
    keep: 'integer',
    at_us: 'integer',
    place: 'integer',
    body: 'bytes',
  },
  counted: 'id',
  key: ['id'],
  unique: [['run', 'process', 'n']],
};

/** What one append told of the budget: as ledger-rows.ts has it. */
export const ledgerTable: Table = {
  name: 'ledger',
  columns: { id: 'integer', run: 'integer', body: 'bytes' },
  counted: 'id',
  key: ['id'],
  indexed: [['run']],
};

export const auditTable: Table = {
  name: 'audit',
  columns: {
    id: 'integer',
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
  counted: 'id',
  key: ['id'],
  optional: ['reasoning', 'person'],
  unique: [['run', 'place']],
};

/** Contents of pages, and long texts that rows refer to: of all runs. `run`: the first that used it; 0, which is none: it stays. `hash`: as page-key.ts has it. */
export const pagesTable: Table = {
  name: 'pages',
  columns: { id: 'integer', hash: 'bytes', run: 'integer', text: 'bytes' },
  counted: 'id',
  key: ['id'],
  unique: [['hash']],
  indexed: [['run']],
  isRepeatable: true,
};

/** Which further runs may need which of those: what no run uses goes when the last that used it is pruned. */
export const pageUsesTable: Table = {
  name: 'page_uses',
  columns: { hash: 'bytes', run: 'integer' },
  key: ['hash', 'run'],
  indexed: [['run']],
  isRepeatable: true,
};

/** `call`: that remembered it. `is_current`: no later one has taken its place. */
export const memoriesTable: Table = {
  name: 'memories',
  columns: {
    id: 'integer',
    call: 'text',
    scope: 'text',
    key: 'text',
    text: 'text',
    data: 'text',
    at_us: 'integer',
    is_current: 'integer',
  },
  counted: 'id',
  key: ['id'],
  optional: ['key', 'data'],
  unique: [['call']],
  // Of two programs that remember at once, the second one takes the place of the first.
  uniqueAmong: { columns: ['scope', 'key'], where: 'is_current = 1' },
};

/** Which memories of a scope have a word: an inverted index, of current ones only. */
export const memoryTermsTable: Table = {
  name: 'memory_terms',
  columns: { scope: 'text', term: 'text', memory: 'integer' },
  key: ['scope', 'term', 'memory'],
  indexed: [['memory']],
};

/** The number of each writer's last batch: one that comes again is not stored again. */
export const writersTable: Table = {
  name: 'writers',
  columns: { writer: 'text', number: 'integer' },
  key: ['writer'],
};

/** `lines`: of one part, as JSON. */
export const recordingsTable: Table = {
  name: 'recordings',
  columns: {
    run: 'integer',
    place: 'integer',
    session: 'text',
    part: 'integer',
    lines: 'bytes',
    at_us: 'integer',
  },
  key: ['run', 'place'],
  unique: [['run', 'session', 'part']],
};

export const tables: readonly Table[] = [
  runsTable,
  branchesTable,
  processesTable,
  passagesTable,
  checkpointsTable,
  ledgerTable,
  auditTable,
  pagesTable,
  pageUsesTable,
  memoriesTable,
  memoryTermsTable,
  writersTable,
  recordingsTable,
];
