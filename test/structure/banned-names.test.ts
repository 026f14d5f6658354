/**
 * The pure rooms name no clock, no chance, no platform and no mathematics that engines round differently.
 *
 * Two nets. The linter's rules in .oxlintrc.json know scopes: a local variable called `process` is not Node's. They say what
 * to use instead. What they cannot see (a method reached through another name) is found here in the syntax tree.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { portableMath } from '../support/portable-math.ts';
import { lineOf, parse, projectRoot, pureRooms, sourceFiles, walk } from '../support/source.ts';
import type { SyntaxNode } from '../support/source.ts';

/** Methods whose result depends on the engine's locale data or on its version, on whatever they are called. */
const unportableMethods = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleUpperCase',
  'toLocaleLowerCase',
]);

/** What the linter cannot see, one line each. */
function escapes(file: string, text: string): string[] {
  const found: string[] = [];
  walk(parse(file, text), (node, parent) => {
    const problem = mathProblem(node, parent) ?? powerProblem(node) ?? memberProblem(node, parent);
    if (problem !== undefined) found.push(`${file}:${lineOf(text, node.start)}: ${problem}`);
  });
  return found;
}

/** `Math` stands only before a name of the list, so neither an alias nor a computed name gets around the list. */
function mathProblem(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  if (node.type !== 'Identifier' || node['name'] !== 'Math') return undefined;
  if (parent?.type === 'MemberExpression' && parent['object'] === node) {
    const name = memberName(parent);
    if (name !== undefined && portableMath.has(name)) return undefined;
    return `Math.${name ?? '[…]'}: use base/math or base/rng`;
  }
  return isNameOnly(node, parent) ? undefined : 'Math under another name: call Math.… directly';
}

/** The power operator rounds differently from engine to engine; a power of two integers is a constant of the program. */
function powerProblem(node: SyntaxNode): string | undefined {
  const isPower =
    (node.type === 'BinaryExpression' && node['operator'] === '**') ||
    (node.type === 'AssignmentExpression' && node['operator'] === '**=');
  if (!isPower) return undefined;
  const isConstant = isInteger(node['left'] as SyntaxNode) && isInteger(node['right'] as SyntaxNode);
  return isConstant ? undefined : 'power of something computed: multiply, shift, or use base/math';
}

function memberProblem(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  if (node.type === 'MetaProperty') return 'import.meta depends on where the code runs';
  if (node.type === 'MemberExpression') {
    const name = memberName(node);
    if (name !== undefined && unportableMethods.has(name)) return `${name} depends on the locale`;
    return undefined;
  }
  // `const { localeCompare } = text` is no way around.
  if (node.type === 'Property' && parent?.type === 'ObjectPattern') {
    const key = node['key'] as SyntaxNode;
    if (unportableMethods.has(String(key['name']))) return `${String(key['name'])} depends on the locale`;
  }
  return undefined;
}

/** The name in `a.name`, `a['name']`; undefined for a computed one. */
function memberName(member: SyntaxNode): string | undefined {
  const property = member['property'] as SyntaxNode;
  if (member['computed'] !== true) return property['name'] as string;
  return property.type === 'Literal' ? String(property['value']) : undefined;
}

/** Whether an identifier is the name of a property or a type rather than a use of the global. */
function isNameOnly(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined) return false;
  const isProperty = parent.type === 'MemberExpression' && parent['property'] === node && !parent['computed'];
  const isKey =
    'key' in parent && parent['key'] === node && parent['computed'] !== true && !parent['shorthand'];
  return isProperty || isKey || parent.type.startsWith('TS');
}

function isInteger(node: SyntaxNode): boolean {
  return node.type === 'Literal' && Number.isInteger(node['value']);
}

interface LintFinding {
  readonly file: string;
  readonly message: string;
}

