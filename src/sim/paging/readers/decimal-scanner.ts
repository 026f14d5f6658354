/** Decimal numbers in bytes, without strings and objects: what the readers of text spend their time on. */

const ZERO = 48;
const POINT = 46;
const TWO_32 = 0x100000000;
/** Digits that a number holds exactly. */
const SAFE_DIGITS = 15;
const MOST_TENTHS = 900_719_925_474_099; // a tenth of 2^53, so that one more digit fits

/** A method returns the place behind the number, or -1 when there is none; the number is in the fields. */
export class DecimalScanner {
  /** Of the last `uint64`: its halves, as unsigned 32-bit integers. */
  low = 0;
  high = 0;
  /** Of the last `uint32`, or the last `decimal` in the unit asked for. */
  value = 0;

  /** An integer from 0 to 2^64 - 1. */
  uint64(bytes: Uint8Array, start: number): number {
    let at = start;
    let value = 0;
    const safeEnd = Math.min(bytes.length, start + SAFE_DIGITS);
    for (; at < safeEnd; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === start) return -1;
    this.low = value >>> 0;
    this.high = value < TWO_32 ? 0 : Math.floor(value / TWO_32);
    return at === safeEnd && at < bytes.length ? this.moreDigits(bytes, at) : at;
  }

  uint32(bytes: Uint8Array, start: number): number {
    const at = this.uint64(bytes, start);
    this.value = this.low;
    return at !== -1 && this.high === 0 ? at : -1;
  }

  /** A number from 0 up, such as `17` or `0.25`, times `factor`, a power of ten, rounded to an integer below 2^53. Decimals behind the 16th digit are cut off. */
  decimal(bytes: Uint8Array, start: number, factor: number): number {
    let at = start;
    let mantissa = 0;
    let divisor = 1;
    let digits = 0;
    let isFraction = false;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === POINT && !isFraction && digits > 0) {
        isFraction = true;
        continue;
      }
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) break;
      digits++;
      if (mantissa > MOST_TENTHS) {
        if (!isFraction) return -1;
        continue;
      }
      mantissa = mantissa * 10 + digit;
      if (isFraction) divisor *= 10;
    }
    // A quotient of powers of ten is whole, and exact.
    this.value = Math.round(
      divisor <= factor ? mantissa * (factor / divisor) : mantissa / (divisor / factor),
    );
    return digits > 0 && bytes[at - 1] !== POINT && this.value <= Number.MAX_SAFE_INTEGER ? at : -1;
  }

  /** The digits behind the fifteenth: the halves apart, with a carry. */
  private moreDigits(bytes: Uint8Array, start: number): number {
    let at = start;
    let { low, high } = this;
    for (; at < bytes.length; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      low = low * 10 + digit;
      high = high * 10 + Math.floor(low / TWO_32);
      low %= TWO_32;
      if (high >= TWO_32) return -1;
    }
    this.low = low;
    this.high = high;
    return at;
  }
}
