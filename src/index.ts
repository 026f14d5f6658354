/** What `import … from 'ringzero'` gives. */
export { KernelError } from './kernel/errors.ts';
export type { KernelErrorCode } from './kernel/errors.ts';
