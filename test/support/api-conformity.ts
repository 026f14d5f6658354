/** Whether what a server answers is what its document says. */
import type { Json } from '../../src/kernel/ids.ts';
import { compileSchema } from '../../src/kernel/schema/compile.ts';
import { problemOf } from '../../src/kernel/schema/problem.ts';
import type { ArgumentSchema } from '../../src/kernel/schema/types.ts';
import type { ApiDocument, ApiOperation, JsonSchema } from '../../src/server/openapi/document.ts';

export interface FoundOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation;
}

export class ApiConformity {
  private readonly document: ApiDocument;
  private readonly compiled = new Map<string, ArgumentSchema>();

  constructor(document: ApiDocument) {
    this.document = document;
  }

  /** Undefined: the document has no such path or method. */
  operationOf(method: string, target: string): FoundOperation | undefined {
    const [asked = ''] = target.split('?');
    for (const [path, operations] of Object.entries(this.document.paths)) {
      const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
      const operation = operations[method.toLowerCase()];
      if (operation !== undefined && pattern.test(asked)) return { method, path, operation };
    }
    return undefined;
  }

  /** One line that says what is wrong; undefined: it is as documented. */
  problemOf(method: string, target: string, status: number, type: string, text: string): string | undefined {
    const found = this.operationOf(method, target);
    const place = `${method} ${target}: ${status}`;
    if (found === undefined)
      // Whoever may not ask at all is not told what there is.
      return [401, 403, 404, 405, 429].includes(status)
        ? undefined
        : `${place}: no such operation is documented`;
    const answer = found.operation.responses[String(status)];
    if (answer === undefined) return `${place}: this status is not documented`;
    if (answer.content === undefined) return text === '' ? undefined : `${place}: no body is documented`;
    const [media = ''] = type.split(';');
    const content = answer.content[media];
    if (content === undefined) return `${place}: ${media} is not documented`;
    if (media !== 'application/json' || content.schema === undefined) return undefined;
    const problem = this.schemaProblem(content.schema, JSON.parse(text) as Json);
    return problem === undefined ? undefined : `${place}: ${problem} (${text.slice(0, 300)})`;
  }

  schemaProblem(schema: JsonSchema, value: Json): string | undefined {
    const key = JSON.stringify(schema);
    let compiled = this.compiled.get(key);
    if (compiled === undefined) {
      // References lead into the components.
      const root = { allOf: [schema], components: this.document.components } as unknown as Json;
      compiled = compileSchema(root, 'answer');
      this.compiled.set(key, compiled);
    }
    return problemOf(compiled, value);
  }
}
