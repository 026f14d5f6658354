/** Source files as syntax trees, for the tests that check how the project is built rather than what it does. */
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseSync } from 'oxc-parser';

/** The project's root folder, absolute, without a separator at its end. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

/** The rooms that run anywhere: no Node, no DOM, no clock, no chance of their own. */
export const pureRooms = [
  'base',
  'kernel',
  'policies',
  'agents',
  'sim',
  'lessons',
  'report',
  'host',
  'client',
] as const;

/** One import, export-from, `import()` or `import('…').Type` of a file. `specifier` is undefined where it is computed. */
export interface ImportUse {
  readonly specifier: string | undefined;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A node of the syntax tree (ESTree with types), as loosely as these tests need it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** All TypeScript files below `folder` (relative to the root) as paths relative to the root with `/`, sorted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** Throws on a file that does not parse, so that nothing escapes a check by being broken. */
export function parse(file: string, text: string): SyntaxNode {
  const { program, errors } = parseSync(file, text, { lang: 'ts', sourceType: 'module' });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  return program as unknown as SyntaxNode;
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Visits every node below and including `node`, parents first. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void,
  parent?: SyntaxNode,
): void {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit, node);
    }
  }
}

/** By text: several tests ask for the imports of all files. */
const knownImports = new Map<string, readonly ImportUse[]>();

export function importsOf(file: string, text: string): readonly ImportUse[] {
  let uses = knownImports.get(text);
  if (uses === undefined) knownImports.set(text, (uses = readImports(file, text)));
  return uses;
}

function readImports(file: string, text: string): ImportUse[] {
  const uses: ImportUse[] = [];
  walk(parse(file, text), (node) => {
    const source = node['source'];
    const add = (specifier: unknown, typeOnly: boolean): void =>
      void uses.push({ specifier: literal(specifier), typeOnly, line: lineOf(text, node.start) });
    switch (node.type) {
      case 'ImportDeclaration':
        add(source, isTypeOnly(node, 'importKind'));
        break;
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        if (isNode(source)) add(source, isTypeOnly(node, 'exportKind'));
        break;
      case 'ImportExpression':
        add(source, false);
        break;
      case 'TSImportType':
        add(source ?? node['argument'], true);
        break;
      case 'TSExternalModuleReference':
        add(node['expression'], false);
        break;
      default:
    }
  });
  return uses;
}

/** `import type {…}`, or an import whose every name is marked `type`. A bare `import '…'` runs, so it is none. */
function isTypeOnly(node: SyntaxNode, kindField: 'importKind' | 'exportKind'): boolean {
  if (node[kindField] === 'type') return true;
  const names = node['specifiers'];
  return Array.isArray(names) && names.length > 0 && names.every((name) => name[kindField] === 'type');
}

function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'TSLiteralType') return literal(node['literal']);
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  // `import(`node:fs`)`: a template without holes is a literal, too.
  const [quasi, ...more] = node.type === 'TemplateLiteral' ? (node['quasis'] as SyntaxNode[]) : [];
  if (quasi === undefined || more.length > 0) return undefined;
  return (quasi['value'] as { cooked: string }).cooked;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';
}
