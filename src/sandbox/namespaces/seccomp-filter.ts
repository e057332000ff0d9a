/**
 * The system-call filter of the *namespaces* level, as the classic BPF program that seccomp(2) takes. Most of what it
 * refuses would fail for want of a capability anyway; the filter keeps code away from the kernel's code for it.
 */
import {
  DENIED_CALLS,
  EAFNOSUPPORT,
  ENOSYS,
  EPERM,
  NAMESPACE_FLAGS,
  NETLINK_ROUTE,
  NUMBERS,
  RAW_SOCKET_TYPES,
  SOCKET_FAMILIES,
  SOCKET_TYPE_MASK,
  TIOCSTI,
} from './system-calls.ts';

export type Architecture = 'x64' | 'arm64';

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h. */
const AUDIT_ARCHITECTURES: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Of x86_64 alone: the x32 calls have this bit in their number, and would pass a filter that does not know them. */
const X32_BIT = 0x40000000;

/** Offsets in struct seccomp_data; of 64-bit arguments the low half, which comes first on both architectures. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_ANY_BIT = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;

/** All flags that ask for a namespace. */
const CLONE_NEW_ANY = NAMESPACE_FLAGS.reduce((all, flag) => all | flag);

interface Instruction {
  readonly code: number;
  readonly value: number;
  /** Instructions to skip where the comparison holds, and where it does not. */
  readonly jumpTrue?: number;
  readonly jumpFalse?: number;
}

/** A call that is allowed to who knows a number. It goes into the last argument's register, which the call does not use. */
export interface GuardedUnshare {
  /** The flags, exactly. */
  readonly flags: number;
  /** 64 random bits. */
  readonly secret: bigint;
}

/** The program for this machine, or undefined for an architecture the filter does not know. */
export function seccompFilter(
  architecture: string = process.arch,
  guarded?: GuardedUnshare,
): Buffer | undefined {
  if (architecture !== 'x64' && architecture !== 'arm64') return undefined;
  return encode([
    load(ARCHITECTURE),
    skipIfEqual(AUDIT_ARCHITECTURES[architecture], 1),
    end(KILL_PROCESS),
    load(NUMBER),
    ...(architecture === 'x64' ? [skipUnlessAnyBit(X32_BIT, 1), end(ERRNO | ENOSYS)] : []),
    ...(guarded === undefined ? [] : onCall(NUMBERS[architecture].unshare!, guardRules(guarded))),
    ...DENIED_CALLS.flatMap((name) => {
      const number = NUMBERS[architecture][name];
      return number === undefined ? [] : onCall(number, [end(ERRNO | EPERM)]);
    }),
    // Its flags are in memory, where no filter can look; the C libraries fall back to clone.
    ...onCall(NUMBERS[architecture].clone3, [end(ERRNO | ENOSYS)]),
    ...onCall(NUMBERS[architecture].clone, [
      load(argument(0)),
      skipUnlessAnyBit(CLONE_NEW_ANY, 1),
      end(ERRNO | EPERM),
      end(ALLOW),
    ]),
    ...onCall(NUMBERS[architecture].ioctl, [
      load(argument(1)),
      ...onValue(TIOCSTI, ERRNO | EPERM),
      end(ALLOW),
    ]),
    ...onCall(NUMBERS[architecture].socket, socketRules()),
    ...onCall(NUMBERS[architecture].socketpair, [
      load(argument(0)),
      ...onValue(SOCKET_FAMILIES.unix, ALLOW),
      end(ERRNO | EAFNOSUPPORT),
    ]),
    end(ALLOW),
  ]);
}

function guardRules({ flags, secret }: GuardedUnshare): Instruction[] {
  const only = (offset: number, value: number): Instruction[] => [
    load(offset),
    skipIfEqual(value, 1),
    end(ERRNO | EPERM),
  ];
  return [
    ...only(argument(0), flags),
    ...only(argument(5), Number(secret & 0xffffffffn)),
    ...only(argument(5) + 4, Number(secret >> 32n)),
    end(ALLOW),
  ];
}

function socketRules(): Instruction[] {
  const { unix, inet, inet6, netlink } = SOCKET_FAMILIES;
  const raw = [
    load(argument(1)),
    { code: AND, value: SOCKET_TYPE_MASK },
    ...RAW_SOCKET_TYPES.flatMap((type) => onValue(type, ERRNO | EPERM)),
    end(ALLOW),
  ];
  return [
    load(argument(0)),
    ...onValue(unix, ALLOW),
    ...onCall(inet, raw),
    ...onCall(inet6, raw),
    ...onCall(netlink, [load(argument(2)), ...onValue(NETLINK_ROUTE, ALLOW), end(ERRNO | EPERM)]),
    end(ERRNO | EAFNOSUPPORT),
  ];
}

/** What is to happen where the loaded value is this; it has to end with a return. */
function onCall(value: number, then: readonly Instruction[]): Instruction[] {
  return [{ code: JUMP_EQUAL, value, jumpFalse: then.length }, ...then];
}

function onValue(value: number, answer: number): Instruction[] {
  return onCall(value, [end(answer)]);
}

function load(offset: number): Instruction {
  return { code: LOAD, value: offset };
}

function end(answer: number): Instruction {
  return { code: RETURN, value: answer };
}

function skipIfEqual(value: number, jumpTrue: number): Instruction {
  return { code: JUMP_EQUAL, value, jumpTrue };
}

function skipUnlessAnyBit(bits: number, jumpFalse: number): Instruction {
  return { code: JUMP_ANY_BIT, value: bits, jumpFalse };
}

/** struct sock_filter: code (16 bits), jump if true, jump if false (8 each), value (32); of this machine's byte order. */
function encode(instructions: readonly Instruction[]): Buffer {
  const program = Buffer.alloc(instructions.length * 8);
  instructions.forEach(({ code, value, jumpTrue = 0, jumpFalse = 0 }, place) => {
    program.writeUInt16LE(code, place * 8);
    program.writeUInt8(jumpTrue, place * 8 + 2);
    program.writeUInt8(jumpFalse, place * 8 + 3);
    program.writeUInt32LE(value >>> 0, place * 8 + 4);
  });
  return program;
}
