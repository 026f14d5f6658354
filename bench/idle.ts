/** Prints the bytes that one idle process takes; a process of its own, so that nothing else is on the heap. `node --expose-gc bench/idle.ts 10000` */
import { idleBytes } from './dispatch.ts';

console.log(idleBytes(Number(process.argv[2])));
