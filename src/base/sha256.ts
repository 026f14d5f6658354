/**
 * SHA-256, synchronous and pure: for hashes that must not be forged (page contents, the audit chain).
 *
 * Source: NIST FIPS 180-4, "Secure Hash Standard", sections 4.1.2, 5.1.1, 5.3.3 and 6.2.
 * Text is hashed as UTF-8, a lone surrogate as U+FFFD: what TextEncoder makes of it, which not every engine has.
 */
import { assert } from './assert.ts';

/** The hash of a text or of bytes: 64 lower-case hexadecimal digits. */
export function sha256Hex(input: string | Uint8Array): string {
  return shared.reset().update(input).digestHex();
}

/** A hash of input that arrives in parts. A surrogate pair must not be split between two parts. */
export class Sha256 {
  private readonly state = new Int32Array(8);
  private readonly block = new Uint8Array(BLOCK_BYTES); // the bytes that don't fill a block yet
  private filled = 0; // bytes in `block`
  private total = 0; // bytes seen
  private isEnded = false;

  constructor() {
    this.reset();
  }

  /** Forgets all input. */
  reset(): this {
    this.state.set(INITIAL_STATE);
    this.filled = 0;
    this.total = 0;
    this.isEnded = false;
    return this;
  }

  update(input: string | Uint8Array): this {
    assert(!this.isEnded, 'update after digestHex: reset first');
    if (typeof input === 'string') this.updateText(input);
    else this.updateBytes(input);
    return this;
  }

  /** The hash of all parts in order. Ends the input. */
  digestHex(): string {
    assert(!this.isEnded, 'digestHex twice: reset first');
    const { block, state, total } = this;
    this.isEnded = true;
    block[this.filled++] = 0x80;
    if (this.filled > BLOCK_BYTES - LENGTH_BYTES) {
      block.fill(0, this.filled);
      this.compressBlock();
    }
    block.fill(0, this.filled);
    loadWords(block, 0);
    schedule[14] = Math.floor(total / 0x20000000); // the length in bits, 64 bits wide
    schedule[15] = total << 3;
    compress(state);
    let digit = 0;
    for (const word of state)
      for (let shift = 28; shift >= 0; shift -= 4) digits[digit++] = DIGITS.charCodeAt((word >>> shift) & 15);
    // In one go: a text put together piece by piece is kept as its pieces, which take ten times the memory.
    return String.fromCharCode.apply(null, digits);
  }

  private updateBytes(bytes: Uint8Array): void {
    let index = 0;
    while (index < bytes.length) {
      if (this.filled === 0 && index + BLOCK_BYTES <= bytes.length) {
        loadWords(bytes, index);
        compress(this.state);
        this.total += BLOCK_BYTES;
        index += BLOCK_BYTES;
      } else {
        this.pushByte(bytes[index++]!);
      }
    }
  }

  private updateText(text: string): void {
    let index = 0;
    while (index < text.length) {
      // Most text is ASCII: whole blocks of it go from the string into the schedule.
      if (this.filled === 0 && index + BLOCK_BYTES <= text.length && loadAsciiWords(text, index)) {
        compress(this.state);
        this.total += BLOCK_BYTES;
        index += BLOCK_BYTES;
      } else {
        index = this.pushCharacter(text, index);
      }
    }
  }

  /** Encodes the character at `index`; returns where the next one begins. */
  private pushCharacter(text: string, index: number): number {
    let point = text.charCodeAt(index++);
    if (point < 0x80) {
      this.pushByte(point);
      return index;
    }
    if (point >= 0xd800 && point < 0xe000) {
      const next = index < text.length ? text.charCodeAt(index) : 0;
      const isPair = point < 0xdc00 && next >= 0xdc00 && next < 0xe000;
      point = isPair ? 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00) : 0xfffd;
      if (isPair) index++;
    }
    if (point < 0x800) {
      this.pushByte(0xc0 | (point >> 6));
    } else {
      if (point < 0x10000) {
        this.pushByte(0xe0 | (point >> 12));
      } else {
        this.pushByte(0xf0 | (point >> 18));
        this.pushByte(0x80 | ((point >> 12) & 63));
      }
      this.pushByte(0x80 | ((point >> 6) & 63));
    }
    this.pushByte(0x80 | (point & 63));
    return index;
  }

  private pushByte(byte: number): void {
    this.block[this.filled++] = byte;
    this.total++;
    if (this.filled === BLOCK_BYTES) this.compressBlock();
  }

  private compressBlock(): void {
    loadWords(this.block, 0);
    compress(this.state);
    this.filled = 0;
  }
}

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** The first 32 bits of the fractional parts of the square roots of the first 8 primes. */
// prettier-ignore
const INITIAL_STATE = Int32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
);

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
// prettier-ignore
const ROUND_CONSTANTS = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

const DIGITS = '0123456789abcdef';
/** Code units of the hash being written. */
const digits: number[] = Array.from({ length: 64 }, () => 0);

/** The message schedule of the block being compressed. One for all hashes: compressing is never interrupted. */
const schedule = new Int32Array(64);

const shared = new Sha256();

/** Fills the first 16 words of the schedule from 64 bytes, most significant byte first. */
function loadWords(bytes: Uint8Array, offset: number): void {
  for (let word = 0; word < 16; word++) {
    const at = offset + 4 * word;
    schedule[word] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

/** The same from 64 code units; false, with the schedule spoilt, when one of them isn't ASCII. */
function loadAsciiWords(text: string, index: number): boolean {
  for (let word = 0; word < 16; word++) {
    const at = index + 4 * word;
    const first = text.charCodeAt(at);
    const second = text.charCodeAt(at + 1);
    const third = text.charCodeAt(at + 2);
    const fourth = text.charCodeAt(at + 3);
    if ((first | second | third | fourth) >= 0x80) return false;
    schedule[word] = (first << 24) | (second << 16) | (third << 8) | fourth;
  }
  return true;
}

/** FIPS 180-4, section 6.2.2: the schedule's first 16 words are the block. */
function compress(state: Int32Array): void {
  for (let round = 16; round < 64; round++) {
    const near = schedule[round - 2]!;
    const far = schedule[round - 15]!;
    const sigma1 = ((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10);
    const sigma0 = ((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3);
    schedule[round] = (sigma1 + schedule[round - 7]! + sigma0 + schedule[round - 16]!) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let round = 0; round < 64; round++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const chosen = g ^ (e & (f ^ g));
    const first = (h + sum1 + chosen + ROUND_CONSTANTS[round]! + schedule[round]!) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) | (c & (a | b));
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sum0 + majority) | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
  state[5] = state[5]! + f;
  state[6] = state[6]! + g;
  state[7] = state[7]! + h;
}
