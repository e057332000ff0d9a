/**
 * The system-call filter in the form of the OCI runtime specification ("Linux container configuration", seccomp): the
 * same calls as at *namespaces*, which the OCI runtime compiles by their names.
 */
import {
  DENIED_CALLS,
  EAFNOSUPPORT,
  ENOSYS,
  EPERM,
  NAMESPACE_FLAGS,
  NETLINK_ROUTE,
  RAW_SOCKET_TYPES,
  SOCKET_FAMILIES,
  SOCKET_TYPE_MASK,
  TIOCSTI,
} from '../namespaces/system-calls.ts';

/** The kernel takes no more of a request's number and of a socket's family; libseccomp compares all 64 bits. */
const LOW_HALF = 0xffffffff;

const FAMILIES: readonly number[] = Object.values(SOCKET_FAMILIES);
const HIGHEST_FAMILY = Math.max(...FAMILIES);

interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';
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

/**
 * Undefined for an architecture that has no rules here. Without `saysErrors` every refusal is EPERM, for which the C
 * libraries do not fall back from clone3; so that call stays.
 */
export function seccomp(architecture: string, saysErrors: boolean): Seccomp | undefined {
  const name = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' }[architecture];
  if (name === undefined) return undefined;
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: [name],
    syscalls: [
      refuse(DENIED_CALLS, EPERM),
      // Its flags are in memory, where no filter can look; the C libraries fall back to clone.
      ...(saysErrors ? [refuse(['clone3'], ENOSYS)] : []),
      ...NAMESPACE_FLAGS.map((flag) => refuse(['clone'], EPERM, masked(0, flag, flag))),
      refuse(['ioctl'], EPERM, masked(1, LOW_HALF, TIOCSTI)),
      ...socketRules(),
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

/** A rule can name what it refuses only, so that all but four families are named. */
function socketRules(): SeccompRule[] {
  const { unix, inet, inet6, netlink } = SOCKET_FAMILIES;
  const below = Array.from({ length: HIGHEST_FAMILY }, (_, family) => family);
  return [
    ...below
      .filter((family) => !FAMILIES.includes(family))
      .map((family) => refuse(['socket'], EAFNOSUPPORT, equals(0, family))),
    // Also what has any of the bits that the kernel does not look at.
    refuse(['socket'], EAFNOSUPPORT, { index: 0, value: HIGHEST_FAMILY, op: 'SCMP_CMP_GT' }),
    ...[inet, inet6].flatMap((family) =>
      RAW_SOCKET_TYPES.map((type) =>
        refuse(['socket'], EPERM, equals(0, family), masked(1, SOCKET_TYPE_MASK, type)),
      ),
    ),
    refuse(['socket'], EPERM, equals(0, netlink), { index: 2, value: NETLINK_ROUTE, op: 'SCMP_CMP_NE' }),
    refuse(['socketpair'], EAFNOSUPPORT, { index: 0, value: unix, op: 'SCMP_CMP_NE' }),
  ];
}

function equals(index: number, value: number): SeccompArgument {
  return { index, value, op: 'SCMP_CMP_EQ' };
}

/** The bits of `mask` are those of `value`. */
function masked(index: number, mask: number, value: number): SeccompArgument {
  return { index, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}