/** Findings of the linter in `root` (which has an .oxlintrc.json), of the rules for restricted names alone. */
function restrictedNames(root: string): LintFinding[] {
  const oxlint = join(projectRoot, 'node_modules/oxlint/bin/oxlint');
  const run = spawnSync(process.execPath, [oxlint, '--format=json', 'src'], { cwd: root, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(run.stdout) as {
    diagnostics: { code: string; message: string; help?: string; filename: string }[];
  };
  return diagnostics
    .filter(({ code }) => /no-restricted-(globals|properties)/.test(code))
    .map(({ filename, message, help }) => ({ file: filename, message: `${message} ${help ?? ''}` }));
}

const temporary = mkdtempSync(join(tmpdir(), 'ringzero-names-'));
afterAll(() => rmSync(temporary, { recursive: true }));

/** Lints code as if it stood in a pure room; the result says, for each piece, whether and how it was found. */
function lintPlanted(codes: readonly string[]): string[] {
  const room = join(temporary, 'src/kernel');
  mkdirSync(room, { recursive: true });
  copyFileSync(join(projectRoot, '.oxlintrc.json'), join(temporary, '.oxlintrc.json'));
  symlinkSync(join(projectRoot, 'node_modules'), join(temporary, 'node_modules'));
  const names = codes.map((code, index) => {
    const name = `planted-${index}.ts`;
    writeFileSync(join(room, name), `${code}\n`);
    return name;
  });
  const findings = restrictedNames(temporary);
  return names.map((name) =>
    findings
      .filter(({ file }) => file.endsWith(`/${name}`))
      .map(({ message }) => message)
      .join('; '),
  );
}

const pureFiles = pureRooms.flatMap((room) => sourceFiles('src').filter((f) => f.startsWith(`src/${room}/`)));

test('the pure rooms name nothing that is banned', () => {
  expect(pureFiles.length).toBeGreaterThan(0);
  expect(restrictedNames(projectRoot)).toEqual([]);
  expect(pureFiles.flatMap((file) => escapes(file, readFileSync(join(projectRoot, file), 'utf8')))).toEqual(
    [],
  );
});

test('the linter has the rules for every pure room', () => {
  const { overrides } = JSON.parse(readFileSync(join(projectRoot, '.oxlintrc.json'), 'utf8')) as {
    overrides: { files: string[]; rules: Record<string, unknown> }[];
  };
  const files = overrides.find(({ rules }) => 'no-restricted-globals' in rules)?.files;
  expect(files).toEqual(pureRooms.map((room) => `src/${room}/**`));
});

/** Code that must be found, and a word of the message that says what to do instead. */
const banned: readonly [code: string, word: string][] = [
  ['export const now = Date.now();', 'nowUs'],
  ['export const now = new Date(0);', 'nowUs'],
  ['export const now = performance.now();', 'nowUs'],
  ['export const x = globalThis.process;', 'argument'],
  ['export const x = globalThis["Date"];', 'argument'],
  ['export const x = process.env;', 'Node only'],
  ['export const x = Buffer.from("a");', 'Node only'],
  ['console.log(1);', 'event'],
  ['setTimeout(() => {}, 1);', 'timer request'],
  ['setInterval(() => {}, 1);', 'timer request'],
  ['export const x = fetch("https://example.org");', 'I/O'],
  ['export const x = crypto.randomUUID();', 'seeded stream'],
  ['export const x = new Intl.Collator();', 'locale'],
  ['export const x = new Function("return 1");', 'code from text'],
  ['export const x = eval("1");', 'code from text'],
  ['export const x = new WeakRef({});', 'garbage'],
  ['export const x = new TextEncoder();', 'argument'],
  ['export const x = Math.random();', 'seeded stream'],
  ["export const x = Math['random']();", 'seeded stream'],
  ['export const { random } = Math;', 'seeded stream'],
  ['export const x = Math.log(2);', 'base/math'],
  ['export const x = Math.pow(2, 0.5);', 'base/math'],
  ['export const x = Math.sin(1);', 'base/math'],
];

/** Code that only the syntax tree shows. */
const evasive: readonly [code: string, word: string][] = [
  ['const m = Math; export const x = m.random();', 'another name'],
  ['const name = "random"; export const x = Math[name]();', 'base/rng'],
  ['export const x = { Math };', 'another name'],
  ['export const x = (y: number) => y ** 0.5;', 'power'],
  ['let x = 2; x **= 3;', 'power'],
  ['export const x = ["b", "a"].sort((a, b) => a.localeCompare(b));', 'locale'],
  ['export const x = (1.5).toLocaleString();', 'locale'],
  ['export const x = import.meta.url;', 'import.meta'],
];

/** Code that must pass. */
const allowed: readonly string[] = [
  "export const type = 'process.dispatched'; // Date.now() in a comment",
  'export function spawn(process: { pid: number }): number { return process.pid; }',
  'export interface Event { process: number; console: string }',
  'export const event = { process: 1, performance: 2, Math: 3 }; export const p = event.process + event.Math;',
  'export const text = `setTimeout(${1})`;',
  'export const x = Math.floor(1.5) + Math.sqrt(2) + Math.PI + 2 ** 53;',
  'export const module = 1; export const name = `${module}`;',
];

test('every planted use is found, with what to use instead', () => {
  const results = lintPlanted([...banned.map(([code]) => code), ...allowed]);
  for (const [index, [code, word]] of banned.entries()) expect(results[index], code).toContain(word);
  for (const [index, code] of allowed.entries()) expect(results[banned.length + index], code).toBe('');
});

test('what hides from the linter is found in the syntax tree', () => {
  for (const [code, word] of evasive) expect(escapes('planted.ts', code).join('; '), code).toContain(word);
  for (const code of allowed) expect(escapes('planted.ts', code), code).toEqual([]);
});
