/** The document as one page, whole without any other file or address: each operation with its parameters, bodies and answers, and a form to try it. */
import { createHash } from 'node:crypto';

import { escapeXml } from '../../report/svg.ts';
import { exampleOf } from './example.ts';
import type { ApiContent, ApiDocument, ApiOperation, ApiParameter, JsonSchema } from './document.ts';
import { script, style } from './docs-page-assets.ts';
import { shapeOf } from './schema-shape.ts';

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page runs its own script and asks its own server, and nothing else. */
export const docsPolicy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function docsPage(document: ApiDocument): string {
  const { info, tags = [] } = document;
  const operations = operationsOf(document);
  const sections = tags.flatMap(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(name));
    return own.length === 0 ? [] : [sectionOf(document, name, description, own)];
  });
  const { schemas } = document.components;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(info.title)} API</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<header>',
    `<h1>${escapeXml(info.title)} API <small>${escapeXml(info.version)}</small></h1>`,
    `<p>${escapeXml(info.description ?? '')} <a href="/openapi.json">openapi.json</a></p>`,
    '<label>Token <input id="token" type="password" autocomplete="off" placeholder="none is needed on loopback"></label>',
    '</header>',
    '<main>',
    ...sections,
    '<section><h2>schemas</h2><p>What bodies and answers are made of</p>',
    ...Object.entries(schemas).map(
      ([name, schema]) =>
        `<details class="schema" id="schema-${escapeXml(name)}"><summary>${escapeXml(name)}</summary>${shown(schema)}</details>`,
    ),
    '</section>',
    '</main>',
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation;
}

function operationsOf({ paths }: ApiDocument): readonly Placed[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
}

function sectionOf(document: ApiDocument, name: string, description: string, own: readonly Placed[]): string {
  const operations = own.map((placed) => operationBlock(document, placed)).join('\n');
  return `<section><h2>${escapeXml(name)}</h2><p>${escapeXml(description)}</p>\n${operations}\n</section>`;
}

function operationBlock(document: ApiDocument, { method, path, operation }: Placed): string {
  const { operationId, summary = '', description = '', parameters = [], requestBody, responses } = operation;
  return [
    `<details class="operation" id="${escapeXml(operationId)}">`,
    `<summary><b class="${method}">${method.toUpperCase()}</b> <code>${escapeXml(path)}</code> <span>${escapeXml(summary)}</span></summary>`,
    description === '' ? '' : `<p>${escapeXml(description)}</p>`,
    parameters.length === 0 ? '' : parameterTable(parameters),
    requestBody === undefined ? '' : `<h4>Body</h4>${contentBlock(document, requestBody.content)}`,
    '<h4>Answers</h4>',
    '<table><tbody>',
    ...Object.entries(responses).map(
      ([status, { description: why, content }]) =>
        `<tr><th>${escapeXml(status)}</th><td>${escapeXml(why)}${content === undefined ? '' : contentBlock(document, content)}</td></tr>`,
    ),
    '</tbody></table>',
    tryForm(document, { method, path, operation }),
    '</details>',
  ].join('\n');
}

function parameterTable(parameters: readonly ApiParameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, required, description = '', schema }) =>
      `<tr><th>${escapeXml(name)}</th><td>${place}${required === true ? ', required' : ''}</td><td>${shown(schema)}</td><td>${escapeXml(description)}</td></tr>`,
  );
  return `<h4>Parameters</h4><table><tbody>${rows.join('')}</tbody></table>`;
}

/** What a body is made of, in full; of a refusal, which is the same everywhere, the name. */
function contentBlock(document: ApiDocument, content: ApiContent): string {
  return Object.entries(content)
    .map(([type, { schema = {} }]) => {
      const name = nameOf(schema);
      const named = name === undefined ? undefined : document.components.schemas[name];
      const link = name === undefined ? '' : `<a href="#schema-${escapeXml(name)}">${escapeXml(name)}</a>`;
      if (name?.endsWith('Refusal') === true) return ` ${link}`;
      return `<div><i>${escapeXml(type)}</i> ${link}${shown(named ?? schema)}</div>`;
    })
    .join('');
}

const nameOf = ({ $ref: ref }: JsonSchema): string | undefined =>
  typeof ref === 'string' ? ref.split('/').at(-1) : undefined;

/** With a link to each schema that it names. */
function shown(schema: JsonSchema): string {
  const text = escapeLines(shapeOf(schema));
  const linked = text.replaceAll(/\b_ref_(\w+)/g, '<a href="#schema-$1">$1</a>');
  return `<pre>${linked}</pre>`;
}

/** The script fills it with what the server answers. */
function tryForm(document: ApiDocument, { method, path, operation }: Placed): string {
  const { parameters = [], requestBody } = operation;
  const inputs = parameters.map(
    ({ name, in: place, required }) =>
      `<label>${escapeXml(name)} <input data-in="${place}" name="${escapeXml(name)}"${required === true ? ' required' : ''}></label>`,
  );
  const schema = requestBody?.content['application/json']?.schema;
  const body =
    schema === undefined
      ? ''
      : `<label>body <textarea rows="8" spellcheck="false">${escapeLines(JSON.stringify(exampleOf(document, schema), null, 2))}</textarea></label>`;
  return `<form data-method="${method.toUpperCase()}" data-path="${escapeXml(path)}">${inputs.join('')}${body}<button>Send</button><pre class="answer" hidden></pre></form>`;
}

const escapeLines = (text: string): string => text.split('\n').map(escapeXml).join('\n');
