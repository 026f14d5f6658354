import { expect, test } from 'vitest';

import { readJobs } from '../../../src/sim/jobs/read-jobs.ts';

test('JSON and CSV say the same', () => {
  const json = readJobs(
    'jobs.json',
    `{"jobs": [
      {"name": "a", "arrival": 0, "bursts": [3, 4, 2.5], "priority": 2, "tickets": 75, "client": "ann"},
      {"arrival": 1.5, "length": 6, "weight": 0.5, "deadline": 9}
    ]}`,
  );
  const csv = readJobs(
    'jobs.csv',
    'name,arrival,length,bursts,priority,tickets,weight,deadline,client\n' +
      'a,0,,3 4 2.5,2,75,,,ann\r\n\n' +
      ',1.5,6,,,,0.5,9,\n',
  );
  expect(json).toEqual([
    {
      name: 'a',
      arrivalUs: 0,
      burstsUs: [3_000_000, 4_000_000, 2_500_000],
      priority: 2,
      scheduling: { tickets: 75, client: 'ann' },
    },
    {
      name: 'job 1',
      arrivalUs: 1_500_000,
      burstsUs: [6_000_000],
      scheduling: { weight: 0.5, deadlineUs: 7_500_000 },
    },
  ]);
  expect(csv).toEqual(json);
});

test('a list of jobs will do', () => {
  expect(readJobs('jobs.json', '[{"length": 3}]')).toEqual([
    { name: 'job 0', arrivalUs: 0, burstsUs: [3_000_000] },
  ]);
});

test('cells in quotes, with commas, quotes and line ends in them; blanks, empty lines and either line end', () => {
  const text = ' "name" , length\r\n\r\n"a, ""b""",1\n "two; lines" , 2 \r\n"",3\n\tc ,"4"\n"d",\n';
  expect(() => readJobs('jobs', text)).toThrow(
    'jobs line 7: length: missing; allowed: a number of at least 0 (or bursts)',
  );
  expect(
    readJobs('jobs', text.replace('"d",\n', '')).map(({ name, burstsUs: [us] }) => [name, us! / 1e6]),
  ).toEqual([
    ['a, "b"', 1],
    ['two; lines', 2],
    ['job 2', 3],
    ['c', 4],
  ]);
});

test('each of ten thousand jobs, no more, and a burst may have no length', () => {
  expect(readJobs('jobs', `length\n${'0\n'.repeat(10_000)}`)).toHaveLength(10_000);
  expect(() => readJobs('jobs', `length\n${'1\n'.repeat(10_001)}`)).toThrow(
    'jobs: 10001 jobs; allowed: at most 10000',
  );
});

test.each([
  ['', 'jobs: empty; allowed: jobs as JSON or CSV'],
  ['\r\n \n', 'jobs: empty; allowed: jobs as JSON or CSV'],
  [
    '[{"length": 1},]',
    'jobs line 1: not JSON (unexpected "]", column 16); allowed: a list of jobs, or an object with the field jobs',
  ],
  ['[{"length": 1}', 'jobs line 1: not JSON (the text ends too early, column 15); allowed: a list of jobs'],
  [
    '[{"length": 1, "length": 2}]',
    'jobs line 1: "length" stands twice in its object (column 16); allowed: each name once',
  ],
  ['[3]', 'jobs: [0]: 3 is not allowed; allowed: an object with the fields name, arrival, length'],
  ['[{"length": 1, "size": 2}]', 'jobs: [0].size: unknown field: 2 is not allowed; allowed: name, arrival,'],
  ['[{"length": "1"}]', 'jobs: [0].length: "1" is not allowed; allowed: a number from 0 to 1000000'],
  [
    '[{"name": "a", "length": 1}, {"name": "a", "length": 2}]',
    'jobs: [1].name: "a" is not allowed; allowed: a name that no job before it has',
  ],
  [
    'name,length\na,1\n\na,2',
    'jobs line 4: name: "a" is not allowed; allowed: a name that no job before it has',
  ],
  [
    'name,length\njob 1,1\n,2',
    'jobs line 3: name: "job 1" is not allowed; allowed: a name that no job before',
  ],
  ['name,length,\na,1,', 'jobs line 1: column: "" is not allowed; allowed: name, arrival, length'],
  ['name,length\na,1,', 'jobs line 2: 3 cells; allowed: 2, as in the first line'],
  ['name;length\na;1', 'jobs line 1: column: "name;length" is not allowed; allowed: name, arrival, length'],
  [
    'name,length\n"a,1',
    'jobs line 2: a quote where none may stand; allowed: quotes around a whole cell, each',
  ],
  ['name,length\n\n"a"b,1', 'jobs line 3: a quote where none may stand'],
  ['name,length\na"b",1', 'jobs line 2: a quote where none may stand'],
  ['name,length\n"a\n\nb",1', 'jobs line 2: name: "a\\n\\nb" is not allowed; allowed: a text of one line'],
  ['bursts,length\n"1\n\n2 3",\n,-1', 'jobs line 5: length: -1 is not allowed'],
  ['[{"name": " ", "length": 1}]', 'jobs: [0].name: " " is not allowed; allowed: a text of one line'],
  ['bursts\n1 x 2', 'jobs line 2: bursts[1]: "x" is not allowed; allowed: a number from 0 to 1000000'],
  ['bursts\n1 -2 3', 'jobs line 2: bursts[1]: -2 is not allowed; allowed: a number from 0 to 1000000'],
  ['[]', 'jobs: no jobs; allowed: at least one'],
  ['name,length\n', 'jobs: no jobs; allowed: at least one'],
  ['{"jobs": 3}', 'jobs: jobs: 3 is not allowed; allowed: a list'],
  ['{"job": []}', 'jobs: job: unknown field: [] is not allowed; allowed: jobs'],
  ['[{"arrival": 1}]', 'jobs: [0].length: missing; allowed: a number of at least 0 (or bursts)'],
  [
    '[{"length": 1, "bursts": [1]}]',
    'jobs: [0].bursts: [1] is not allowed; allowed: either length or bursts',
  ],
  ['[{"length": -1}]', 'jobs: [0].length: -1 is not allowed; allowed: a number from 0 to 1000000'],
  [
    '[{"length": 1, "arrival": -2}]',
    'jobs: [0].arrival: -2 is not allowed; allowed: a number from 0 to 1000000',
  ],
  [
    '[{"bursts": [1, 2]}]',
    'jobs: [0].bursts: [1,2] is not allowed; allowed: core time and I/O in turn, beginning and ending with core time',
  ],
  [
    '[{"length": 1.0000001}]',
    'jobs: [0].length: 1.0000001 is not allowed; allowed: a number with up to six decimals',
  ],
  [
    '[{"length": 1, "tickets": 0}]',
    'jobs: [0].tickets: 0 is not allowed; allowed: an integer from 1 to 1000000',
  ],
  [
    '[{"length": 1, "arrival": 3, "deadline": 2}]',
    'jobs: [0].deadline: 2 is not allowed; allowed: a number above the arrival, 3',
  ],
  ['name,size\nx,1', 'jobs line 1: column: "size" is not allowed; allowed: name, arrival, length,'],
  ['length,length\n1,1', 'jobs line 1: column: "length" is not allowed'],
  ['name,length\nx', 'jobs line 2: 1 cell; allowed: 2, as in the first line'],
  ['name,length\n\nx,abc', 'jobs line 3: length: "abc" is not allowed; allowed: a number from 0 to 1000000'],
])('%j is refused, in one line', (text, line) => {
  expect(() => readJobs('jobs', text)).toThrow(line);
});
