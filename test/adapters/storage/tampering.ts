/** Deeds of somebody who can write to the database of a storage, as SQL, and what a check of the audit log must say of them. Of a log of at least four entries, alone in its storage. */
export const tampering: Readonly<
  Record<string, { readonly deeds: readonly string[]; readonly problem: RegExp }>
> = {
  'an entry is altered': {
    deeds: ["update audit set action = 'nothing' where place = 1"],
    problem: /altered/,
  },
  'a cost is altered': {
    deeds: ['update audit set micro_dollars = 1000000 where place = 2'],
    problem: /altered/,
  },
  'an entry is removed': { deeds: ['delete from audit where place = 1'], problem: /removed/ },
  'an entry is removed, and the others move up': {
    deeds: [
      'delete from audit where place = 1',
      'update audit set place = 1 where place = 2',
      'update audit set place = 2 where place = 3',
    ],
    problem: /altered|removed/,
  },
  'the last one is cut off': {
    deeds: ['delete from audit where place = (select max(place) from audit)'],
    problem: /removed/,
  },
  'two are exchanged': {
    deeds: [
      'update audit set place = 9 where place = 1',
      'update audit set place = 1 where place = 2',
      'update audit set place = 2 where place = 9',
    ],
    problem: /altered|reordered/,
  },
  'one is inserted': {
    deeds: [
      'insert into audit (run, place, pid, n, action, input, output, micro_dollars, at_us, previous, hash) ' +
        'select run, 40, pid, n, action, input, output, micro_dollars, at_us, previous, hash from audit where place = 2',
    ],
    problem: /inserted/,
  },
  'the head is another hash': {
    deeds: ["update runs set audit_hash = '" + 'ab'.repeat(32) + "'"],
    problem: /head|altered|removed|inserted/,
  },
  'the head counts fewer': { deeds: ['update runs set audit_count = audit_count - 1'], problem: /head/ },
};
