/** Small integers with a name on their type, so that a pid is never passed where a page is meant. */
declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Process id: from 1, never reused within one kernel. */
export type Pid = Branded<'Pid'>;
/** Core number, from 0 over all engines of a kernel. */
export type CoreId = Branded<'CoreId'>;
/** A piece of context. In context memory one id may stand for an extent: pages that are touched together. */
export type PageId = Branded<'PageId'>;
/** A page as its process knows it: from 1, in the order of allocation; not used anew, and the same after a restore. */
export type PageNumber = Branded<'PageNumber'>;
/** Names a timer between kernel and world; setting an id again moves it. */
export type TimerId = Branded<'TimerId'>;
/** Names an outstanding tool call, question or storage operation between kernel and world. */
export type RequestId = Branded<'RequestId'>;

/** What JSON can say. States, arguments, results and messages are of this type. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
