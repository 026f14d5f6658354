/**
 * Three agents on one core, in virtual time: one preemption, an eviction and the fault that brings the page back, a budget wait, a crash and the
 * checkpoint restored after it, the audit trail of the first agent verified, and the final status. The programs and the kernel's options are in
 * src/sim/demo.ts; what this prints is the same every time and stands in kernel.txt beside this file.
 */
import { runDemo } from '../src/sim/demo.ts';

runDemo({ print: (line) => console.log(line) });
