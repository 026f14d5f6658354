import { expect, test } from 'vitest';

import type { KernelError } from '../../src/kernel/errors.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { toolDefaults, ToolRegistry } from '../../src/kernel/tools.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';

const parameters: Json = {
  type: 'object',
  properties: { path: { type: 'string' }, lines: { type: 'integer', minimum: 1 } },
  required: ['path'],
  additionalProperties: false,
};
const read: ToolSpec = { name: 'read_file', description: 'Reads a file.', parameters };
const caller = { pid: 3 as Pid, name: 'agent', run: 'run-1' };

test('a registered tool has its defaults filled in', () => {
  const registry = new ToolRegistry([read]);
  expect(registry.get('read_file')).toEqual({
    ...read,
    ...toolDefaults,
    effects: undefined,
    server: undefined,
  });
  expect(registry.get('read_file')?.timeoutUs).toBe(15_000_000);
  expect(registry.get('toString')).toBeUndefined();
});

test('what a tool states is kept, and an undefined field is a field left out', () => {
  const stated = {
    timeoutUs: 1,
    retries: 10,
    retryWaitUs: 0,
    concurrency: 2,
    approval: true,
    server: 'files',
  };
  const registry = new ToolRegistry([
    { ...read, ...stated },
    { ...read, name: 'b', timeoutUs: undefined, retries: undefined } as unknown as ToolSpec,
  ]);
  expect(registry.get('read_file')).toMatchObject(stated);
  expect(registry.get('b')).toMatchObject(toolDefaults);
  expect(registry.names()).toEqual(['read_file', 'b']);
});

const refused: readonly [change: Partial<Record<keyof ToolSpec, unknown>>, line: string][] = [
  [{ name: '' }, 'tool.name: "" is not allowed; allowed: 1 to 128 letters, digits, "_", "." and "-"'],
  [{ name: 'a b' }, 'tool.name: "a b" is not allowed'],
  [{ name: 'a\n' }, 'tool.name: "a\\n" is not allowed'],
  [{ name: 'x'.repeat(129) }, 'x" is not allowed; allowed: 1 to 128 letters'],
  [{ name: 7 }, 'tool.name: 7 is not allowed'],
  [{ description: undefined }, 'tool read_file: description: undefined is not allowed; allowed: text'],
  [{ parameters: undefined }, 'tool read_file: parameters: undefined is not allowed; allowed: a schema'],
  [
    { parameters: { type: 'string' } },
    'tool read_file: parameters.type: "string" is not allowed; allowed: "object"',
  ],
  [{ parameters: {} }, 'tool read_file: parameters.type: undefined is not allowed; allowed: "object"'],
  [{ parameters: true }, 'tool read_file: parameters.type: undefined is not allowed; allowed: "object"'],
  [
    { parameters: { type: 'object', properties: { a: { items: { type: 'text' } } } } },
    'tool read_file: parameters.properties.a.items.type: "text" is not allowed',
  ],
  [{ effects: 'none' }, 'tool read_file: effects: "none" is not allowed'],
  [{ server: '' }, 'tool read_file: server: "" is not allowed'],
  [
    { timeoutUs: 0 },
    'tool read_file: timeoutUs: 0 is not allowed; allowed: an integer from 1 to 604800000000',
  ],
  [{ timeoutUs: 1.5 }, 'timeoutUs: 1.5 is not allowed'],
  [{ timeoutUs: Infinity }, 'timeoutUs: Infinity is not allowed'],
  [{ timeoutUs: '15' }, 'timeoutUs: "15" is not allowed'],
  [{ retries: -1 }, 'retries: -1 is not allowed; allowed: an integer from 0 to 10'],
  [{ retries: 11 }, 'retries: 11 is not allowed'],
  [{ retryWaitUs: -1 }, 'retryWaitUs: -1 is not allowed; allowed: an integer from 0 to 3600000000'],
  [{ concurrency: 0 }, 'concurrency: 0 is not allowed; allowed: an integer from 1 to 1000000'],
  [{ concurrency: NaN }, 'concurrency: NaN is not allowed'],
  [{ asksPerson: 'yes' }, 'asksPerson: "yes" is not allowed; allowed: true or false'],
  [
    { asksPerson: true, timeoutUs: 1_000 },
    'tool read_file: timeoutUs: 1000 is not allowed; allowed: none, as each call asks a person',
  ],
  [{ asksPerson: true, approval: false }, 'tool read_file: approval: false is not allowed'],
  [{ approval: 'yes' }, 'approval: "yes" is not allowed; allowed: true, false, or a function'],
];
for (const [change, line] of refused) {
  test(`refused: ${line}`, () => {
    const registry = new ToolRegistry();
    const register = (): void => registry.register({ ...read, ...change } as ToolSpec);
    expect(register).toThrow(line);
    expect(register).toThrow(expect.objectContaining<Partial<KernelError>>({ code: 'INVALID_ARGUMENT' }));
    expect(registry.names()).toEqual([]);
  });
}

test('a tool registered twice is refused, and the first stays', () => {
  const registry = new ToolRegistry([read]);
  expect(() => registry.register({ ...read, retries: 3 })).toThrow(
    'tool.name: "read_file" is not allowed; allowed: a name that is not registered yet',
  );
  expect(registry.get('read_file')?.retries).toBe(0);
  expect(() => new ToolRegistry([read, read])).toThrow('registered yet');
});

test('arguments are checked against the tool of the registry', () => {
  const registry = new ToolRegistry([read]);
  const tool = registry.get('read_file')!;
  expect(registry.check(tool, { path: 'a', lines: 1 })).toBeUndefined();
  expect(registry.check(tool, {})).toBe('arguments.path: missing; allowed: text');
  expect(registry.check(tool, { path: 'a', lines: 0 })).toBe(
    'arguments.lines: 0 is not allowed; allowed: an integer from 1',
  );
  expect(() => new ToolRegistry([read]).check(tool, {})).toThrow('tool read_file is not of this registry');
});

test('unknown effects: an exclusive write on the server, or on the tool that has none', () => {
  const registry = new ToolRegistry([read, { ...read, name: 'remote', server: 'files' }]);
  const effectsOf = (name: string) => registry.effectsOf(registry.get(name)!, { path: 'a' }, caller);
  expect(effectsOf('read_file')).toEqual({ reads: [], writes: ['read_file'] });
  expect(effectsOf('remote')).toEqual({ reads: [], writes: ['files'] });
});

test('effects depend on the arguments and on the caller', () => {
  const effects: ToolSpec['effects'] = (args, { name }) => ({
    reads: [`file:${(args as { path: string }).path}`],
    writes: [`home:${name}`],
  });
  const registry = new ToolRegistry([{ ...read, effects }]);
  expect(registry.effectsOf(registry.get('read_file')!, { path: 'a' }, caller)).toEqual({
    reads: ['file:a'],
    writes: ['home:agent'],
  });
});

test('effects of another shape are told in one line', () => {
  for (const wrong of [
    undefined,
    {},
    { reads: ['a'] },
    { reads: [], writes: 'a' },
    { reads: [7], writes: [] },
    { reads: [''], writes: [] },
  ]) {
    const registry = new ToolRegistry([{ ...read, effects: () => wrong as never }]);
    expect(registry.effectsOf(registry.get('read_file')!, {}, caller)).toMatch(
      /effects of tool read_file: (reads|writes) must be a list of resource names/,
    );
  }
});
