/**
 * Spans of OpenTelemetry as OTLP/JSON has them, one export in a file or one a line: resourceSpans → scopeSpans → spans, of whose attributes those of the semantic conventions for
 * generative AI are read (version 1.45; the names that these had before are read, too).
 */
import { checkOrder, nanosecondsUs } from './date-time.ts';
import { arrayAt, fieldError, fileError, integerAt, jsonAt, objectAt, stringAt } from './fields.ts';
import type { JsonObject, Place } from './fields.ts';

export interface GenAiSpan {
  readonly place: Place;
  readonly trace: string;
  /** Its own within the trace. */
  readonly id: string;
  /** '' for a root. */
  readonly parent: string;
  readonly name: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly failed: boolean;
  readonly attributes: ReadonlyMap<string, unknown>;
}

/** Each span once, however often it was exported. Throws KernelError INVALID_FILE with the line, or the place in the document. */
export async function readSpans(file: string, lines: AsyncIterable<string>): Promise<GenAiSpan[]> {
  const spans = new Map<string, GenAiSpan>();
  const texts: string[] = [];
  let number = 0;
  let isOneALine: boolean | undefined;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    // A first line that is a whole document is one of many; else all lines together are one.
    isOneALine ??= isWhole(line);
    if (isOneALine) addExport({ file, at: `line ${number}` }, line, spans);
    else texts.push(line);
  }
  if (isOneALine === false) addExport({ file, at: '' }, texts.join('\n'), spans);
  return [...spans.values()];
}

/** A document that is laid out over lines has no span on its first one. One of many that is cut off is told with its line. */
function isWhole(line: string): boolean {
  if (line.includes('"traceId"')) return true;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function addExport(place: Place, text: string, spans: Map<string, GenAiSpan>): void {
  const document = objectAt(place, 'document', jsonAt(place, text));
  for (const [at, resource] of objectsOf(place, document, 'resourceSpans'))
    for (const [within, scope] of objectsOf(at, resource, 'scopeSpans'))
      for (const [spanPlace, fields] of objectsOf(within, scope, 'spans')) {
        const span = spanOf(spanPlace, fields);
        spans.set(`${span.trace} ${span.id}`, span);
      }
}

function* objectsOf(place: Place, parent: JsonObject, field: string): Generator<[Place, JsonObject]> {
  for (const [index, value] of arrayAt(place, field, parent[field] ?? []).entries()) {
    const step = `${field === 'spans' ? 'span' : field} ${index + 1}`;
    const within = { file: place.file, at: place.at === '' ? step : `${place.at}, ${step}` };
    yield [within, objectAt(within, field, value)];
  }
}

function spanOf(place: Place, fields: JsonObject): GenAiSpan {
  const { parentSpanId, name, status } = fields;
  const startUs = nanosecondsUs(place, 'startTimeUnixNano', fields['startTimeUnixNano']);
  const endUs = nanosecondsUs(place, 'endTimeUnixNano', fields['endTimeUnixNano']);
  checkOrder(place, startUs, endUs);
  const code = status === undefined ? 0 : objectAt(place, 'status', status)['code'];
  return {
    place,
    trace: stringAt(place, 'traceId', fields['traceId']),
    id: stringAt(place, 'spanId', fields['spanId']),
    parent: parentSpanId === undefined ? '' : stringAt(place, 'parentSpanId', parentSpanId),
    name: typeof name === 'string' ? name : '',
    startUs,
    endUs,
    failed: code === 2 || code === 'STATUS_CODE_ERROR',
    attributes: attributesOf(place, fields['attributes'] ?? []),
  };
}

function attributesOf(place: Place, list: unknown): ReadonlyMap<string, unknown> {
  return new Map(
    arrayAt(place, 'attributes', list).map((one) => {
      const attribute = objectAt(place, 'attribute', one);
      const key = stringAt(place, 'key of an attribute', attribute['key']);
      const value = attribute['value'];
      return [key, value === undefined ? undefined : plainOf(objectAt(place, key, value))];
    }),
  );
}

/** Lists and maps are not read. */
function plainOf(value: JsonObject): unknown {
  const { stringValue, intValue, doubleValue, boolValue } = value;
  // 64-bit integers stand there as text.
  if (typeof intValue === 'string' && /^-?\d+$/.test(intValue)) return Number(intValue);
  return stringValue ?? intValue ?? doubleValue ?? boolValue;
}

/** The first of `names` that the span has, as a text; '' when it has none. */
export function textOf({ place, attributes }: GenAiSpan, ...names: readonly string[]): string {
  const name = names.find((one) => attributes.get(one) !== undefined);
  return name === undefined ? '' : stringAt(place, name, attributes.get(name));
}

/** The first of `names` that the span has, as a number of tokens; `otherwise` when it has none: undefined when one must be there. */
export function tokensOf(
  { place, attributes }: GenAiSpan,
  names: readonly [string, ...string[]],
  otherwise?: number,
): number {
  const name = names.find((one) => attributes.get(one) !== undefined);
  if (name !== undefined) return integerAt(place, name, attributes.get(name));
  if (otherwise !== undefined) return otherwise;
  throw fieldError(place, names[0], undefined, 'an integer from 0 up');
}

/** More tokens cached than there are. */
export function checkCached(place: Place, cached: number, all: number): void {
  if (cached > all) throw fileError(place, `${cached} cached tokens of ${all}; allowed: at most all of them`);
}
