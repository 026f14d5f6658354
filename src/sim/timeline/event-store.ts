/**
 * Events in few bytes: what a run of a million of them takes as objects is more than a browser likes to hold. The names and kinds of an event's fields make its shape, which is kept once;
 * of the event itself stand only its shape and its values: integers of variable length (7 bits a byte), sequence numbers and times as the difference to the event before, texts by
 * their number in a table. Decoding gives back the same fields in the same order, so that the log of the decoded events is the same to the byte.
 *
 * Cost: some 15 bytes an event; any event is found by decoding its block from the start.
 */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';

type Kind = 'difference' | 'integer' | 'number' | 'text' | 'json' | 'true' | 'false' | 'null';

/** Shapes as a tree: a step for each field, by its name and kind. */
interface Shape {
  /** Its number among the shapes that events have; -1: no event ends here. */
  id: number;
  readonly fields: readonly Field[];
  readonly next: Map<string, Partial<Record<Kind, Shape>>>;
}
interface Field {
  readonly name: string;
  readonly kind: Kind;
}

type Fields = Readonly<Record<string, unknown>>;

export class EventStore {
  private readonly blockEvents: number;
  /** Number of events. */
  count = 0;
  private readonly root: Shape = { id: -1, fields: [], next: new Map() };
  private readonly shapes: Shape[] = [];
  private readonly texts: string[] = [];
  private readonly numberOfText = new Map<string, number>();
  /** Values of kind `json`, by the number of their text. */
  private readonly parsed: unknown[] = [];
  private readonly full: Block[] = [];
  private open = new Writer();
  private openFirstUs = 0;
  /** Values of the fields of kind `difference` in the event before. */
  private before: Record<string, number> = {};
  private decoded: { readonly block: number; readonly events: readonly KernelEvent[] } | undefined =
    undefined;

  /** `blockEvents`: how many are decoded together. */
  constructor(blockEvents: number) {
    this.blockEvents = blockEvents;
  }

  add(event: KernelEvent): void {
    if (this.count > 0 && this.count % this.blockEvents === 0) this.close();
    if (this.open.length === 0) this.openFirstUs = event.atUs;
    const values = event as unknown as Fields;
    let shape = this.root;
    for (const name in values) shape = stepOf(shape, name, kindOf(name, values[name]));
    if (shape.id === -1) shape.id = this.shapes.push(shape) - 1;
    this.open.unsigned(shape.id);
    for (const { name, kind } of shape.fields) this.write(name, kind, values[name]);
    this.count++;
  }

  /** The events of block `block`, fewer in the last one. The list of the last block that was asked for is kept. */
  block(block: number): readonly KernelEvent[] {
    const { blockEvents } = this;
    const first = block * blockEvents;
    assert(block >= 0 && first < this.count, () => `block ${block} of ${this.count} events`);
    const length = Math.min(blockEvents, this.count - first);
    if (this.decoded?.block === block && this.decoded.events.length === length) return this.decoded.events;
    const events = this.decode(this.full[block]?.bytes ?? this.open.bytes, length);
    this.decoded = { block, events };
    return events;
  }

  /** The event at `index`, from 0. */
  at(index: number): KernelEvent {
    return this.block(Math.floor(index / this.blockEvents))[index % this.blockEvents]!;
  }

  /** How many events happened before or at `atUs`. Times must not go back. */
  countUntil(atUs: number): number {
    if (this.count === 0) return 0;
    let low = 0;
    let high = this.full.length;
    // The last block that begins before or at `atUs`.
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.firstUs(middle) <= atUs) low = middle;
      else high = middle - 1;
    }
    const events = this.block(low);
    let from = 0;
    let to = events.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (events[middle]!.atUs <= atUs) from = middle + 1;
      else to = middle;
    }
    return low * this.blockEvents + from;
  }

  /** What the events take, without texts and shapes. */
  get bytes(): number {
    return this.full.reduce((sum, { bytes }) => sum + bytes.length, this.open.length);
  }

  private firstUs(block: number): number {
    return this.full[block]?.firstUs ?? this.openFirstUs;
  }

  private close(): void {
    this.full.push({ bytes: this.open.bytes, firstUs: this.openFirstUs });
    this.open = new Writer();
    this.before = {};
  }

  private write(name: string, kind: Kind, value: unknown): void {
    switch (kind) {
      case 'difference':
        this.open.signed((value as number) - (this.before[name] ?? 0));
        this.before[name] = value as number;
        return;
      case 'integer':
        return this.open.signed(value as number);
      case 'number':
        return this.open.unsigned(this.textNumber(spelled(value as number)));
      case 'text':
        return this.open.unsigned(this.textNumber(value as string));
      case 'json':
        return this.open.unsigned(this.textNumber(JSON.stringify(value)));
      case 'true':
      case 'false':
      case 'null':
        return;
    }
  }

  private textNumber(text: string): number {
    let number = this.numberOfText.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.numberOfText.set(text, number);
    }
    return number;
  }

  private decode(bytes: Uint8Array, length: number): KernelEvent[] {
    const reader = new Reader(bytes);
    const before: Record<string, number> = {};
    return Array.from({ length }, () => {
      const event: Record<string, unknown> = {};
      for (const { name, kind } of this.shapes[reader.unsigned()]!.fields)
        event[name] =
          kind === 'difference'
            ? (before[name] = (before[name] ?? 0) + reader.signed())
            : this.read(kind, reader);
      return event as unknown as KernelEvent;
    });
  }

  private read(kind: Exclude<Kind, 'difference'>, reader: Reader): unknown {
    switch (kind) {
      case 'integer':
        return reader.signed();
      case 'number':
        return Number(this.texts[reader.unsigned()]);
      case 'text':
        return this.texts[reader.unsigned()];
      case 'json': {
        const number = reader.unsigned();
        return (this.parsed[number] ??= JSON.parse(this.texts[number]!) as unknown);
      }
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
    }
  }
}

interface Block {
  readonly bytes: Uint8Array;
  readonly firstUs: number;
}

/** They rise a little from event to event. */
const rising = new Set(['seq', 'atUs']);
/** An integer above has no room for its sign. */
const largest = 2 ** 51;

function kindOf(name: string, value: unknown): Kind {
  switch (typeof value) {
    case 'number':
      if (!Number.isInteger(value) || Math.abs(value) > largest || Object.is(value, -0)) return 'number';
      return rising.has(name) ? 'difference' : 'integer';
    case 'string':
      return 'text';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value === null ? 'null' : 'json';
  }
}

function stepOf(shape: Shape, name: string, kind: Kind): Shape {
  let kinds = shape.next.get(name);
  if (kinds === undefined) shape.next.set(name, (kinds = {}));
  return (kinds[kind] ??= { id: -1, fields: [...shape.fields, { name, kind }], next: new Map() });
}

const spelled = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

class Writer {
  length = 0;
  private buffer = new Uint8Array(1_024);

  /** A copy of what was written. */
  get bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  unsigned(value: number): void {
    if (this.length + 8 > this.buffer.length) this.grow();
    let rest = value;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) this.buffer[this.length++] = (rest % 128) + 128;
    for (; rest > 127; rest >>>= 7) this.buffer[this.length++] = (rest & 127) | 128;
    this.buffer[this.length++] = rest;
  }

  signed(value: number): void {
    this.unsigned(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  private grow(): void {
    const larger = new Uint8Array(this.buffer.length * 2);
    larger.set(this.buffer);
    this.buffer = larger;
  }
}

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  unsigned(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.bytes[this.at++]!;
      if (byte < 128) return value + byte * factor;
      value += (byte - 128) * factor;
      factor *= 128;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
