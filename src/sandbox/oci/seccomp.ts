/**
 * The system-call filter in the form of the OCI runtime specification ("Linux container configuration", seccomp): the
 * same calls as at *namespaces*, which the OCI runtime compiles by their names.
 */
import { DENIED_CALLS } from '../namespaces/system-calls.ts';

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET of linux/sched.h. */
const NAMESPACE_FLAGS = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];

/** AF_PACKET and AF_VSOCK of linux/socket.h; AF_ALG. */
const REFUSED_FAMILIES = [17, 40, 38];

/** AF_INET and AF_INET6. */
const INTERNET_FAMILIES = [2, 10];
const SOCKET_TYPE_MASK = 0xf;
const SOCK_RAW = 3;

/** Pushes characters into a terminal's input. */
const TIOCSTI = 0x5412;

interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ERRNO';
  readonly errnoRet: number;
  /** All of them have to hold. */
  readonly args?: readonly SeccompArgument[];
}

export interface Seccomp {
  readonly defaultAction: 'SCMP_ACT_ALLOW';
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** Undefined for an architecture that has no rules here. */
export function seccomp(architecture: string = process.arch): Seccomp | undefined {
  const name = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' }[architecture];
  if (name === undefined) return undefined;
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: [name],
    syscalls: [
      refuse(DENIED_CALLS, EPERM),
      // Its flags are in memory, where no filter can look; the C libraries fall back to clone.
      refuse(['clone3'], ENOSYS),
      ...NAMESPACE_FLAGS.map((flag) =>
        refuse(['clone'], EPERM, { index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }),
      ),
      refuse(['ioctl'], EPERM, { index: 1, value: TIOCSTI, op: 'SCMP_CMP_EQ' }),
      ...REFUSED_FAMILIES.map((family) => refuse(['socket'], EAFNOSUPPORT, equals(0, family))),
      ...INTERNET_FAMILIES.map((family) =>
        refuse(['socket'], EPERM, equals(0, family), {
          index: 1,
          value: SOCKET_TYPE_MASK,
          valueTwo: SOCK_RAW,
          op: 'SCMP_CMP_MASKED_EQ',
        }),
      ),
    ],
  };
}

function refuse(
  names: readonly string[],
  errnoRet: number,
  ...args: readonly SeccompArgument[]
): SeccompRule {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet, ...(args.length > 0 ? { args } : {}) };
}

function equals(index: number, value: number): SeccompArgument {
  return { index, value, op: 'SCMP_CMP_EQ' };
}
